/* SPDX-License-Identifier: MIT */
/* test_varlink.c - a connection to a service of four methods, over a socket pair:
 * what comes back for what is sent, in one piece or in many, kindly meant or not. */
#include "service.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/socket.h>

enum { MESSAGE_MAX = 1000, PIECE = 1 << 20 };

static const char text[] =
	"interface org.example.test\n"
	"method Echo(text: ?string) -> (text: ?string)\n"
	"method Later() -> (n: ?int)\n"
	"method Change() -> ()\n"
	"method Flood() -> (text: ?string)\n";

/* A connection, its service, and the other end. */
struct fixture {
	sd_event *event;
	struct service *service;
	struct varlink *varlink;
	struct call *later;	/* waits for the test to answer */
	int fd;
	unsigned changed, vanished;
	bool closed;
	char reply[4096];
};

static void vanished(struct call *c)
{
	struct fixture *f = c->data;

	f->vanished++;
	f->later = NULL;
}

static void method_echo(struct call *c, void *arg _unused_)
{
	call_reply(c, json_object_get(c->parameters));
}

static void method_later(struct call *c, void *arg)
{
	struct fixture *f = arg;

	f->later = c;
	c->data = f;
	c->vanished = vanished;
}

static void method_change(struct call *c, void *arg)
{
	((struct fixture *)arg)->changed++;
	call_reply(c, NULL);
}

/* Says more than anybody will read. */
static void method_flood(struct call *c, void *arg)
{
	char *piece = must(calloc(1, PIECE + 1));

	method_later(c, arg);
	memset(piece, 'x', PIECE);
	for (int i = 0; i < 8; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "text", json_object_new_string(piece));
		call_progress(c, o);
	}
	free(piece);
}

static const struct method methods[] = {
	{ "Echo", READ, method_echo },
	{ "Later", READ, method_later },
	{ "Change", CHANGE, method_change },
	{ "Flood", READ, method_flood },
};

static void closed(struct varlink *v _unused_, void *arg)
{
	((struct fixture *)arg)->closed = true;
}

static void called(struct call *c, void *arg)
{
	service_called(c, ((struct fixture *)arg)->service);
}

static void answered(const struct call *c, const char *error, const struct json_object *parameters, void *arg)
{
	service_answered(c, error, parameters, ((struct fixture *)arg)->service);
}

static void open_as(struct fixture *f, bool may_read, bool may_change)
{
	const struct interface own = { text, methods, ARRAY_SIZE(methods), f };
	const struct peer peer = { .pid = 1, .uid = 1000, .may_read = may_read, .may_change = may_change };
	const struct varlink_options options = { MESSAGE_MAX, 2000, called, answered, closed, f };
	struct err e;
	int fds[2];

	*f = (struct fixture){};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(service_new(&f->service, &own, &e), 0);
	assert_true(varlink_new(&f->varlink, f->event, fds[0], &peer, &options) >= 0);
	f->fd = fds[1];
}

static void fixture_done(struct fixture *f)
{
	if (!f->closed)
		varlink_free(f->varlink);
	assert_true(f->closed);
	close(f->fd);
	service_free(f->service);
	sd_event_unref(f->event);
}

/* Lets the service do all it can do now. */
static void run(struct fixture *f)
{
	while (sd_event_run(f->event, 0) > 0)
		;
}

static void send_bytes(struct fixture *f, const char *bytes, size_t n)
{
	assert_int_equal(send(f->fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
	run(f);
}

static void send_text(struct fixture *f, const char *message)
{
	send_bytes(f, message, strlen(message) + 1);
}

static void ask(struct fixture *f, const char *method)
{
	char message[256];

	snprintf(message, sizeof(message), "{\"method\":\"%s\"}", method);
	send_text(f, message);
}

/* The next thing the service said; "" if there is nothing, NULL if it hung up. */
static const char *hear(struct fixture *f)
{
	ssize_t n = recv(f->fd, f->reply, sizeof(f->reply) - 1, MSG_PEEK);
	size_t size;

	if (n <= 0)
		return n == 0 || errno == ECONNRESET ? NULL : "";
	f->reply[n] = '\0';
	size = strlen(f->reply) + 1;
	assert_true(size <= (size_t)n);
	assert_int_equal(recv(f->fd, f->reply, size, 0), (ssize_t)size);
	return f->reply;
}

static void expect(struct fixture *f, const char *reply)
{
	const char *got = hear(f);

	assert_non_null(got);
	assert_string_equal(got, reply);
}

static void expect_error(struct fixture *f, const char *error, const char *parameters)
{
	char reply[1024];

	snprintf(reply, sizeof(reply), "{\"error\":\"%s\",\"parameters\":%s}", error, parameters);
	expect(f, reply);
}

#define NOTHING_HEARD(f) expect(f, "")
#define HUNG_UP(f) (assert_null(hear(f)), assert_true((f)->closed))
#define EMPTY "{\"parameters\":{}}"
#define ECHO "org.example.test.Echo"
#define LATER "org.example.test.Later"

static void test_parameters(void **state _unused_)
{
	static const char *const same[] = {
		"{\"method\":\"" ECHO "\"}",
		"{\"method\":\"" ECHO "\",\"parameters\":null}",
		"{\"method\":\"" ECHO "\",\"parameters\":{}}",
		" {\"parameters\" : {}, \"method\":\"" ECHO "\", \"more\": false, \"oneway\":false, \"x\":1}\n",
		"{\"method\":\"" ECHO "\",\"more\":true}",
	};
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		send_text(&f, same[i]);
		expect(&f, EMPTY);
	}
	send_text(&f, "{\"method\":\"" ECHO "\",\"parameters\":{\"text\":\"a/b \\u00e4\"}}");
	expect(&f, "{\"parameters\":{\"text\":\"a/b ä\"}}");
	fixture_done(&f);
}

static void test_byte_by_byte(void **state _unused_)
{
	static const char message[] = "{\"method\":\"" ECHO "\",\"parameters\":{\"text\":\"x\"}}";
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < sizeof(message); i++) {
		NOTHING_HEARD(&f);
		send_bytes(&f, message + i, 1);
	}
	expect(&f, "{\"parameters\":{\"text\":\"x\"}}");
	fixture_done(&f);
}

