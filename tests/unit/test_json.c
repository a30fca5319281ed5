/* SPDX-License-Identifier: MIT */
/* test_json.c - what is JSON, what is not and why, and the position of each value. */
#include "base/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct refusal {
	const char *text;
	unsigned line, column;
	const char *pointer, *message;
};

static void refused(const struct refusal *row)
{
	struct json_object *in = NULL;
	struct problems p = { 0 };

	assert_int_equal(json_read(row->text, strlen(row->text), &in, &p), -EINVAL);
	assert_null(in);
	assert_int_equal(p.n, 1);
	assert_string_equal(p.v[0].message, row->message);
	assert_string_equal(p.v[0].where.pointer, row->pointer);
	assert_int_equal(p.v[0].where.line, row->line);
	assert_int_equal(p.v[0].where.column, row->column);
	problems_done(&p);
}

static struct json_object *accepted(const char *text)
{
	struct json_object *in = NULL;
	struct problems p = { 0 };

	assert_int_equal(json_read(text, strlen(text), &in, &p), 0);
	assert_int_equal(p.n, 0);
	problems_done(&p);
	return in;
}

static void test_refused(_unused_ void **state)
{
	static const struct refusal rows[] = {
		{ "", 1, 1, "", "the text ends where a value is expected" },
		{ " \n", 2, 1, "", "the text ends where a value is expected" },
		{ "{\"a\":1,}", 1, 8, "", "the last member of an object has no comma after it" },
		{ "[1,\n]", 2, 1, "", "the last element of a list has no comma after it" },
		{ "{\"a\":1 \"b\":2}", 1, 8, "", "expected \",\" or \"}\" here, not \"" },
		{ "[1 2]", 1, 4, "", "expected \",\" or \"]\" here, not 2" },
		{ "{\"a\" 1}", 1, 6, "/a", "expected \":\" here, not 1" },
		{ "{a:1}", 1, 2, "", "expected a key in double quotes here, not a" },
		{ "{'a':1}", 1, 2, "", "a string must be in double quotes" },
		{ "// x\n{}", 1, 1, "", "JSON has no comments; use a \"description\"" },
		{ "{} x", 1, 4, "", "expected the end of the text here, not x" },
		{ "{\"a\":NaN}", 1, 6, "/a", "NaN is not a JSON number" },
		{ "{\"a\":-Infinity}", 1, 6, "/a", "-Infinity is not a JSON number" },
		{ "{\"a\":True}", 1, 6, "/a", "\"true\" must be in lower case" },
		{ "{\"a\":yes}", 1, 6, "/a", "expected a value here, not yes" },
		{ "{\"a\":nullx}", 1, 6, "/a", "expected a value here, not nullx" },
		{ "{\"a\":", 1, 6, "/a", "the text ends where a value is expected" },
		{ "\xef\xbb\xbf{}", 1, 1, "", "this is a byte order mark; save the file as UTF-8 without one" },
		{ "{\xe2\x80\x9c\x61\":1}", 1, 2, "", "this is a typographic quote; JSON needs the plain \"" },
		{ "{\x01}", 1, 2, "", "expected a key in double quotes here, not a control character" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused(&rows[i]);
}

static void test_strings_refused(_unused_ void **state)
{
	static const struct refusal rows[] = {
		{ "[\"x\ny\"]", 1, 4, "/0", "a string must not contain a raw newline; is a \" missing?" },
		{ "[\"x\ty\"]", 1, 4, "/0", "a string must not contain a raw control character; write \\u0009" },
		{ "[\"abc", 1, 2, "/0", "this string is not terminated" },
		{ "[\"abc\\", 1, 6, "/0",
		  "a backslash must be followed by one of \"\\/bfnrt, or by u and four digits" },
		{ "[\"\\q\"]", 1, 3, "/0",
		  "a backslash must be followed by one of \"\\/bfnrt, or by u and four digits" },
		{ "[\"\\u12\"]", 1, 3, "/0",
		  "a backslash must be followed by one of \"\\/bfnrt, or by u and four digits" },
		{ "[\"\\u0000\"]", 1, 3, "/0", "a string must not contain a NUL" },
		{ "[\"\\ud83d\"]", 1, 3, "/0", "\\ud83d is the first half of a character whose second is missing" },
		{ "[\"\\ud83d\\u0041\"]", 1, 3, "/0",
		  "\\ud83d is the first half of a character whose second is missing" },
		{ "[\"\\ude00\"]", 1, 3, "/0", "\\ude00 is the second half of a character whose first is missing" },
		{ "[\"\xff\"]", 1, 3, "/0", "this is not UTF-8 (byte 0xff)" },
		{ "[\"\xc0\x80\"]", 1, 3, "/0", "this is not UTF-8 (byte 0xc0)" },
		{ "[\"\xed\xa0\x80\"]", 1, 3, "/0", "this is not UTF-8 (byte 0xed)" },
		{ "[\"\xf4\x90\x80\x80\"]", 1, 3, "/0", "this is not UTF-8 (byte 0xf4)" },
		{ "[\"\xe2\x82\"]", 1, 3, "/0", "this is not UTF-8 (byte 0xe2)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused(&rows[i]);
}

static void test_numbers_refused(_unused_ void **state)
{
	static const struct refusal rows[] = {
		{ "[01]", 1, 2, "/0", "a number must not begin with 0" },
		{ "[0x10]", 1, 2, "/0", "numbers must be decimal" },
		{ "[1.]", 1, 2, "/0", "a digit must follow the \".\"" },
		{ "[-]", 1, 2, "/0", "a digit must follow the \"-\"" },
		{ "[1e]", 1, 2, "/0", "a digit must follow the exponent's \"e\"" },
		{ "[+1]", 1, 2, "/0", "a number must not begin with \"+\"" },
		{ "[.5]", 1, 2, "/0", "a number must begin with a digit" },
		{ "[9223372036854775808]", 1, 2, "/0", "the number does not fit into 64 bits" },
		{ "[-9223372036854775809]", 1, 2, "/0", "the number does not fit into 64 bits" },
		{ "[1e999]", 1, 2, "/0", "the number is too large" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused(&rows[i]);
}

static void test_duplicates(_unused_ void **state)
{
	const char *text = "{\"a\":1,\n \"b\":{\"c\":1,\"\\u0063\":2},\n \"a\":null,\"n\":null,\"n\":1}";
	struct json_object *in = NULL;
	struct problems p = { 0 };

	assert_int_equal(json_read(text, strlen(text), &in, &p), -EINVAL);
	assert_int_equal(p.n, 3);
	assert_string_equal(p.v[0].message, "duplicate key \"c\", first at 2:7");
	assert_string_equal(p.v[0].where.pointer, "/b/c");
	assert_int_equal(p.v[0].where.column, 13);
	assert_string_equal(p.v[1].message, "duplicate key \"a\", first at 1:2");
	assert_int_equal(p.v[1].where.line, 3);
	assert_string_equal(p.v[2].message, "duplicate key \"n\"");
	problems_done(&p);
}

static void test_values(_unused_ void **state)
{
	struct json_object *in = accepted(" [ true, false, null, -0, 9223372036854775807, 1e2, 0.5, \"\", {}, [] ] ");

	assert_string_equal(json_object_to_json_string_ext(in, JSON_C_TO_STRING_PLAIN),
			    "[true,false,null,0,9223372036854775807,100.0,0.5,\"\",{},[]]");
	json_object_put(in);
	in = accepted("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9\"");
	assert_string_equal(json_object_get_string(in), "\"\\/\b\f\n\r\t\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9");
	json_object_put(in);
}

static void assert_where(struct where where, unsigned line, unsigned column)
{
	assert_int_equal(where.line, line);
	assert_int_equal(where.column, column);
}

/* A column is a character: é is one, of two bytes. */
static void test_places(_unused_ void **state)
{
	struct json_object *in = accepted("{\n  \"é\": \"é\", \"b\":\r\n\t[1, null,\n null, 2.5]\n}"), *v;

	assert_where(json_where_value(in), 1, 1);
	v = json_object_object_get(in, "é");
	assert_where(json_where_key(v), 2, 3);
	assert_where(json_where_value(v), 2, 8);
	v = json_object_object_get(in, "b");
	assert_where(json_where_key(v), 2, 13);
	assert_where(json_where_value(v), 3, 2);
	assert_where(json_where_value(json_object_array_get_idx(v, 0)), 3, 3);
	assert_where(json_where_value(json_object_array_get_idx(v, 3)), 4, 8);
	assert_where(json_where_null(v, 0), 3, 6);
	assert_where(json_where_null(v, 1), 4, 2);
	assert_where(json_where_null(v, 2), 0, 0);
	json_object_put(in);
	v = json_object_new_int(1);
	assert_where(json_where_value(v), 0, 0);
	json_object_put(v);
	assert_where(json_where_key(NULL), 0, 0);
}

static void test_nesting(_unused_ void **state)
{
	char text[2 * NESTING_MAX + 3];
	struct json_object *in = NULL;
	struct problems p = { 0 };

	memset(text, '[', NESTING_MAX);
	memset(text + NESTING_MAX, ']', NESTING_MAX);
	assert_int_equal(json_read(text, 2 * NESTING_MAX, &in, &p), 0);
	json_object_put(in);
	memset(text, '[', NESTING_MAX + 1);
	memset(text + NESTING_MAX + 1, ']', NESTING_MAX + 1);
	assert_int_equal(json_read(text, 2 * NESTING_MAX + 2, &in, &p), -EINVAL);
	assert_string_equal(p.v[0].message, "objects and lists are nested more than 32 deep");
	assert_int_equal(p.v[0].where.column, NESTING_MAX + 1);
	problems_done(&p);
}

static void test_nul_is_no_end(_unused_ void **state)
{
	struct json_object *in = NULL;
	struct problems p = { 0 };

	assert_int_equal(json_read("{}\0{}", 5, &in, &p), -EINVAL);
	assert_string_equal(p.v[0].message, "expected the end of the text here, not a control character");
	problems_done(&p);
}

static void test_pointers(_unused_ void **state)
{
	struct json_object *in = NULL;
	struct problems p = { 0 };
	char text[300];

	assert_int_equal(json_read("{\"a/b~c\":[0,{\"\":x}]}", 21, &in, &p), -EINVAL);
	assert_string_equal(p.v[0].where.pointer, "/a~1b~0c/1/");
	problems_done(&p);
	/* A key of any length makes a pointer of bounded length. */
	snprintf(text, sizeof(text), "{\"%0*d\":x}", 200, 0);
	assert_int_equal(json_read(text, strlen(text), &in, &p), -EINVAL);
	assert_int_equal(strlen(p.v[0].where.pointer), 129);
	problems_done(&p);
}

static void test_place_of_a_pointer(_unused_ void **state)
{
	static const char text[] = "{\n \"a\": [0,\n  {\"b/c\": 1}]}";
	struct problems p = { 0 };
	struct json_object *in;

	assert_int_equal(json_read(text, strlen(text), &in, &p), 0);
	assert_where(json_where_pointer(in, ""), 1, 1);
	assert_where(json_where_pointer(in, "/a"), 2, 7);
	assert_where(json_where_pointer(in, "/a/1/b~1c"), 3, 11);
	/* What is missing has the position where it would be. */
	assert_where(json_where_pointer(in, "/a/1/x/y"), 3, 3);
	assert_where(json_where_pointer(in, "/x"), 1, 1);
	json_object_put(in);
}

static void test_problem_in_a_file(_unused_ void **state)
{
	struct where where = { "/a/b", 3, 7 };
	struct problems p = { 0 };
	char text[64];

	problem_add(&p, EINVAL, &where, "no");
	problem_add(&p, EINVAL, NULL, "gone");
	problem_text(&p.v[0], text, sizeof(text));
	assert_string_equal(text, "/a/b: no");
	problems_in_file(&p, "/etc/x.json");
	problem_text(&p.v[0], text, sizeof(text));
	assert_string_equal(text, "/etc/x.json:3:7: /a/b: no");
	problem_text(&p.v[1], text, sizeof(text));
	assert_string_equal(text, "/etc/x.json: gone");
	problem_text(&p.v[0], text, 8);
	assert_string_equal(text, "/etc/x.");
	problems_done(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_strings_refused),
		cmocka_unit_test(test_numbers_refused),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_nesting),
		cmocka_unit_test(test_nul_is_no_end),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_place_of_a_pointer),
		cmocka_unit_test(test_problem_in_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
