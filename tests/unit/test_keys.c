/* SPDX-License-Identifier: MIT */
/* test_keys.c - a kind whose fields are keys of the namespace, and a value that has parts. */
#include "loading.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void refused_body(const char *body, const char *says)
{
	struct arena a = { 0 };

	loading_refused(&toy_kinds, arena_fmt(&a, "{\"namespaces\":{\"ns1\":{\n%s\n}}}", body), says);
	arena_done(&a);
}

/* Fields of a namespace that are an object of their own, and a value of which several parts are wrong. */
static void test_keys(_unused_ void **state)
{
	struct declaration t =
		loading_accepted(&toy_kinds, "{ \"namespaces\": { \"a\": { \"lamps\": [ 1, 3 ] }, \"b\": {} } }");
	const struct object *o = model_find(&t.model, "panel a");
	struct err e;
	struct model again;
	struct json_object *saved;

	assert_non_null(o);
	assert_null(model_find(&t.model, "panel b"));
	assert_int_equal(((const struct toy_panel *)o)->lamps, 1 << 1 | 1 << 3);
	assert_int_equal(o->declared, 1);
	saved = model_save(&t.model);
	model_init(&again, &toy_kinds);
	assert_int_equal(model_restore(&again, saved, &e), 0);
	assert_int_equal(object_diff(o, model_find(&again, "panel a")), 0);
	model_done(&again);
	json_pointer_set(&saved, "/1/fields/lamps/1", json_object_new_int(9));
	model_init(&again, &toy_kinds);
	assert_int_equal(model_restore(&again, saved, &e), -EINVAL);
	assert_string_equal(e.text, "object 1: lamps: /1: must be a lamp from 1 to 8");
	model_done(&again);
	json_object_put(saved);
	declaration_done(&t);
	refused_body("\"lamps\": [ 0, 1,\n 9 ], \"light\": 101",
		     "2:12 /namespaces/ns1/lamps/0 must be a lamp from 1 to 8\n"
		     "3:2 /namespaces/ns1/lamps/2 must be a lamp from 1 to 8\n"
		     "3:16 /namespaces/ns1/light must be a whole number from 0 to 100\n");
	refused_body("\"lamps\": [ 1, 7 ]", "2:15 /namespaces/ns1/lamps/1 lamp 7 is broken\n");
	refused_body("\"lamps\": 1", "2:10 /namespaces/ns1/lamps must be a list: [ ... ]\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_keys) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
