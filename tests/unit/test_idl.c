/* SPDX-License-Identifier: MIT */
/* test_idl.c - the interface language: what is accepted, what is refused and where, and
 * which values match a type. */
#include "control/idl.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const char text[] =
	"# A comment.\n"
	"interface org.example.test\n"
	"\n"
	"type Colour (red, green)\n"
	"type Point (x: int, y: ?int, colour: ?Colour)\n"
	"type Tree (children: []Tree)\n"
	"method Draw(points: []Point, by: [string]float, name: ?string, any: ?object, on: ?bool) -> ()\n"
	"method Ask(tree: Tree) -> (inline: (a: int, b: (yes, no)))\n"
	"error Broken(why: string)\n";

static void test_members(void **state)
{
	_cleanup_(idl_done) struct idl idl = {};
	const struct idl_member *m;
	struct err e;

	(void)state;
	assert_int_equal(idl_parse(text, &idl, &e), 0);
	assert_string_equal(idl.interface, "org.example.test");
	assert_non_null(idl_find(&idl, IDL_TYPE, "Point"));
	assert_null(idl_find(&idl, IDL_METHOD, "Point"));
	assert_non_null(idl_find(&idl, IDL_ERROR, "Broken"));
	m = idl_find(&idl, IDL_METHOD, "Draw");
	assert_string_equal(m->type->fields->name, "points");
	assert_int_equal(m->type->fields->type->kind, IDL_ARRAY);
	assert_true(m->type->fields->next->next->type->maybe);
	assert_null(m->gives->fields);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "", "line 1: expected interface, not \"\"" },
		{ "interface", "line 1: expected a name" },
		{ "interface a.b\n\nmethod", "line 3: expected a name" },
		{ "interface a.b\nthing X ()", "line 2: expected type, method or error, not \"thing\"" },
		{ "interface a.b\ntype X int", "expected (" },
		{ "interface a.b\ntype X (a)\ntype X (b)", "line 3: duplicate X" },
		{ "interface a.b\ntype X (a: int, a: int)", "line 2: duplicate a" },
		{ "interface a.b\ntype X (a: int, b)", "expected :, not \")\"" },
		{ "interface a.b\ntype X (a, b: int)", "expected ), not \":\"" },
		{ "interface a.b\ntype X (a: int,)", "expected a name" },
		{ "interface a.b\ntype X (a: [int]int)", "expected [string]" },
		{ "interface a.b\ntype X (a: Y)", "there is no type Y" },
		{ "interface a.b\nmethod X()", "expected ->" },
		{ "interface a.b\nmethod X() -> (", "expected a name, not \"\"" },
		{ "interface a.b\ntype X (a: [][][][][][][][][][][][][][][][][][]int)", "expected less nesting" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct idl idl = {};
		struct err e = {};

		assert_int_equal(idl_parse(cases[i].text, &idl, &e), -EINVAL);
		if (!strstr(e.text, cases[i].words))
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].text, e.text, cases[i].words);
		assert_null(idl.members);
	}
}

static void test_match(void **state)
{
	static const struct {
		const char *method, *json, *path; /* NULL: it matches the type */
	} cases[] = {
		{ "Draw", "{\"points\":[],\"by\":{}}", NULL },
		{ "Draw", "{\"points\":[{\"x\":1}],\"by\":{\"a\":1,\"b\":0.5},\"name\":null,\"on\":true}", NULL },
		{ "Draw", "{\"points\":[{\"x\":1,\"colour\":\"red\"}],\"by\":{},\"any\":{\"b\":[]}}", NULL },
		{ "Draw", "{\"by\":{}}", "points" },
		{ "Draw", "{\"points\":null,\"by\":{}}", "points" },
		{ "Draw", "{\"points\":{},\"by\":{}}", "points" },
		{ "Draw", "{\"points\":[],\"by\":{},\"more\":1}", "more" },
		{ "Draw", "{\"points\":[{\"x\":1},{\"x\":1.5}],\"by\":{}}", "points[1].x" },
		{ "Draw", "{\"points\":[{\"x\":1,\"colour\":\"blue\"}],\"by\":{}}", "points[0].colour" },
		{ "Draw", "{\"points\":[1],\"by\":{}}", "points[0]" },
		{ "Draw", "{\"points\":[],\"by\":{\"a\":\"b\"}}", "by.a" },
		{ "Draw", "{\"points\":[],\"by\":{},\"any\":[]}", "any" },
		{ "Draw", "{\"points\":[],\"by\":{},\"on\":1}", "on" },
		{ "Draw", "[]", "" },
		{ "Ask", "{\"tree\":{\"children\":[{\"children\":[]},{\"children\":[]}]}}", NULL },
		{ "Ask", "{\"tree\":{\"children\":[{\"children\":[3]}]}}", "tree.children[0].children[0]" },
	};
	_cleanup_(idl_done) struct idl idl = {};
	struct err e;

	(void)state;
	assert_int_equal(idl_parse(text, &idl, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *in = json_tokener_parse(cases[i].json);
		char path[IDL_PATH];

		assert_non_null(in);
		assert_int_equal(idl_match(idl_find(&idl, IDL_METHOD, cases[i].method)->type, in, path),
				 !cases[i].path);
		if (cases[i].path)
			assert_string_equal(path, cases[i].path);
		json_object_put(in);
	}
}

/* A stranger's key may be longer than the path for it. */
static void test_long_key(void **state)
{
	struct json_object *in = json_object_new_object();
	_cleanup_(idl_done) struct idl idl = {};
	char key[2 * IDL_PATH], path[IDL_PATH];
	struct err e;

	(void)state;
	assert_int_equal(idl_parse(text, &idl, &e), 0);
	memset(key, 'x', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	json_object_object_add(in, key, NULL);
	assert_false(idl_match(idl_find(&idl, IDL_ERROR, "Broken")->type, in, path));
	assert_int_equal(strlen(path), IDL_PATH - 1);
	assert_int_equal(strncmp(path, key, IDL_PATH - 1), 0);
	json_object_put(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_long_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
