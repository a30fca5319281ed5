/* SPDX-License-Identifier: MIT */
/* test_print.c - the texts, times, tables and plans that netnsctl prints. */
#include "../../client/print.h"
#include "../../client/text.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>
#include <cmocka.h>

/* A file in memory, to print into. */
struct paper {
	char *text;
	size_t size;
	FILE *file;
};

static void paper_init(struct paper *p)
{
	p->file = must(open_memstream(&p->text, &p->size));
}

static void paper_check(struct paper *p, const char *want)
{
	fclose(p->file);
	assert_string_equal(p->text, want);
	free(p->text);
}

static struct json_object *json(const char *text)
{
	return must(json_tokener_parse(text));
}

static void test_escape(_unused_ void **state)
{
	// clang-format off: keeps its rows
	static const struct { const char *in, *out; } rows[] = {
		{ "", "" },
		{ "ns1/veth-ns", "ns1/veth-ns" },
		{ "mtu 1500 → 9000 ⇄", "mtu 1500 → 9000 ⇄" },
		{ "\033[2J", "\\x1b[2J" },
		{ "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
		{ "\x7f", "\\x7f" },
		{ "\xc2\x9b" "2J", "\\xc2\\x9b2J" },		/* CSI as one C1 character */
		{ "\x9b" "2J", "\\x9b2J" },			/* and as a byte that is not UTF-8 */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },		/* right-to-left override */
		{ "caf\xc3", "caf\\xc3" },			/* cut off in a character */
		{ "\xef\xbf\xbf", "\\xef\\xbf\\xbf" },		/* no character */
		{ "\xc0\xaf", "\\xc0\\xaf" },			/* overlong */
	};
	// clang-format on
	_cleanup_(arena_done) struct arena a = {};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(text_escape(&a, rows[i].in), rows[i].out);
}

static void test_escape_json(_unused_ void **state)
{
	_cleanup_(arena_done) struct arena a = {};

	assert_string_equal(text_escape_json(&a, "{\n  \"a\": \"\\u001b é\"\n}"), "{\n  \"a\": \"\\u001b é\"\n}");
	assert_string_equal(text_escape_json(&a, "\"\x7f\xc2\x9b\xe2\x80\xae\xff\""),
			    "\"\\u007f\\u009b\\u202e\\ufffd\"");
}

static void test_width(_unused_ void **state)
{
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("├─ lo"), 5);
	assert_int_equal(text_width("e\xcc\x81"), 1); /* e and its accent */
	assert_int_equal(text_width("網路"), 4);
	assert_int_equal(text_width("\xff"), 1);
}

static void test_coloured(_unused_ void **state)
{
	static const char text[] = "\033[32mäb\033[0m漢";
	const size_t sizes[] = { 5, 2, 1, 4, 3 }, widths[] = { 0, 1, 1, 0, 2 };
	size_t at = 0, width;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++, at += sizes[i - 1]) {
		assert_int_equal(text_next(text + at, strlen(text) - at, &width), sizes[i]);
		assert_int_equal(width, widths[i]);
	}
	assert_int_equal(at, strlen(text));
	assert_int_equal(text_width_coloured(text, strlen(text)), 4);
	/* One that is cut off ends with the text. */
	assert_int_equal(text_next("\033[3", 3, &width), 3);
	assert_int_equal(text_next("\033", 1, &width), 1);
}

static void test_ascii(_unused_ void **state)
{
	struct arena a = { 0 };

	assert_string_equal(text_ascii(&a, "● a ⇄ b → 3 µs… 漢\xff", true), "* a <-> b -> 3 us... ??");
	assert_string_equal(text_ascii(&a, "⇄⇄⇄", true), "<-><-><->");
	assert_string_equal(text_ascii(&a, "", true), "");
	assert_string_equal(text_ascii(&a, "● é → 漢\xff", false), "* é -> 漢\xff");
	arena_done(&a);
}

static void test_short(_unused_ void **state)
{
	struct arena a = { 0 };

	assert_string_equal(text_short(&a, 0), "0");
	assert_string_equal(text_short(&a, 999), "999");
	assert_string_equal(text_short(&a, 1440), "1.44k");
	assert_string_equal(text_short(&a, 999499), "999k");
	assert_string_equal(text_short(&a, 999500), "1M");
	arena_done(&a);
}

