/* SPDX-License-Identifier: MIT */
/* test_service.c - which calls reach a function, and the errors that the others get. */
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void test_errors(void **state _unused_)
{
	// clang-format off: keeps its rows
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
	// clang-format on
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
	send_text(&f,
		  "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
		  "\"parameters\":{\"interface\":\"org.example.test\"}}");
	reply = json_tokener_parse(hear(&f));
	assert_string_equal(json_object_get_string(
				    json_object_object_get(json_object_object_get(reply, "parameters"), "description")),
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
	json_object_object_add(o, "name",
			       json_object_new_string("a\xff"
						      "b"));
	call_error(f.later, "org.example.test.Wrong", o);
	expect_error(&f, "org.example.test.Wrong", "{\"name\":\"a?b\"}");
	fixture_done(&f);
}

/* Answers with @error and @parameters in a process of its own; returns what that prints
 * before SIGABRT ends it. */
static void abort_of(const char *error, const char *parameters, bool progress, char ret[1024])
{
	int fds[2], status;
	size_t n = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		const struct rlimit no_core = { 0, 0 };
		struct json_object *o = json_tokener_parse(parameters);
		struct fixture f;

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		open_as(&f, true, true);
		ask(&f, LATER);
		if (progress)
			call_progress(f.later, o);
		else if (error)
			call_error(f.later, error, o);
		else
			call_reply(f.later, o);
		_exit(0);
	}
	close(fds[1]);
	for (ssize_t r; (r = read(fds[0], ret + n, 1023 - n)) > 0;)
		n += (size_t)r;
	ret[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(*ret ? WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT
			 : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* An answer that the text does not promise is fatal, and the message says what is wrong. */
static void test_wrong_answers(void **state _unused_)
{
	static const struct {
		const char *error, *parameters, *words;
		bool progress;
	} cases[] = {
		{ NULL, "{\"n\":1}", "" },
		{ NULL, "{\"n\":\"one\"}",
		  "an answer to org.example.test.Later does not match its interface: n in { \"n\": \"one\" }" },
		{ NULL, "{\"n\":1,\"m\":2}", ": m in" },
		{ NULL, "{\"n\":1.5}", ": n in", true },
		{ "org.example.test.Wrong", "{\"name\":\"a\"}", "" },
		{ "org.example.test.Wrong", "{}", "org.example.test.Wrong: name in" },
		{ "org.example.test.Wrong", "{\"name\":7}", "org.example.test.Wrong: name in" },
		{ "org.example.test.Wrnog", "{\"name\":\"a\"}", "org.example.test.Wrnog: unknown in" },
		{ INVALID_PARAMETER, "{}", "InvalidParameter: parameter in" },
	};
	char said[1024];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		abort_of(cases[i].error, cases[i].parameters, cases[i].progress, said);
		if (*cases[i].words ? !strstr(said, cases[i].words) : *said)
			fail_msg("%s", said);
	}
}

/* Text and table must agree. */
static void test_service(void **state _unused_)
{
	const struct method extra[] = { wire_methods[0], { "Sing", READ, NULL } };
	const struct {
		struct interface interface;
		const char *words;
	} cases[] = {
		{ { wire_text, wire_methods, WIRE_METHODS - 1, NULL }, "org.example.test.Flood has no function" },
		{ { wire_text, extra, ARRAY_SIZE(extra), NULL }, "org.example.test has no method Sing" },
		{ { "interface x.y method", NULL, 0, NULL }, "line 1: expected a name" },
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

/* A table that differs from the text is found before any call. */
static void test_parameters(void **state _unused_)
{
	static const char text[] =
		"interface x.y\n"
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
		cmocka_unit_test(test_errors),        cmocka_unit_test(test_introspection),
		cmocka_unit_test(test_permissions),   cmocka_unit_test(test_answer_is_utf8),
		cmocka_unit_test(test_wrong_answers), cmocka_unit_test(test_service),
		cmocka_unit_test(test_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
