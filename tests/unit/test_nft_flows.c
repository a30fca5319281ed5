/* SPDX-License-Identifier: MIT */
/* test_nft_flows.c - which rules of NAT a change concerns, and which connections the kernel is asked for. */
#include "kind/nft_flows.h"
#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* Masquerades of one address each, by the last digit of it. */
static const char *masquerades(struct arena *a, const char *digits)
{
	const char *text = "{\"masquerade\":[";

	for (const char *d = digits; *d; d++)
		text = arena_fmt(a, "%s%s{\"from\":\"10.0.0.%c\",\"out\":\"eth0\"}", text, d == digits ? "" : ",", *d);
	return arena_fmt(a, "%s]}", text);
}

static void change(struct arena *a, const struct nft *before, const struct nft *after, struct nft_change *ret)
{
	struct nft_rules x, y;

	nft_rules_of(before, &x, a);
	nft_rules_of(after, &y, a);
	nft_change_of(&x, &y, ret, a);
}

static void test_order(_unused_ void **state)
{
	static const struct {
		const char *before, *after, *differ;
		size_t came;
	} cases[] = {
		{ "", "", "", 0 },
		{ "123", "123", "", 0 },
		{ "", "12", "12", 2 },
		{ "12", "", "12", 0 },
		{ "123", "13", "2", 0 },
		{ "13", "123", "2", 1 },
		{ "123", "143", "42", 1 },
		{ "11", "1", "1", 0 },
		{ "1", "11", "1", 1 },
		{ "12345", "1245", "3", 0 },
		{ "12345", "13456", "26", 1 },
		/* An order is a difference, too. */
		{ "12", "21", "11", 1 },
	};
	struct arena a = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nft before = { .nat = masquerades(&a, cases[i].before) },
			   after = { .nat = masquerades(&a, cases[i].after) };
		char differ[16] = "";
		struct nft_change c;

		change(&a, &before, &after, &c);
		for (size_t k = 0; k < c.n; k++)
			differ[k] = (char)('0' + c.v[k]->terms[1].list.v[0].from[3]);
		print_message("# %s to %s: %s\n", cases[i].before, cases[i].after, differ);
		assert_int_equal(strlen(differ), strlen(cases[i].differ));
		for (const char *d = cases[i].differ; *d; d++)
			assert_non_null(strchr(differ, *d));
		assert_int_equal(c.n_came, cases[i].came);
	}
	arena_done(&a);
}

/* Rules of a filter do not translate. */
static void test_filter(_unused_ void **state)
{
	struct arena a = { 0 };
	struct nft before = { .nat = masquerades(&a, "12") }, after = {
		.nat = before.nat,
		.filter = "{\"forward\":\"drop\",\"rules\":[{\"chain\":\"forward\",\"action\":\"accept\"}]}"
	};
	struct nft_change c;

	change(&a, &before, &after, &c);
	assert_int_equal(c.n, 0);
	arena_done(&a);
}

#define ONE "{\"from\":\"10.0.0.2\",\"out\":\"eth0\"}"
#define TWO "{\"from\":\"10.0.0.3\",\"out\":\"eth0\"}"
#define SIX "{\"from\":\"fd00::2\",\"out\":\"eth0\"}"
#define NET "{\"from\":\"10.0.0.0/24\",\"out\":\"eth0\"}"
#define TO(more) "{\"proto\":\"udp\",\"port\":53,\"to\":\"10.0.0.2:80\"" more "}"
#define SOURCES(...) "{\"masquerade\":[" __VA_ARGS__ "]}"
#define TARGETS(...) "{\"dnat\":[" __VA_ARGS__ "]}"

/* As text, what is asked for. */
static const char *filter(struct arena *a, const char *x, const char *y)
{
	struct nft before = { .nat = x }, after = { .nat = y };
	char from[INET6_ADDRSTRLEN] = "any", to[INET6_ADDRSTRLEN] = "any";
	struct flow_filter f;
	struct nft_change c;

	change(a, &before, &after, &c);
	nft_change_filter(&c, &f);
	if (f.from.family)
		inet_ntop(f.from.family, f.from.addr, from, sizeof(from));
	if (f.to.family)
		inet_ntop(f.to.family, f.to.addr, to, sizeof(to));
	return arena_fmt(a, "%s%s%s %s>%s %u:%u",
			 f.family == AF_INET    ? "4"
			 : f.family == AF_INET6 ? "6"
						: "any",
			 f.status & IPS_SRC_NAT ? " snat" : "", f.status & IPS_DST_NAT ? " dnat" : "", from, to,
			 f.proto, ntohs(f.dport));
}

static void test_kernel_filter(_unused_ void **state)
{
	static const struct {
		const char *before, *after, *expected;
	} cases[] = {
		{ SOURCES(ONE), NULL, "4 snat 10.0.0.2>any 0:0" },
		{ SOURCES(ONE "," TWO), NULL, "4 snat any>any 0:0" },
		{ SOURCES(ONE "," TWO), SOURCES(TWO), "4 snat 10.0.0.2>any 0:0" },
		{ SOURCES(SIX), NULL, "6 snat fd00::2>any 0:0" },
		{ SOURCES(ONE "," SIX), NULL, "any snat any>any 0:0" },
		{ SOURCES(NET), NULL, "4 snat any>any 0:0" },
		/* What is not translated yet may be concerned by what comes. */
		{ NULL, SOURCES(ONE), "4 10.0.0.2>any 0:0" },
		{ SOURCES(ONE), SOURCES(TWO), "4 any>any 0:0" },
		{ TARGETS(TO()), NULL, "4 dnat any>any 17:53" },
		{ NULL, TARGETS(TO()), "4 any>any 17:53" },
		{ NULL, TARGETS(TO(",\"at\":\"192.0.2.1\"")), "4 any>192.0.2.1 17:53" },
		{ NULL, TARGETS(TO(",\"from\":\"192.0.2.9\"")), "4 192.0.2.9>any 17:53" },
		/* The answers of a target in the same network are translated, too. */
		{ TARGETS(TO(",\"hairpin\":\"10.0.0.0/24\"")), NULL, "4 dnat any>any 0:0" },
		{ NULL, TARGETS(TO(",\"hairpin\":\"10.0.0.0/24\"")), "4 any>any 0:0" },
	};
	struct arena a = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(filter(&a, cases[i].before, cases[i].after), cases[i].expected);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_kernel_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