static void test_duration(_unused_ void **state)
{
	static const struct {
		uint64_t usec;
		const char *text;
	} rows[] = {
		{ 0, "0 µs" },
		{ 999, "999 µs" },
		{ 1000, "1.0 ms" },
		{ 3149, "3.1 ms" },
		{ 310250, "310.2 ms" },
		{ 999999, "999.9 ms" },
		{ 1000000, "1.0 s" },
		{ 12460000, "12.4 s" },
		{ 60000000, "1 min 0 s" },
		{ 125000000, "2 min 5 s" },
	};
	_cleanup_(arena_done) struct arena a = {};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(text_duration(&a, rows[i].usec), rows[i].text);
}

static void test_ago(_unused_ void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} rows[] = {
		{ 0, "just now" },     { 1, "1 s ago" },       { 59, "59 s ago" },
		{ 60, "1 min ago" },   { 150, "2 min ago" },   { 3600, "1 h ago" },
		{ 86399, "23 h ago" }, { 86400, "1 day ago" }, { 40 * 86400, "40 days ago" },
	};
	const uint64_t now = UINT64_C(1700000000) * 1000000;
	_cleanup_(arena_done) struct arena a = {};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(text_ago(&a, now - rows[i].seconds * 1000000, now), rows[i].text);
	assert_string_equal(text_ago(&a, 0, now), "-");
	/* The clock was set back. */
	assert_string_equal(text_ago(&a, now + 5000000, now), "just now");
}

static void test_clock(_unused_ void **state)
{
	const uint64_t day = UINT64_C(86400) * 1000000, then = UINT64_C(50531) * 1000000;
	_cleanup_(arena_done) struct arena a = {};

	assert_string_equal(text_clock(&a, then, then + 1), "14:02:11");
	assert_string_equal(text_clock(&a, then, then + day), "1970-01-01 14:02:11");
	assert_string_equal(text_clock(&a, then, then + 365 * day), "1970-01-01 14:02:11");
}

static void test_path(_unused_ void **state)
{
	assert_string_equal(text_path("/home/me/a/b.json", "/home/me"), "a/b.json");
	assert_string_equal(text_path("/home/meadow/b.json", "/home/me"), "/home/meadow/b.json");
	assert_string_equal(text_path("/b.json", "/"), "/b.json");
	assert_string_equal(text_path("standard input", "/home/me"), "standard input");
	assert_string_equal(text_path("/home/me/b.json", ""), "/home/me/b.json");
}

static void test_table(_unused_ void **state)
{
	static const struct column columns[] = {
		{ "NAME", .gap = 0 },
		{ "LINKS", .gap = 2, .right = true },
		{ "SOURCE", .gap = 2 },
	};
	_cleanup_(table_done) struct table t = TABLE(columns, false);
	struct paper p;

	table_cell(&t, COLOUR_GOOD, "%s", "é");
	table_cell(&t, COLOUR_NONE, "%d", 7);
	table_cell(&t, COLOUR_NONE, "%s", "a\033b");
	table_cell(&t, COLOUR_NONE, "%s", "longer");
	table_break(&t);
	table_line(&t, COLOUR_NONE, "%s", "a line that keeps to no column");
	table_cell(&t, COLOUR_NONE, "%s", "x");
	table_cell(&t, COLOUR_NONE, "%d", 1234567);
	paper_init(&p);
	table_print(&t, p.file);
	paper_check(&p,
		    "NAME      LINKS  SOURCE\n"
		    "é             7  a\\x1bb\n"
		    "longer\n"
		    "a line that keeps to no column\n"
		    "x       1234567\n");
}

static void test_table_colours(_unused_ void **state)
{
	static const struct column columns[] = { { .gap = 0 }, { .gap = 1 } };
	_cleanup_(table_done) struct table t = TABLE(columns, true);
	struct paper p;

	table_cell(&t, COLOUR_GOOD, "up");
	table_cell(&t, COLOUR_NONE, "a");
	table_cell(&t, COLOUR_BAD, "failed");
	table_cell(&t, COLOUR_NONE, "b");
	paper_init(&p);
	table_print(&t, p.file);
	/* The padding of a cell has no colour. */
	paper_check(&p, "\033[32mup\033[0m     a\n\033[31mfailed\033[0m b\n");
}