/* Three and a half messages in one write, then the other half. */
static void test_many_in_one(void **state _unused_)
{
	static const char one[] = "{\"method\":\"" ECHO "\"}";
	char all[4 * sizeof(one)];
	struct fixture f;

	open_as(&f, true, true);
	for (size_t i = 0; i < 4; i++)
		memcpy(all + i * sizeof(one), one, sizeof(one));
	send_bytes(&f, all, sizeof(all) - sizeof(one) / 2);
	for (size_t i = 0; i < 3; i++)
		expect(&f, EMPTY);
	NOTHING_HEARD(&f);
	send_bytes(&f, all + sizeof(all) - sizeof(one) / 2, sizeof(one) / 2);
	expect(&f, EMPTY);
	fixture_done(&f);
}

/* What comes behind a call that is pending waits its turn. */
static void test_in_order(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	ask(&f, ECHO);
	ask(&f, LATER);
	NOTHING_HEARD(&f);
	assert_non_null(f.later);
	call_reply(f.later, json_object_new_object());
	f.later = NULL;
	run(&f);
	expect(&f, EMPTY);
	expect(&f, EMPTY);
	assert_non_null(f.later);
	NOTHING_HEARD(&f);
	fixture_done(&f);
	assert_int_equal(f.vanished, 1);
}

static void progress(struct call *c, int n)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "n", json_object_new_int(n));
	call_progress(c, o);
}

static void test_more(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, "{\"method\":\"" LATER "\",\"more\":true}");
	assert_true(f.later->more);
	progress(f.later, 1);
	progress(f.later, 2);
	call_reply(f.later, NULL);
	expect(&f, "{\"parameters\":{\"n\":1},\"continues\":true}");
	expect(&f, "{\"parameters\":{\"n\":2},\"continues\":true}");
	expect(&f, EMPTY);
	fixture_done(&f);
	assert_int_equal(f.vanished, 0);
}

static void test_oneway(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, "{\"method\":\"org.example.test.Change\",\"oneway\":true}");
	send_text(&f, "{\"method\":\"org.example.test.Nothing\",\"oneway\":true}");
	NOTHING_HEARD(&f);
	assert_int_equal(f.changed, 1);
	ask(&f, ECHO);
	expect(&f, EMPTY);
	fixture_done(&f);
}

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
									  "description")), text);
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

static void test_no_call(void **state _unused_)
{
	static const char *const cases[] = {
		"", "x", "{", "[]", "null", "{}", "{\"method\":1}", "{\"method\":null}", "\xff",
		"{\"method\":\"" ECHO "\",\"parameters\":[]}", "{\"method\":\"" ECHO "\",\"more\":1}",
		"{\"method\":\"" ECHO "\",\"oneway\":\"yes\"}", "{\"method\":\"" ECHO "\",\"method\":\"" ECHO "\"}",
		"{\"method\":\"" ECHO "\"} {}",
	};
	struct fixture f;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		open_as(&f, true, true);
		send_text(&f, cases[i]);
		HUNG_UP(&f);
		fixture_done(&f);
	}
}

/* A call of @size bytes without its NUL. */
static const char *call_of_size(char *buffer, size_t size)
{
	static const char start[] = "{\"method\":\"" ECHO "\",\"parameters\":{}", end[] = "}";

	memset(buffer, ' ', size);
	memcpy(buffer, start, sizeof(start) - 1);
	memcpy(buffer + size - 1, end, sizeof(end));
	return buffer;
}

