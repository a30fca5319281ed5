/* SPDX-License-Identifier: MIT */
/* test_conntrack.c - when connections are gone through: a dump covers those of all namespaces, whatever its own has.
 * send(2) and recv(2) end at a kernel that has as many as a test says. */
#include "kernel/conntrack.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

static int count;   /* below 0: it does not tell, and why */
static int refused; /* the dump, and why; 0: it is not */
static bool plain;  /* only a dump with a filter is refused */
static size_t dumps;
static struct nl_msg *answers[2];
static size_t n_answers;

static void answer(const struct nlmsghdr *h, uint16_t type, const void *bytes, size_t size)
{
	struct nl_msg *m = must(nlmsg_alloc_size(256));

	must(nlmsg_put(m, 0, h->nlmsg_seq, type, 0, 0));
	assert_int_equal(nlmsg_append(m, (void *)(uintptr_t)bytes, size, NLMSG_ALIGNTO), 0);
	answers[n_answers++] = m;
}

static bool is_filtered(const struct nlmsghdr *h)
{
	return nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), CTA_STATUS) &&
	       nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), CTA_FILTER);
}

ssize_t send(_unused_ int fd, const void *bytes, size_t size, _unused_ int flags)
{
	const struct nlmsghdr *h = bytes;
	struct nlmsgerr done = { .error = count < 0 ? count : 0, .msg = *h };
	struct {
		struct nfgenmsg g;
		struct nlattr a;
		uint32_t value;
	} stats = { .a = { 8, CTA_STATS_GLOBAL_ENTRIES }, .value = htonl((uint32_t)count) };

	n_answers = 0;
	if ((h->nlmsg_type & 0xff) == IPCTNL_MSG_CT_GET_STATS) {
		if (count >= 0)
			answer(h, h->nlmsg_type, &stats, sizeof(stats));
		answer(h, NLMSG_ERROR, &done, sizeof(done));
	} else {
		assert_int_equal(h->nlmsg_type & 0xff, IPCTNL_MSG_CT_GET);
		dumps++;
		done.error = plain && !is_filtered(h) ? 0 : refused;
		if (done.error)
			answer(h, NLMSG_ERROR, &done, sizeof(done));
		else
			answer(h, NLMSG_DONE, &done.error, sizeof(done.error));
	}
	return (ssize_t)size;
}

ssize_t recv(_unused_ int fd, void *to, _unused_ size_t size, _unused_ int flags)
{
	size_t n;

	assert_true(n_answers > 0);
	n = nlmsg_hdr(answers[0])->nlmsg_len;
	memcpy(to, nlmsg_hdr(answers[0]), n);
	nlmsg_free(answers[0]);
	answers[0] = answers[1];
	n_answers--;
	return (ssize_t)n;
}

static bool any(_unused_ const struct flow *f, _unused_ void *arg)
{
	return true;
}

static int walk(struct rtnl *nl, struct err *e)
{
	const struct flow_filter only = { .family = AF_INET, .status = 1, .from = { .family = AF_INET, .len = 32 } };
	struct conntrack_walk *w;
	int r = conntrack_walk_begin(&w, nl, &only, any, NULL, e);

	if (r < 0 || !w)
		return r;
	do
		r = conntrack_walk_step(w, e);
	while (r == 1);
	conntrack_walk_end(w);
	return r;
}

static void test_dumps(_unused_ void **state)
{
	/* Without ctnetlink the kernel refuses whatever it is asked; else a refusal is an error. */
	static const struct {
		int count, refused, r;
		size_t dumps;
		bool plain;
	} cases[] = {
		{ 0, 0, 0, 0, false },
		{ 1, 0, 0, 1, false },
		{ 1 << 20, 0, 0, 1, false },
		{ -EPERM, 0, 0, 1, false },
		{ -EOPNOTSUPP, 0, 0, 1, false },
		{ -EOPNOTSUPP, -EOPNOTSUPP, 0, 1, false },
		{ -EINVAL, -EINVAL, 0, 1, false },
		{ -EINVAL, -EPERM, -EPERM, 1, false },
		/* It is asked again without a filter. */
		{ 1, -EINVAL, -EINVAL, 2, false },
		{ 1, -EOPNOTSUPP, -EOPNOTSUPP, 2, false },
		{ -EPERM, -EINVAL, -EINVAL, 2, false },
		{ 1, -EINVAL, 0, 2, true },
		{ 1, -EOPNOTSUPP, 0, 2, true },
		{ 1, -EPERM, -EPERM, 1, true },
	};
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct err e;

	assert_int_equal(rtnl_open(&nl, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		count = cases[i].count;
		refused = cases[i].refused;
		plain = cases[i].plain;
		dumps = 0;
		assert_int_equal(walk(nl, &e), cases[i].r);
		assert_int_equal(dumps, cases[i].dumps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_dumps) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
