/* SPDX-License-Identifier: MIT */
/* connection.c - the client's end of varlink: JSON objects over a Unix socket,
 * each ended by a NUL byte. */
#include "connection.h"
#include "reply.h"
#include "usec.h"
#include "base/json.h"
#include "base/utf8.h"
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The largest reply that is accepted: the state of as many interfaces as a topology may have. */
enum { REPLY_MAX = 64 << 20 };

int connection_open(struct connection *ret, const char *path, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_(closep) int fd = -1;

	/* An empty one would be an abstract socket. */
	if (!*path || strlen(path) >= sizeof(address.sun_path))
		return err_set(e, ENAMETOOLONG, "\"%s\": the path of a socket has 1 to %zu bytes", path,
			       sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_kernel(e, errno, NULL, "socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_kernel(e, errno, NULL, "%s", path);
	*ret = (struct connection){ .fd = take_fd(&fd) };
	return 0;
}

void connection_close(struct connection *c)
{
	closep(&c->fd);
	free(c->in);
	*c = (struct connection){ .fd = -1 };
}

static int send_all(int fd, const char *data, size_t n, struct err *e)
{
	while (n) {
		ssize_t r = send(fd, data, n, MSG_NOSIGNAL);

		if (r < 0 && errno != EINTR)
			return err_kernel(e, errno, NULL, "netnsd accepted only a part of the call");
		if (r > 0) {
			data += r;
			n -= (size_t)r;
		}
	}
	return 0;
}

int connection_call(struct connection *c, const char *method, struct json_object *parameters, bool more, struct err *e)
{
	_cleanup_(reply_putp) struct json_object *call = must(json_object_new_object());
	char *text;
	size_t size;

	json_object_object_add(call, "method", json_object_new_string(method));
	json_object_object_add(call, "parameters", json_object_get(parameters));
	if (more)
		json_object_object_add(call, "more", json_object_new_boolean(true));
	/* Unnecessary escapes would make a valid file too long to be accepted. */
	text = must((char *)json_object_to_json_string_length(
		call, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size));
	/* A path, or what was typed, may not be UTF-8. */
	utf8_repair(text);
	return send_all(c->fd, text, size + 1, e);
}

uint64_t connection_now(void)
{
	return usec_now(CLOCK_BOOTTIME) / 1000;
}

/* Checks what a write would meet, without writing. */
static void stdout_watch(const struct connection *c)
{
	struct pollfd p[] = { { .fd = c->fd, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	if (c->for_stdout && poll(p, ARRAY_SIZE(p), -1) > 0 && !p[0].revents)
		raise(SIGPIPE);
}

static bool is_in_time(const struct connection *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	uint64_t now;
	int r = 1;

	if (!c->until_msec)
		return true;
	do {
		now = connection_now();
		r = poll(&p, 1, now < c->until_msec ? (int)(c->until_msec - now) : 0);
	} while (r < 0 && errno == EINTR);
	return r > 0;
}

static int connection_read(struct connection *c, struct err *e)
{
	ssize_t r;

	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 4096;
		if (c->room > REPLY_MAX)
			return err_set(e, EMSGSIZE, "netnsd's answer is over %d MiB", REPLY_MAX >> 20);
		c->in = must(realloc(c->in, c->room));
	}
	stdout_watch(c);
	if (!is_in_time(c))
		return err_set(e, ETIMEDOUT, "netnsd did not answer in time");
	do
		r = recv(c->fd, c->in + c->n, c->room - c->n, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_kernel(e, errno, NULL, "reading netnsd's answer");
	if (r == 0)
		return err_set(e, ECONNRESET, "netnsd went away; see journalctl -u netnsd");
	c->n += (size_t)r;
	return 0;
}

int connection_reply(struct connection *c, struct json_object **ret, struct err *e)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	_cleanup_(problems_done) struct problems p = {};
	char *end = NULL;
	size_t size, seen = 0;
	int r;

	while (!c->n || !(end = memchr(c->in + seen, '\0', c->n - seen))) {
		seen = c->n;
		r = connection_read(c, e);
		if (r < 0)
			return r;
	}
	size = (size_t)(end - c->in);
	r = json_read(c->in, size, &reply, &p);
	if (r < 0)
		return err_set(e, EPROTO, "netnsd's answer is not JSON: %s", p.n ? p.v[0].message : strerror(-r));
	if (!json_object_is_type(reply, json_type_object))
		return err_set(e, EPROTO, "netnsd's answer is not a JSON object");
	c->n -= size + 1;
	memmove(c->in, end + 1, c->n);
	*ret = TAKE(reply);
	return 0;
}
