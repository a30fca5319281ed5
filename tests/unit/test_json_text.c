/* SPDX-License-Identifier: MIT */
/* test_json_text.c - JSON as text is the same value again, and what equals what is found out without reading it. */
#include "base/json.h"
#include "base/json_text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static unsigned parsed;

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the names that --wrap of ld(1) makes
struct json_object *__real_json_tokener_parse_ex(struct json_tokener *t, const char *text, int size);
struct json_object *__wrap_json_tokener_parse_ex(struct json_tokener *t, const char *text, int size);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

struct json_object *__wrap_json_tokener_parse_ex(struct json_tokener *t, const char *text, int size)
{
	parsed++;
	return __real_json_tokener_parse_ex(t, text, size);
}

static struct json_object *value(const char *text)
{
	struct json_object *v = NULL;
	struct problems p = { 0 };

	assert_int_equal(json_read(text, strlen(text), &v, &p), 0);
	return v;
}

static const char *const values[] = {
	"{}",
	"[]",
	"\"\"",
	"7",
	"{\"a\":{\"b\":[1,-2,true,false,null,\"c\"]}}",
	"{\"to\":\"10.0.0.0/24\",\"text\":\"\\\"quoted\\\\\\\" ü \\u0007 {}[],:\"}",
	"{\"most\":9223372036854775807,\"least\":-9223372036854775808}",
	"{\"real\":[1.0,0.5,-0.25,1e300,12345678901234567890.5]}",
};

static void test_same_again(_unused_ void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct json_object *v = value(values[i]), *again, *outer = json_object_new_object();
		struct json_text *t = json_text_new(v), *whole;

		again = json_text_parse(t);
		assert_true(json_object_equal(v, again));
		json_object_put(again);
		/* Inside another value, too, which outlives it. */
		json_object_object_add(outer, "in", json_text_embed(t));
		json_text_put(t);
		whole = json_text_new(outer);
		json_object_put(outer);
		outer = json_text_parse(whole);
		assert_true(json_object_equal(v, json_object_object_get(outer, "in")));
		json_text_put(whole);
		json_object_put(outer);
		json_object_put(v);
	}
}

static void test_compact(_unused_ void **state)
{
	struct json_object *v = value("{ \"a\" : [ \"1/2\",\n 3 ] }");
	struct json_text *t = json_text_new(v);

	assert_string_equal(json_text_chars(t), "{\"a\":[\"1/2\",3]}");
	json_text_put(t);
	json_object_put(v);
}

static void test_nothing(_unused_ void **state)
{
	assert_null(json_text_new(NULL));
	assert_null(json_text_parse(NULL));
	assert_null(json_text_embed(NULL));
	assert_null(json_text_get(NULL));
	json_text_put(NULL);
	assert_true(json_text_equal(NULL, NULL));
}

/* Exactly as json_object_equal says. */
static void test_equal(_unused_ void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
		unsigned parsed;
	} rows[] = {
		{ "{\"a\":1,\"b\":[2,3]}", "{ \"a\": 1, \"b\": [2, 3] }", true, 0 },
		{ "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true, 2 },
		{ "{\"a\":0.0}", "{\"a\":-0.0}", true, 2 },
		{ "{\"a\":0.5}", "{\"a\":0.25}", false, 2 },
		{ "{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false, 2 },
		{ "[1,2]", "[2,1]", false, 2 },
		{ "{\"a\":80}", "{\"a\":81}", false, 0 },
		{ "{\"a\":true}", "{\"a\":false}", false, 0 },
		{ "{\"a\":1}", "{\"a\":\"1\"}", false, 0 },
		{ "{\"a\":1}", "{\"a\":1.0}", false, 0 },
		{ "{\"a\":1}", "{\"a\":1,\"b\":null}", false, 0 },
		{ "{\"a\":\"{\"}", "{\"a\":{}}", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *a = value(rows[i].a), *b = value(rows[i].b);
		struct json_text *x = json_text_new(a), *y = json_text_new(b);

		assert_int_equal(json_object_equal(a, b), rows[i].equal);
		parsed = 0;
		assert_int_equal(json_text_equal(x, y), rows[i].equal);
		assert_int_equal(parsed, rows[i].parsed);
		assert_true(json_text_equal(x, x));
		assert_int_equal(json_text_identical(x, y), rows[i].equal && !rows[i].parsed);
		assert_false(json_text_equal(x, NULL) || json_text_equal(NULL, y));
		json_text_put(x);
		json_text_put(y);
		json_object_put(a);
		json_object_put(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_again),
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
