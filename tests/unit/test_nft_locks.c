/* SPDX-License-Identifier: MIT */
/* test_nft_locks.c - which changes of a filter are asked about, and at which place of the file. */
#include "kind/nft.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define RULES(...) "{\"rules\": [" __VA_ARGS__ "]}"
#define CLOSED(...) "{\"input\": \"drop\", \"rules\": [" __VA_ARGS__ "]}"
#define RULE(chain, rest, action) "{\"chain\": \"" chain "\"" rest ", \"action\": \"" action "\"}"
#define IN(rest, action) RULE("input", rest, action)
#define SSH ", \"proto\": \"tcp\", \"port\": 22"
#define WEB ", \"proto\": \"tcp\", \"port\": [80, 443]"
#define SAID ", \"log\": \"x \", \"comment\": \"y\""
#define LOG(rest) "{\"chain\": \"input\"" rest ", \"log\": \"x \"}"

static const struct {
	const char *old, *new, *place; /* NULL: is not asked */
} cases[] = {
	/* policies */
	{ NULL, "{\"input\": \"accept\"}", NULL },
	{ NULL, "{\"input\": \"drop\"}", "filter/input" },
	{ "{\"input\": \"drop\"}", "{\"input\": \"reject\"}", NULL },
	{ "{\"input\": \"drop\"}", "{\"input\": \"drop\", \"forward\": \"reject\"}", "filter/forward" },
	{ "{\"input\": \"drop\"}", NULL, NULL },
	/* a drop or reject that is new */
	{ NULL, RULES(IN("", "drop")), "filter/rules/0" },
	{ NULL, RULES(IN(SSH, "reject")), "filter/rules/0" },
	{ NULL, RULES(RULE("output", "", "drop")), "filter/rules/0" },
	{ NULL, RULES(RULE("forward", "", "drop")), "filter/rules/0" },
	{ RULES(IN(WEB, "drop")), RULES(IN(WEB, "drop") "," IN("", "drop")), "filter/rules/1" },
	{ RULES(IN(WEB, "drop")), RULES(IN(WEB, "reject")), NULL },
	{ RULES(IN(WEB, "drop")), RULES(IN(WEB SAID, "drop")), NULL },
	{ RULES(IN(WEB, "drop")), RULES(RULE("output", WEB, "drop")), "filter/rules/0" },
	{ RULES(IN(WEB, "accept")), RULES(IN(WEB, "drop")), "filter/rules/0" },
	{ RULES(LOG(WEB)), RULES(IN(WEB, "drop")), "filter/rules/0" },
	{ RULES(IN(WEB, "drop")), RULES(), NULL },
	{ CLOSED(IN(SSH, "accept")), CLOSED(IN("", "drop") "," IN(SSH, "accept")), "filter/rules/0" },
	/* with nothing below it that opens, it is as the policy */
	{ CLOSED(IN(SSH, "accept")), CLOSED(IN(SSH, "accept") "," IN("" SAID, "drop")), NULL },
	{ CLOSED(IN(SSH, "accept")), CLOSED(IN(SSH, "accept") "," IN(WEB, "drop") "," LOG("")), NULL },
	/* an accept that is lost */
	{ CLOSED(IN(SSH, "accept")), CLOSED(), "filter/input" },
	{ CLOSED(IN(SSH, "accept")), CLOSED(LOG(SSH)), "filter/input" },
	{ CLOSED(IN(SSH, "accept")), CLOSED(IN(WEB, "accept")), "filter/input" },
	{ CLOSED(IN(SSH, "accept")), CLOSED(IN(SSH SAID, "accept") "," IN(WEB, "accept")), NULL },
	{ CLOSED(IN(SSH, "accept") "," IN(SSH, "accept")), CLOSED(IN(SSH, "accept")), NULL },
	{ CLOSED(IN(SSH, "accept")), CLOSED(IN(SSH, "accept") "," IN(SSH, "accept")), NULL },
	{ RULES(IN(SSH, "accept") "," IN("", "drop") "," IN(SSH, "accept")),
	  RULES(IN("", "drop") "," IN(SSH, "accept")), "filter/rules/1" },
	{ RULES(IN(SSH, "accept") "," IN("", "drop")),
	  RULES(IN(SSH, "accept") "," IN("", "drop") "," IN(SSH, "accept") "," IN("", "drop")), NULL },
	{ CLOSED(IN(SSH, "accept")), "{\"input\": \"accept\"}", NULL },
	{ RULES(IN(SSH, "accept") "," IN("", "drop")), RULES(IN("", "drop")), "filter/rules/0" },
	{ RULES(IN(WEB, "drop") "," IN(SSH, "accept")), RULES(IN(WEB, "drop")), NULL },
	{ RULES(IN(SSH, "accept")), RULES(), NULL },
	{ RULES(IN(SSH, "accept") "," IN("", "drop")), RULES(IN(SSH, "accept")), NULL },
	/* the order */
	{ RULES(IN(SSH, "accept") "," IN("", "drop")), RULES(IN("", "drop") "," IN(SSH, "accept")), "filter/rules/1" },
	{ RULES(IN("", "drop") "," IN(SSH, "accept")), RULES(IN(SSH, "accept") "," IN("", "drop")), NULL },
	{ RULES(IN(SSH, "accept") "," IN(WEB, "accept")), RULES(IN(WEB, "accept") "," IN(SSH, "accept")), NULL },
	{ RULES(IN(SSH, "accept") "," RULE("output", "", "drop")),
	  RULES(RULE("output", "", "drop") "," IN(SSH, "accept")), NULL },
	{ CLOSED(IN(SSH, "drop") "," IN(WEB, "accept") "," IN("", "drop")),
	  CLOSED(IN("", "drop") "," IN(SSH, "drop") "," IN(WEB, "accept")), "filter/rules/2" },
};

static void test_cases(_unused_ void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = { 0 };
		bool asked = nft_filter_locks_out(cases[i].old, cases[i].new, &e);

		if (asked != (cases[i].place != NULL) || (asked && strcmp(e.below, cases[i].place) != 0))
			fail_msg("case %zu: %s %s", i, asked ? e.below : "not asked", e.text);
	}
}

/* The message has room for a rule of any length, and ends where a character does. */
static void test_long(_unused_ void **state)
{
	_cleanup_(freep) char *text = NULL;
	struct err e = { 0 };
	size_t size;
	FILE *out = must(open_memstream(&text, &size));

	fputs("{\"input\": \"drop\", \"rules\": [{\"chain\": \"input\", \"in\": [", out);
	for (int i = 0; i < 1024; i++)
		fprintf(out, "%s\"\u00fc%d\"", i ? ", " : "", i);
	fputs("], \"action\": \"accept\"}]}", out);
	fclose(out);
	assert_true(nft_filter_locks_out(text, "{\"input\": \"drop\"}", &e));
	assert_non_null(strstr(e.text, "no longer accepts {\"in\":[\""));
	assert_true(strlen(e.text) < 400);
	assert_string_equal(e.below, "filter/input");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_cases), cmocka_unit_test(test_long) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
