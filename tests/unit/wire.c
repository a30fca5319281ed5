/* SPDX-License-Identifier: MIT */
/* wire.c - a service of four methods at one end of a socket pair, and the test at
 * the other. */
#include "wire.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/socket.h>

enum { PIECE = 1 << 20 };

const char wire_text[] =
	"interface org.example.test\n"
	"method Echo(text: ?string) -> (text: ?string)\n"
	"method Later() -> (n: ?int)\n"
	"method Change() -> ()\n"
	"method Flood() -> (text: ?string)\n"
	"error Wrong(name: string)\n";

static void vanished(struct call *c)
{
	struct fixture *f = c->data;

	f->vanished++;
	f->later = NULL;
}

struct echo {
	const char *text;
};
static const struct json_member echo_members[] = { JSON_MEMBER(echo, text, TEXT, .optional = true) };
static const struct json_struct echo_takes = PARAMETERS(echo, echo_members);

static void method_echo(struct call *c, _unused_ const void *in, void *arg)
{
	((struct fixture *)arg)->asked++;
	call_reply(c, json_object_get(c->parameters));
}

static void method_later(struct call *c, _unused_ const void *in, void *arg)
{
	struct fixture *f = arg;

	f->later = c;
	c->data = f;
	c->vanished = vanished;
}

static void method_change(struct call *c, _unused_ const void *in, void *arg)
{
	((struct fixture *)arg)->changed++;
	call_reply(c, NULL);
}

/* Sends more than anybody will read. */
static void method_flood(struct call *c, const void *in, void *arg)
{
	char *piece = must(calloc(1, PIECE + 1));

	method_later(c, in, arg);
	memset(piece, 'x', PIECE);
	for (int i = 0; i < 8; i++) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "text", json_object_new_string(piece));
		call_progress(c, o);
	}
	free(piece);
}

const struct method wire_methods[WIRE_METHODS] = {
	{ "Echo", READ, method_echo, &echo_takes },
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

static void open_with(struct fixture *f, bool may_read, bool may_change, uint64_t rest_usec)
{
	const struct interface own = { wire_text, wire_methods, WIRE_METHODS, f };
	const struct peer peer = { .pid = 1, .uid = 1000, .may_read = may_read, .may_change = may_change };
	const struct varlink_options options = { MESSAGE_MAX, rest_usec, called, answered, closed, f };
	struct err e;
	int fds[2];

	*f = (struct fixture){};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(service_new(&f->service, &own, &e), 0);
	assert_true(varlink_new(&f->varlink, f->event, fds[0], &peer, &options) >= 0);
	f->fd = fds[1];
}

void open_as(struct fixture *f, bool may_read, bool may_change)
{
	open_with(f, may_read, may_change, UINT64_C(3600) * 1000000);
}

void open_hasty(struct fixture *f, uint64_t rest_usec)
{
	open_with(f, true, true, rest_usec);
}

void fixture_done(struct fixture *f)
{
	if (!f->closed)
		varlink_free(f->varlink);
	assert_true(f->closed);
	close(f->fd);
	service_free(f->service);
	sd_event_unref(f->event);
}

void run(struct fixture *f)
{
	while (sd_event_run(f->event, 0) > 0)
		;
}

void send_bytes(struct fixture *f, const char *bytes, size_t n)
{
	assert_int_equal(send(f->fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
	run(f);
}

void send_text(struct fixture *f, const char *message)
{
	send_bytes(f, message, strlen(message) + 1);
}

void ask(struct fixture *f, const char *method)
{
	char message[256];

	snprintf(message, sizeof(message), "{\"method\":\"%s\"}", method);
	send_text(f, message);
}

const char *hear(struct fixture *f)
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

void expect(struct fixture *f, const char *reply)
{
	const char *got = hear(f);

	assert_non_null(got);
	assert_string_equal(got, reply);
}

void expect_error(struct fixture *f, const char *error, const char *parameters)
{
	char reply[1024];

	snprintf(reply, sizeof(reply), "{\"error\":\"%s\",\"parameters\":%s}", error, parameters);
	expect(f, reply);
}