static void test_size(void **state _unused_)
{
	char buffer[MESSAGE_MAX + 2];
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, call_of_size(buffer, MESSAGE_MAX));
	expect(&f, EMPTY);
	send_text(&f, call_of_size(buffer, MESSAGE_MAX + 1));
	HUNG_UP(&f);
	fixture_done(&f);
	/* Who may not change is told why so little is taken. */
	open_as(&f, true, false);
	send_bytes(&f, call_of_size(buffer, MESSAGE_MAX + 1), MESSAGE_MAX + 1);
	expect_error(&f, PERMISSION_DENIED, "{}");
	HUNG_UP(&f);
	fixture_done(&f);
}

static void test_half_message_rests(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_bytes(&f, "{\"method\":", 10);
	NOTHING_HEARD(&f);
	while (!f.closed)
		assert_true(sd_event_run(f.event, 10 * 1000 * 1000) > 0);
	HUNG_UP(&f);
	fixture_done(&f);
}

/* Time runs for the peer only while it is the peer's turn. */
static void test_whole_messages_may_rest(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_bytes(&f, "{\"method\":\"" LATER "\"}\0{\"me", sizeof("{\"method\":\"" LATER "\"}") + 4);
	assert_int_equal(sd_event_run(f.event, 10 * 1000), 0);
	assert_false(f.closed);
	call_reply(f.later, NULL);
	expect(&f, EMPTY);
	while (!f.closed)
		assert_true(sd_event_run(f.event, 10 * 1000 * 1000) > 0);
	fixture_done(&f);
}

static void test_peer_goes(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	close(f.fd);
	f.fd = -1;
	run(&f);
	assert_true(f.closed);
	assert_int_equal(f.vanished, 1);
	fixture_done(&f);
}

/* What was sent before is still done. */
static void test_peer_sends_and_goes(void **state _unused_)
{
	static const char message[] = "{\"method\":\"org.example.test.Change\"}";
	struct fixture f;

	open_as(&f, true, true);
	assert_int_equal(send(f.fd, message, sizeof(message), 0), sizeof(message));
	assert_int_equal(send(f.fd, message, sizeof(message), 0), sizeof(message));
	close(f.fd);
	f.fd = -1;
	run(&f);
	assert_int_equal(f.changed, 2);
	assert_true(f.closed);
	fixture_done(&f);
}

/* "printf … | socat": it has said all it will, and still listens. */
static void test_peer_ends_its_half(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	shutdown(f.fd, SHUT_WR);
	run(&f);
	assert_false(f.closed);
	call_reply(f.later, NULL);
	run(&f);
	expect(&f, EMPTY);
	HUNG_UP(&f);
	fixture_done(&f);
}

static void test_peer_does_not_read(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	send_text(&f, "{\"method\":\"org.example.test.Flood\",\"more\":true}");
	assert_true(f.closed);
	assert_int_equal(f.vanished, 1);
	fixture_done(&f);
}

/* Its answers fill the socket; what it still asks is left to wait, not piled up. */
static void test_peer_only_asks(void **state _unused_)
{
	static const char message[] = "{\"method\":\"org.example.test.Change\"}";
	unsigned sent = 0, heard = 0;
	struct fixture f;

	open_as(&f, true, true);
	for (; send(f.fd, message, sizeof(message), MSG_NOSIGNAL) == sizeof(message); sent++)
		run(&f);
	assert_true(f.changed < sent);
	assert_false(f.closed);
	for (const char *s = hear(&f); s && *s; s = hear(&f), heard++)
		run(&f);
	assert_int_equal(heard, sent);
	assert_int_equal(f.changed, sent);
	fixture_done(&f);
}

static void test_drain(void **state _unused_)
{
	struct fixture f;

	open_as(&f, true, true);
	ask(&f, LATER);
	ask(&f, "org.example.test.Change");
	varlink_drain(f.varlink);
	run(&f);
	assert_false(f.closed);
	call_reply(f.later, NULL);
	run(&f);
	expect(&f, EMPTY);
	HUNG_UP(&f);
	assert_int_equal(f.changed, 0);
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
	const struct method extra[] = { { "Echo", READ, method_echo }, { "Sing", READ, method_echo } };
	const struct {
		struct interface interface;
		const char *words;
	} cases[] = {
		{ { text, methods, ARRAY_SIZE(methods) - 1, NULL }, "nothing is behind org.example.test.Flood" },
		{ { text, extra, ARRAY_SIZE(extra), NULL }, "org.example.test has no method Sing" },
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_many_in_one),
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_oneway),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_introspection),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_no_call),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_half_message_rests),
		cmocka_unit_test(test_whole_messages_may_rest),
		cmocka_unit_test(test_peer_goes),
		cmocka_unit_test(test_peer_sends_and_goes),
		cmocka_unit_test(test_peer_ends_its_half),
		cmocka_unit_test(test_peer_does_not_read),
		cmocka_unit_test(test_peer_only_asks),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_answer_is_utf8),
		cmocka_unit_test(test_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
