/* SPDX-License-Identifier: MIT */
/* test_nft_refused.c - whatever message of a transaction the kernel refuses, the error is about its place in the file. */
#include "format/load.h"
#include "nft_table_seen.h"
#include "kernel/nft_table.h"
#include "kind/nft.h"
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char text[] =
	"{\"namespaces\": {\"r\": {\"nat\": {\"masquerade\": [{\"out\": \"a*\"}, {\"from\": [\"10.1.0.0/24\", \"10.3.0.0/24\"], \"out\": \"b*\"}],"
	" \"dnat\": [{\"proto\": \"tcp\", \"port\": 80, \"to\": \"10.0.0.2\"}]},"
	" \"filter\": {\"input\": \"drop\", \"rules\": [{\"chain\": \"input\", \"proto\": \"tcp\", \"action\": \"accept\"},"
	" {\"chain\": \"forward\", \"in\": [\"a*\", \"e*\", \"c*\"], \"action\": \"drop\"}]}}}}";

/* The message of that type with that number, from 1, is refused. */
static struct {
	uint16_t type;
	size_t nth;
} refuse;

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the names that --wrap of ld(1) makes
int __wrap_rtnl_transact(struct rtnl *nl, void *bytes, size_t size, size_t *ret_at, struct err *e);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

int __wrap_rtnl_transact(_unused_ struct rtnl *nl, void *bytes, size_t size, size_t *ret_at, struct err *e)
{
	int left = (int)size;
	size_t nth = 0;

	*ret_at = 0;
	for (struct nlmsghdr *h = bytes; nlmsg_ok(h, left); h = nlmsg_next(h, &left), ++*ret_at)
		if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | refuse.type) && ++nth == refuse.nth)
			return err_kernel(e, EOPNOTSUPP, NULL, "the kernel refused");
	return 0;
}

/* The place of the error when the message @nth of @type is refused; NULL: there is none. */
static const char *place_of(uint16_t type, size_t nth, char ret[128])
{
	struct declaration d = { 0 };
	struct problems p = { 0 };
	struct nft_image image;
	const struct object *o;
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct arena a = { 0 };
	struct err e;
	bool ours;
	int r;

	assert_int_equal(rtnl_open(&nl, &e), 0);
	if (load_text(text, strlen(text), &all_kinds, &d, &p) < 0)
		fail_msg("%s: %s", p.v[0].where.pointer, p.v[0].message);
	o = model_find_ref(&d.model, "nft", "r");
	assert_non_null(o);
	nft_build((const struct nft *)o, &image, &a);
	refuse.type = type;
	refuse.nth = nth;
	r = nft_table_commit(nl, &image, "lab", &ours, &e);
	if (r < 0) {
		problem_add_err(&p, &e, &o->where, "nft r");
		assert_string_equal(p.v[0].kernel, "Operation not supported");
		snprintf(ret, 128, "%s", p.v[0].where.pointer);
	}
	problems_done(&p);
	arena_done(&a);
	declaration_done(&d);
	return r < 0 ? ret : NULL;
}

static void check(uint16_t type, const char *const *places)
{
	char buf[128];
	size_t n = 0;

	for (; places[n]; n++) {
		const char *place = place_of(type, n + 1, buf);

		if (!place || strcmp(place, places[n]) != 0)
			fail_msg("message %zu: %s, not %s", n + 1, place ? place : "none", places[n]);
	}
	assert_null(place_of(type, n + 1, buf));
}

/* The jumps of the base chains come first. */
static void test_rules(_unused_ void **state)
{
	static const char *const places[] = {
		"/namespaces/r",
		"/namespaces/r",
		"/namespaces/r",
		"/namespaces/r",
		"/namespaces/r",
		"/namespaces/r",
		"/namespaces/r/nat/dnat/0",
		"/namespaces/r/nat/dnat/0",
		"/namespaces/r/nat/masquerade/0",
		"/namespaces/r/nat/masquerade/1",
		"/namespaces/r/filter/input",
		"/namespaces/r/filter/input",
		"/namespaces/r/filter/input",
		"/namespaces/r/filter/input",
		"/namespaces/r/filter/rules/0",
		"/namespaces/r/filter",
		"/namespaces/r/filter/rules/1",
		"/namespaces/r/filter/input",
		NULL,
	};

	check(NFT_MSG_NEWRULE, places);
}

static void test_sets(_unused_ void **state)
{
	static const char *const places[] = {
		"/namespaces/r/nat/masquerade/1",
		"/namespaces/r/filter/input",
		"/namespaces/r/filter/input",
		"/namespaces/r/filter/rules/1",
		NULL,
	};

	check(NFT_MSG_NEWSET, places);
	check(NFT_MSG_NEWSETELEM, places);
}

static void test_others(_unused_ void **state)
{
	static const char *const table[] = { "/namespaces/r", NULL };

	check(NFT_MSG_NEWTABLE, table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