static void test_steps(_unused_ void **state)
{
	_cleanup_(table_done) struct table t = { 0 };
	_cleanup_(reply_putp) struct json_object *plan = json(
		"{'steps': [{'action': 'create', 'kind': 'namespace', 'object': 'ns1', 'detail': ''},"
		"{'action': 'create', 'kind': 'link', 'object': 'ns1/veth-ns', 'detail': 'veth, peer host/veth-host'},"
		"{'action': 'change', 'kind': 'link', 'object': 'ns1/m', 'detail': 'mode a → b', 'effect': 'recreate'},"
		"{'action': 'remove', 'kind': 'address', 'object': 'host/veth-host', 'detail': '10.0.0.1/24'},"
		"{'action': 'dance'}]}");
	_cleanup_(reply_putp) struct json_object *next =
		json("{'steps': [{'action': 'create', 'kind': 'link', 'object': 'a/b', 'detail': 'dummy'}]}");
	struct paper p;

	paper_init(&p);
	t = print_steps_table(p.file, 0);
	print_steps(p.file, &t, plan);
	print_steps(p.file, &t, next);
	paper_check(&p,
		    "  + namespace ns1\n"
		    "  + link      ns1/veth-ns     veth, peer host/veth-host\n"
		    "  ~ link      ns1/m           mode a → b (recreated)\n"
		    "  - address   host/veth-host  10.0.0.1/24\n"
		    "  ?\n"
		    "  + link      a/b             dummy\n");
}

static void test_steps_of_nothing(_unused_ void **state)
{
	_cleanup_(table_done) struct table t = { 0 };
	_cleanup_(reply_putp) struct json_object *wrong = json("{'steps': 'none'}");
	struct paper p;

	paper_init(&p);
	t = print_steps_table(p.file, 0);
	print_steps(p.file, &t, NULL);
	print_steps(p.file, &t, wrong);
	paper_check(&p, "");
}

static void check_summary(const char *summary, const char *want)
{
	_cleanup_(reply_putp) struct json_object *o = json(summary);
	struct paper p;

	paper_init(&p);
	print_summary(p.file, o);
	paper_check(&p, want);
}

static void test_summary(_unused_ void **state)
{
	check_summary("{'name': 'everyday', 'created': 5, 'changed': 0, 'removed': 0, 'duration_usec': 3100}",
		      "everyday: 5 created in 3.1 ms\n");
	check_summary("{'name': 'lab', 'created': 2, 'changed': 1, 'removed': 1, 'duration_usec': 1200}",
		      "lab: 2 created, 1 changed, 1 removed in 1.2 ms\n");
	check_summary("{'name': 'lab', 'removed': 3, 'duration_usec': 90}", "lab: 3 removed in 90 µs\n");
	check_summary("{'name': 'lab', 'removed': 1, 'duration_usec': 90, 'others': 'cin'}",
		      "lab: 1 removed in 90 µs; also removed, outside this topology: cin\n");
	check_summary("{'name': 'lab', 'created': 0, 'duration_usec': 90}", "lab: unchanged\n");
}

static void test_source(_unused_ void **state)
{
	_cleanup_(arena_done) struct arena a = {};
	_cleanup_(reply_putp) struct json_object *stdin_once = json("{'source': 'standard input'}");
	_cleanup_(reply_putp) struct json_object *boot = json("{'source': '/etc/netnsd/lab.json', 'boot': true}");
	_cleanup_(reply_putp) struct json_object *none = json("{}");

	assert_string_equal(print_source(&a, stdin_once), "standard input, until reboot");
	assert_string_equal(print_source(&a, boot), "/etc/netnsd/lab.json, at boot");
	assert_string_equal(print_source(&a, none), "until reboot");
}

static int setup(_unused_ void **state)
{
	setenv("TZ", "UTC", true);
	tzset();
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),   cmocka_unit_test(test_escape_json),
		cmocka_unit_test(test_width),    cmocka_unit_test(test_coloured),
		cmocka_unit_test(test_ascii),    cmocka_unit_test(test_short),
		cmocka_unit_test(test_duration), cmocka_unit_test(test_ago),
		cmocka_unit_test(test_clock),    cmocka_unit_test(test_path),
		cmocka_unit_test(test_table),    cmocka_unit_test(test_table_colours),
		cmocka_unit_test(test_steps),    cmocka_unit_test(test_steps_of_nothing),
		cmocka_unit_test(test_summary),  cmocka_unit_test(test_source),
	};

	return cmocka_run_group_tests_name("print", tests, setup, NULL);
}
