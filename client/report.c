/* SPDX-License-Identifier: MIT */
/* report.c - prints what became of expectations: a table, JSON, JUnit's XML, TAP. */
#include "report.h"
#include "print.h"
#include "text.h"
#include <assert.h>

/* The word in a table, the one for programs, how several are counted. */
static const struct {
	const char *word, *key, *one, *many;
	enum colour colour;
} verdicts[] = {
	[VERDICT_PENDING] = { "", "", "", "", COLOUR_NONE },
	[VERDICT_HOLDS] = { "holds", "holds", "holds", "hold", COLOUR_GOOD },
	[VERDICT_FAILS] = { "FAILS", "fails", "fails", "fail", COLOUR_BAD },
	[VERDICT_NOT_RUN] = { "NOT RUN", "not_run", "could not be run", "could not be run", COLOUR_CHANGE },
};
static_assert(ARRAY_SIZE(verdicts) == N_VERDICTS, "one row for each");

/* "lab: 3 hold, 1 fails in 2.1 s" */
static void summary_print(const struct suite *s)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *before = ": ";

	fputs(text_escape(&a, s->name), stdout);
	for (enum verdict v = VERDICT_HOLDS; v < N_VERDICTS; v++)
		if (s->count[v]) {
			printf("%s%zu %s", before, s->count[v], s->count[v] == 1 ? verdicts[v].one : verdicts[v].many);
			before = ", ";
		}
	printf(" in %s\n", text_duration(&a, s->usec));
}

void report_table(const struct suite *s, size_t n)
{
	static const struct column columns[] = {
		{ .title = "RESULT" }, { "FROM", .gap = 2 }, { "EXPECTED", .gap = 2 }, { "FOUND", .gap = 2 }
	};

	for (size_t i = 0; i < n; i++) {
		_cleanup_(table_done) struct table t = TABLE(columns, print_colours(stdout));

		print_fit(&t);
		for (size_t k = 0; k < s[i].n; k++) {
			const struct test *test = &s[i].tests[k];

			table_cell(&t, verdicts[test->verdict].colour, "%s", verdicts[test->verdict].word);
			table_cell(&t, COLOUR_NONE, "%s", test->from);
			table_cell(&t, COLOUR_NONE, "%s", test->what);
			table_cell(&t, COLOUR_NONE, "%s", test->detail);
		}
		table_print(&t, stdout);
		summary_print(&s[i]);
	}
}

/* ---- JSON ---- */

static void put(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *test_json(const struct test *t, size_t i)
{
	struct json_object *o = must(json_object_new_object());
	_cleanup_(arena_done) struct arena a = {};

	put(o, "pointer", arena_fmt(&a, "/expect/%zu", i));
	put(o, "from", t->from);
	put(o, "expected", t->what);
	put(o, "result", verdicts[t->verdict].key);
	put(o, "found", t->detail);
	json_object_object_add(o, "duration_usec", json_object_new_uint64(t->usec));
	if (t->trips) {
		json_object_object_add(o, "sent", json_object_new_int64(t->trips));
		json_object_object_add(o, "lost", json_object_new_int64(t->lost));
	}
	if (t->trips > t->lost)
		json_object_object_add(o, "rtt_usec", json_object_new_int64(t->rtt_usec));
	if (t->rate)
		json_object_object_add(o, "rate_bits", json_object_new_uint64(t->rate));
	return o;
}

void report_json(const struct suite *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_(reply_putp) struct json_object *o = must(json_object_new_object());
		struct json_object *tests = must(json_object_new_array());

		put(o, "name", s[i].name);
		for (enum verdict v = VERDICT_HOLDS; v < N_VERDICTS; v++)
			json_object_object_add(o, verdicts[v].key, json_object_new_uint64(s[i].count[v]));
		json_object_object_add(o, "duration_usec", json_object_new_uint64(s[i].usec));
		for (size_t k = 0; k < s[i].n; k++)
			json_object_array_add(tests, test_json(&s[i].tests[k], k));
		json_object_object_add(o, "tests", tests);
		print_json(stdout, o, false);
	}
}

/* ---- XML ---- */

/* @text as the value of an attribute, without what XML has no way to say. */
static void xml_print(const char *text)
{
	static const char *const names[128] = { ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;" };

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 128 && names[c])
			fputs(names[c], stdout);
		else
			putchar(c < 0x20 || c == 0x7f ? '?' : c);
	}
}

static void attribute_print(const char *name, const char *text)
{
	printf(" %s=\"", name);
	xml_print(text);
	putchar('"');
}

static void case_print(const struct suite *s, const struct test *t)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *element = t->verdict == VERDICT_FAILS ? "failure" : "error";

	fputs("    <testcase", stdout);
	attribute_print("classname", s->name);
	attribute_print("name", arena_fmt(&a, "%s: %s", t->from, t->what));
	printf(" time=\"%.6f\"", (double)t->usec / 1e6);
	if (t->verdict == VERDICT_HOLDS) {
		puts("/>");
		return;
	}
	printf(">\n      <%s", element);
	attribute_print("message", t->detail);
	puts("/>\n    </testcase>");
}

void report_junit(const struct suite *s, size_t n)
{
	puts("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>");
	for (size_t i = 0; i < n; i++) {
		fputs("  <testsuite", stdout);
		attribute_print("name", s[i].name);
		printf(" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\" time=\"%.6f\">\n", s[i].n,
		       s[i].count[VERDICT_FAILS], s[i].count[VERDICT_NOT_RUN], (double)s[i].usec / 1e6);
		for (size_t k = 0; k < s[i].n; k++)
			case_print(&s[i], &s[i].tests[k]);
		puts("  </testsuite>");
	}
	puts("</testsuites>");
}

/* ---- TAP ---- */

/* What follows "#" would be a directive. */
static void description_print(const char *text)
{
	for (; *text; text++) {
		if (*text == '#' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void tap_print(const struct suite *s, const struct test *t, size_t number)
{
	_cleanup_(reply_putp) struct json_object *found = must(json_object_new_string(t->detail));
	_cleanup_(arena_done) struct arena a = {};

	printf("%sok %zu - ", t->verdict == VERDICT_HOLDS ? "" : "not ", number);
	description_print(text_escape(&a, arena_fmt(&a, "%s: %s: %s", s->name, t->from, t->what)));
	/* A text of JSON is one of YAML. */
	printf("\n  ---\n  result: %s\n  found: %s\n  ...\n", verdicts[t->verdict].key,
	       json_object_to_json_string_ext(found, JSON_C_TO_STRING_NOSLASHESCAPE));
}

void report_tap(const struct suite *s, size_t n)
{
	size_t number = 0, all = 0;

	for (size_t i = 0; i < n; i++)
		all += s[i].n;
	printf("TAP version 14\n1..%zu\n", all);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < s[i].n; k++)
			tap_print(&s[i], &s[i].tests[k], ++number);
}
