/* SPDX-License-Identifier: MIT */
/* test_service.c - which calls reach a function, and what the others are told. */
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_errors(void **state _unused_)
{
	static const struct {
		const char *call, *error, *parameters;
	} cases[] = {
		{ "{\"method\":\"org.example.other.Echo\"}", "InterfaceNotFound", "{\"interface\":\"org.example.other\"}" },
		{ "{\"method\":\"Echo\"}", "InterfaceNotFound", "{\"interface\":\"Echo\"}" },
		{ "{\"method\":\"\"}", "InterfaceNotFound", "{\"interface\":\"\"}" },
		{ "{\"method\":\"org.example.test.echo\"}", "MethodNotFound", "{\"method\":\"org.example.test.echo\"}" },
		{ "{\"method\":\"org.example.test.\"}", "MethodNotFound", "{\"method\":\"org.example.test.\"}" },
		{ "{\"method\":\"" ECHO "\",\"upgrade\":true}", "InvalidParameter", "{\"parameter\":\"upgrade\"}" },
		{ "{\"method\":\"" ECHO "\",\"parameters\":{\"no\":1}}", "InvalidParameter", "{\"parameter\":\"no\"}" },
		{ "{\"method\":\"" ECHO "\",\"parameters\":{\"text\":1}}", "InvalidParameter", "{\"parameter\":\"text\"}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\"}", "InvalidParameter",
		  "{\"parameter\":\"interface\"}" },
		{ "{\"method\":\"org.varlink.service.GetInterfaceDescription\",\"parameters\":{\"interface\":\"a.b\"}}",
		  "InterfaceNotFound", "{\"interface\":\"a.b\"}" },
	};
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char error[128];

		send_text(&f, cases[i].call);
		snprintf(error, sizeof(error), VARLINK_SERVICE ".%s", cases[i].error);
		expect_error(&f, error, cases[i].parameters);
	}
	ask(&f, ECHO);
	expect(&f, EMPTY);
	fixture_done(&f);
}

static void test_introspection(void **state _unused_)
{
	struct json_object *reply;
	struct fixture f;

	open_as(&f, false, false);
	ask(&f, "org.varlink.service.GetInfo");
	assert_non_null(strstr(hear(&f), "\"interfaces\":[\"org.varlink.service\",\"org.example.test\"]"));
	send_text(&f, "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		      "\"parameters\":{\"interface\":\"org.example.test\"}}");
	reply = json_tokener_parse(hear(&f));
	assert_string_equal(json_object_get_string(json_object_object_get(json_object_object_get(reply, "parameters"),
									  "description")),
			    wire_text);
	json_object_put(reply);
	fixture_done(&f);
}

static void test_permissions(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, false);
	ask(&f, "org.example.test.Change");
	expect_error(&f, PERMISSION_DENIED, "{}");
	assert_int_equal(f.changed, 0);
	ask(&f, ECHO);
	expect(&f, EMPTY);
	fixture_done(&f);
	open_as(&f, false, false);
	ask(&f, ECHO);
	expect_error(&f, PERMISSION_DENIED, "{}");
	fixture_done(&f);
}

/* The kernel's names may be any bytes; an answer may not. */
static void test_answer_is_utf8(void **state _unused_)
{
	struct json_object *o = json_object_new_object();
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	json_object_object_add(o, "name", json_object_new_string("a\xff" "b"));
	call_error(f.later, "org.example.test.Unknown", o);
	expect_error(&f, "org.example.test.Unknown", "{\"name\":\"a?b\"}");
	fixture_done(&f);
}

/* Text and table must be of one mind. */
static void test_service(void **state _unused_)
{
	const struct method extra[] = { wire_methods[0], { "Sing", READ, NULL } };
	const struct {
		struct interface interface;
		const char *words;
	} cases[] = {
		{ { wire_text, wire_methods, WIRE_METHODS - 1, NULL }, "nothing is behind org.example.test.Flood" },
		{ { wire_text, extra, ARRAY_SIZE(extra), NULL }, "org.example.test has no method Sing" },
		{ { "interface x.y method", NULL, 0, NULL }, "line 1: a name wanted" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct service *s = NULL;
		struct err e;

		assert_int_equal(service_new(&s, &cases[i].interface, &e), -EINVAL);
		assert_null(s);
		assert_non_null(strstr(e.text, cases[i].words));
	}
}

struct song {
	const char *text;
	bool loud;
	enum { LOW, HIGH } voice;
	uint32_t times;
};

static const char *voice_word(unsigned i)
{
	return i == LOW ? "low" : i == HIGH ? "high" : NULL;
}

static const char *one_word(unsigned i)
{
	return i ? NULL : "low";
}

/* A table that is not as the text has it is found before anybody calls. */
static void test_parameters(void **state _unused_)
{
	static const char text[] = "interface x.y\n"
				   "method Sing(text: string, loud: ?bool, voice: (low, high)) -> ()\n";
	static const struct json_member good[] = {
		JSON_MEMBER(song, text, TEXT),
		JSON_MEMBER(song, loud, FLAG, .optional = true),
		JSON_MEMBER(song, voice, WORD, .word = voice_word),
		JSON_MEMBER(song, times, U32),
	};
	static const struct {
		size_t row;
		struct json_member member;
		size_t n;
		const char *words;
	} cases[] = {
		{ 0, JSON_MEMBER(song, text, TEXT), 3, NULL },
		{ 0, JSON_MEMBER_NAMED(song, text, "txet", TEXT), 3, "txet is not in the interface text" },
		{ 0, JSON_MEMBER_NAMED(song, loud, "text", FLAG), 3, "text is of another type" },
		{ 0, JSON_MEMBER(song, text, TEXT, .optional = true), 3, "text is needed in the interface text" },
		{ 1, JSON_MEMBER(song, loud, FLAG), 3, "loud is optional in the interface text" },
		{ 2, JSON_MEMBER(song, voice, WORD, .word = one_word), 3, "voice is of another type" },
		{ 0, JSON_MEMBER(song, text, TEXT), 2, "voice has no row" },
		{ 0, JSON_MEMBER(song, text, TEXT), 4, "times is not in the interface text" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_member rows[ARRAY_SIZE(good)];
		const struct json_struct takes = { .members = rows, .n = cases[i].n, .size = sizeof(struct song) };
		const struct method methods[] = { { "Sing", READ, NULL, &takes } };
		const struct interface own = { text, methods, ARRAY_SIZE(methods), NULL };
		struct service *s = NULL;
		struct err e = { 0 };

		memcpy(rows, good, sizeof(rows));
		memcpy(&rows[cases[i].row], &cases[i].member, sizeof(rows[0]));
		assert_int_equal(service_new(&s, &own, &e), cases[i].words ? -EINVAL : 0);
		if (cases[i].words && !strstr(e.text, cases[i].words))
			fail_msg("%s", e.text);
		assert_true(!cases[i].words || !strncmp(e.text, "the parameters of x.y.Sing: ", 28));
		service_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_introspection),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_answer_is_utf8),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
