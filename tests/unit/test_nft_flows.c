/* SPDX-License-Identifier: MIT */
/* test_nft_flows.c - which rules of NAT a change concerns. */
#include "kind/nft_flows.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order), cmocka_unit_test(test_filter) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
