/* SPDX-License-Identifier: MIT */
/* test_struct.c - JSON to a C struct and back, by a table. */
#include "base/json_struct.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct one {
	const char *text;
	char chars[8];
	bool flag;
	uint32_t small;
	uint64_t large;
	int code;
	enum { RED, GREEN } colour;
	struct json_object *object, *list;
	struct json_text *stored;
	int own;
};

static const char *colour_word(unsigned i)
{
	static const char *const words[] = { "red", "green" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const char *text_problem(const char *s, struct err *e)
{
	if (*s == 'x')
		err_set(e, EINVAL, "begins with x");
	return *s == 'x' ? e->text : NULL;
}

static struct json_object *own_save(const void *at)
{
	struct json_object *list = json_object_new_array();

	json_object_array_add(list, json_object_new_int(*(const int *)at));
	return list;
}

static int own_restore(void *at, struct json_object *in, struct err *e)
{
	if (json_object_array_length(in) != 1)
		return err_set(e, EINVAL, "has not one element");
	*(int *)at = json_object_get_int(json_object_array_get_idx(in, 0));
	return 0;
}

static const struct json_member members[] = {
	JSON_MEMBER(one, text, TEXT, .max = 5, .problem = text_problem),
	JSON_MEMBER(one, chars, CHARS, .optional = true),
	JSON_MEMBER(one, flag, FLAG, .optional = true),
	JSON_MEMBER(one, small, U32, .optional = true, .min = 2, .max = 9, .absent = 3),
	JSON_MEMBER(one, large, U64, .optional = true, .absent = -1),
	JSON_MEMBER_NAMED(one, code, "errno", ERRNO, .optional = true),
	JSON_MEMBER(one, colour, WORD, .optional = true, .word = colour_word),
	JSON_MEMBER(one, object, OBJECT, .optional = true),
	JSON_MEMBER(one, list, LIST, .optional = true, .max = 2, .problem = text_problem),
	JSON_MEMBER(one, stored, STORED, .optional = true),
	JSON_MEMBER(one, own, OWN, .save = own_save, .restore = own_restore),
};
static const struct json_struct strict = JSON_STRUCT(one, members);
static const struct json_struct lenient = JSON_STRUCT(one, members, .nulls = true);

static void test_there_and_back(_unused_ void **state)
{
	static const char text[] =
		"{\"text\":\"a\",\"chars\":\"1234567\",\"flag\":true,\"small\":9,\"large\":9223372036854775807,"
		"\"errno\":17,\"colour\":\"green\",\"object\":{\"a\":1},\"list\":[\"b\",\"c\"],\"stored\":{\"a\":{}},\"own\":[7]}";
	struct json_object *in = json_tokener_parse(text), *out;
	struct one one;
	struct err e;

	assert_int_equal(json_decode(&strict, in, &one, NULL, &e), 0);
	assert_string_equal(one.text, "a");
	assert_string_equal(one.chars, "1234567");
	assert_true(one.flag && one.small == 9 && one.large == INT64_MAX && one.code == 17 && one.colour == GREEN &&
		    one.own == 7);
	one.code = -17;
	out = json_encode(&strict, &one);
	assert_string_equal(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN), text);
	json_object_put(out);
	json_object_put(in);
	/* It is the struct's own. */
	assert_string_equal(json_text_chars(one.stored), "{\"a\":{}}");
	json_text_put(one.stored);
}

static void test_what_is_missing(_unused_ void **state)
{
	struct json_object *in = json_tokener_parse("{\"text\":\"\",\"list\":null,\"own\":[0]}"), *out;
	struct one one;
	struct err e;

	assert_int_equal(json_decode(&strict, in, &one, NULL, &e), -EINVAL);
	assert_int_equal(json_decode(&lenient, in, &one, NULL, &e), 0);
	assert_true(one.small == 3 && one.large == UINT64_MAX && !one.flag && !*one.chars && !one.list && !one.stored &&
		    one.colour == RED);
	one.small = 0;
	one.large = 0;
	one.text = "123456\xff";
	out = json_encode(&strict, &one);
	assert_string_equal(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN),
			    "{\"text\":\"12345\",\"colour\":\"red\",\"own\":[0]}");
	json_object_put(out);
	json_object_put(in);
}

static void test_refused(_unused_ void **state)
{
	static const struct {
		const char *in, *path, *words;
	} cases[] = {
		{ "{\"own\":[1]}", "text", "\"text\" is missing" },
		{ "{\"text\":1,\"own\":[1]}", "text", "\"text\" is not of type string" },
		{ "{\"text\":\"123456\",\"own\":[1]}", "text", "longer than 5 bytes" },
		{ "{\"text\":\"a\\u0000\",\"own\":[1]}", "text", "contains a NUL" },
		{ "{\"text\":\"xa\",\"own\":[1]}", "text", "\"text\" begins with x" },
		{ "{\"text\":\"a\",\"chars\":\"12345678\",\"own\":[1]}", "chars", "longer than 7 bytes" },
		{ "{\"text\":\"a\",\"small\":1,\"own\":[1]}", "small", "\"small\" is 1, not from 2 to 9" },
		{ "{\"text\":\"a\",\"small\":10,\"own\":[1]}", "small", "not from 2 to 9" },
		{ "{\"text\":\"a\",\"large\":-1,\"own\":[1]}", "large", "\"large\" is -1, not from 0" },
		{ "{\"text\":\"a\",\"colour\":\"blue\",\"own\":[1]}", "colour",
		  "\"colour\" is \"blue\", not red or green" },
		{ "{\"text\":\"a\",\"list\":[\"a\",\"b\",\"c\"],\"own\":[1]}", "list", "at most 2" },
		{ "{\"text\":\"a\",\"list\":[\"a\",\"xb\"],\"own\":[1]}", "list[1]", "begins with x" },
		{ "{\"text\":\"a\",\"list\":[1],\"own\":[1]}", "list[0]", "not a list of texts" },
		{ "{\"text\":\"a\",\"stored\":[],\"own\":[1]}", "stored", "\"stored\" is not of type object" },
		{ "{\"text\":\"a\",\"own\":[1],\"no\":1}", "no", "unknown field \"no\"" },
		{ "{\"text\":\"a\",\"own\":[]}", "own", "\"own\": has not one element" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *in = json_tokener_parse(cases[i].in);
		struct one one = { .text = "as before" };
		char path[JSON_PATH];
		struct err e;

		assert_int_equal(json_decode(&lenient, in, &one, path, &e), -EINVAL);
		assert_string_equal(path, cases[i].path);
		assert_non_null(strstr(e.text, cases[i].words));
		assert_string_equal(one.text, "as before");
		json_object_put(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_what_is_missing),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
