/* SPDX-License-Identifier: MIT */
/* varlink.c - a connection as a state machine: what it waits for follows from its state in
 * varlink_arm, and sources are switched on and off nowhere else. */
#include "varlink.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "stream.h"
#include <stdarg.h>
#include <sys/epoll.h>

/* A peer with more unread output than this is dropped; with more than the second value it is
 * told so, if we send it long replies. */
enum { OUTPUT_MAX = 4 << 20, OUTPUT_SLOW = OUTPUT_MAX - (64 << 10) };

struct varlink {
	struct varlink_options o;
	struct peer peer;
	struct stream s;
	sd_event_source *io, *next, *rest;
	struct call *call; /* to be answered before the next is taken */
	bool doomed;       /* to be closed after the queued output is sent */
	bool gone;         /* the peer has left */
};

/* Enables what the state waits for.  While a peer does not read its answers, its calls are not read. */
static void varlink_arm(struct varlink *v)
{
	bool out = bytes_size(&v->s.out) > 0, busy = v->call || out;
	bool in = !busy && !v->s.message && !v->s.eof && !v->doomed;
	bool rest = v->doomed ? out : in && bytes_size(&v->s.in);
	bool next = v->doomed ? !out : !busy && (v->s.message || v->s.eof);

	sd_event_source_set_io_events(v->io, (in ? EPOLLIN : 0U) | (out ? EPOLLOUT : 0U));
	sd_event_source_set_enabled(v->next, next ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	if (rest)
		sd_event_source_set_time_relative(v->rest, v->o.rest_usec);
	sd_event_source_set_enabled(v->rest, rest ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* Ends the connection and logs why. */
static _printf_(2, 3) void varlink_doom(struct varlink *v, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!v->doomed)
		log_notice("connection of process %d of user %u closed: %s", v->peer.pid, v->peer.uid, text);
	v->doomed = true;
	varlink_arm(v);
}

/* Queues a message, and takes the reference. */
static void varlink_send(struct varlink *v, struct json_object *message)
{
	size_t size;
	const char *text = must((char *)json_object_to_json_string_length(
		message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size));

	if (bytes_size(&v->s.out) > OUTPUT_MAX) {
		stream_deafen(&v->s);
		varlink_doom(v, "it leaves %d MiB of answers unread", OUTPUT_MAX >> 20);
	}
	stream_put(&v->s, text, size + 1);
	json_object_put(message);
	stream_flush(&v->s);
	varlink_arm(v);
}

static void call_free(struct call *c)
{
	json_object_put(c->parameters);
	free((char *)c->method);
	free(c);
}

static struct json_object *message_new(const char *error, struct json_object *parameters)
{
	struct json_object *message = must(json_object_new_object());

	if (error)
		json_object_object_add(message, "error", json_object_new_string(error));
	json_object_object_add(message, "parameters", parameters ? parameters : json_object_new_object());
	return message;
}

static void call_send(struct call *c, const char *error, struct json_object *parameters, bool continues)
{
	struct json_object *message = message_new(error, parameters);
	struct varlink *v = c->connection;

	if (v->o.answered)
		v->o.answered(c, error, json_object_object_get(message, "parameters"), v->o.arg);
	if (continues)
		json_object_object_add(message, "continues", json_object_new_boolean(true));
	if (c->oneway)
		json_object_put(message);
	else
		varlink_send(v, message);
}

static void call_end(struct call *c, const char *error, struct json_object *parameters)
{
	struct varlink *v = c->connection;

	call_send(c, error, parameters, false);
	v->call = NULL;
	call_free(c);
	varlink_arm(v);
}

void call_progress(struct call *c, struct json_object *parameters)
{
	call_send(c, NULL, parameters, true);
}

void call_reply(struct call *c, struct json_object *parameters)
{
	call_end(c, NULL, parameters);
}

void call_error(struct call *c, const char *error, struct json_object *parameters)
{
	call_end(c, error, parameters);
}

void call_drop(struct call *c)
{
	struct varlink *v = c->connection;

	v->call = NULL;
	call_free(c);
	varlink_arm(v);
}

sd_event *call_event(const struct call *c)
{
	return sd_event_source_get_event(c->connection->io);
}

bool call_is_slow(const struct call *c)
{
	return bytes_size(&c->connection->s.out) > OUTPUT_SLOW;
}

void call_error_string(struct call *c, const char *error, const char *key, const char *value)
{
	struct json_object *parameters = must(json_object_new_object());

	json_object_object_add(parameters, key, json_object_new_string(value));
	call_end(c, error, parameters);
}

/* The client of the running call has disconnected. */
static void call_vanish(struct call *c)
{
	if (c->vanished)
		c->vanished(c);
	c->connection->call = NULL;
	call_free(c);
}

/* The member of a call that violates varlink, or NULL. */
static const char *message_problem(struct json_object *message)
{
	static const struct {
		const char *key;
		enum json_type type;
	} members[] = {
		{ "method", json_type_string }, { "parameters", json_type_object }, { "oneway", json_type_boolean },
		{ "more", json_type_boolean },  { "upgrade", json_type_boolean },
	};

	if (!json_object_is_type(message, json_type_object))
		return "the object";
	if (!json_object_object_get(message, "method"))
		return "method";
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		struct json_object *value = json_object_object_get(message, members[i].key);

		if (value && !json_object_is_type(value, members[i].type))
			return members[i].key;
	}
	return NULL;
}

static bool message_flag(struct json_object *message, const char *key)
{
	return json_object_get_boolean(json_object_object_get(message, key));
}

static void message_take(struct varlink *v, struct json_object *message)
{
	struct json_object *parameters = json_object_object_get(message, "parameters");
	struct call *c = v->call = must(calloc(1, sizeof(*c)));

	*c = (struct call){
		.method = must(strdup(json_object_get_string(json_object_object_get(message, "method")))),
		.parameters = parameters ? json_object_get(parameters) : must(json_object_new_object()),
		.more = message_flag(message, "more"),
		.oneway = message_flag(message, "oneway"),
		.gone = v->gone,
		.peer = &v->peer,
		.connection = v,
	};
	if (message_flag(message, "upgrade"))
		call_error_string(c, INVALID_PARAMETER, "parameter", "upgrade");
	else
		v->o.called(c, v->o.arg);
}

/* Answers what is no call with why that is so, and ends the connection: where the next message begins is not known. */
static _printf_(2, 3) void varlink_reject(struct varlink *v, const char *fmt, ...)
{
	struct json_object *parameters = must(json_object_new_object());
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_repair(text);
	json_object_object_add(parameters, "parameter", json_object_new_string(text));
	varlink_send(v, message_new(INVALID_PARAMETER, parameters));
	varlink_doom(v, "it sent an invalid message: %s", text);
}

static void message_read(struct varlink *v)
{
	_cleanup_(json_putp) struct json_object *message = NULL;
	_cleanup_(problems_done) struct problems p = {};
	const char *wrong;
	int r;

	r = json_read_plain(stream_text(&v->s), v->s.message - 1, &message, &p);
	stream_drop(&v->s);
	wrong = r < 0 ? NULL : message_problem(message);
	if (r < 0)
		varlink_reject(v, "the message is not JSON: %s", p.n ? p.v[0].message : strerror(-r));
	else if (wrong)
		varlink_reject(v, "%s is missing or of another type", wrong);
	else
		message_take(v, message);
}

/* False when there is nothing to read.  A message that is too long is rejected before it is complete. */
static bool varlink_read(struct varlink *v)
{
	bool more = stream_read(&v->s);

	if (!v->doomed && stream_too_long(&v->s)) {
		/* Read-only peers may send less; closing without a word would not tell them why. */
		if (!v->peer.may_change) {
			varlink_send(v, message_new(PERMISSION_DENIED, NULL));
			varlink_doom(v, "it sent a message of over %zu bytes", v->s.max);
		} else {
			varlink_reject(v, "the message is over %zu bytes", v->s.max);
		}
	}
	return more;
}

/* The peer has disconnected.  Changes that it sent are still carried out; replies that nobody
 * would read are not made. */
static void varlink_hangup(struct varlink *v)
{
	while (v->peer.may_change && varlink_read(v))
		;
	if (!v->peer.may_change)
		v->s.message = 0;
	v->s.eof = v->gone = true;
	stream_deafen(&v->s);
	sd_event_source_set_enabled(v->io, SD_EVENT_OFF);
	if (v->call)
		call_vanish(v->call);
	varlink_arm(v);
}

static int varlink_on_io(sd_event_source *s _unused_, int fd _unused_, uint32_t events, void *arg)
{
	struct varlink *v = arg;

	if (events & (EPOLLHUP | EPOLLERR)) {
		varlink_hangup(v);
		return 0;
	}
	if (events & EPOLLIN)
		varlink_read(v);
	stream_flush(&v->s);
	varlink_arm(v);
	return 0;
}

/* Handles one message, so that every connection has its turn, or closes. */
static int varlink_on_next(sd_event_source *s _unused_, void *arg)
{
	struct varlink *v = arg;

	if (v->s.message && !v->doomed)
		message_read(v);
	else
		v->doomed = true;
	if (v->doomed && !bytes_size(&v->s.out))
		varlink_free(v);
	else
		varlink_arm(v);
	return 0;
}

/* A half message, or our last reply, has rested for too long. */
static int varlink_on_rest(sd_event_source *s _unused_, uint64_t usec _unused_, void *arg)
{
	struct varlink *v = arg;

	stream_deafen(&v->s);
	varlink_doom(v, "it did not finish a message");
	return 0;
}

int varlink_new(struct varlink **ret, sd_event *event, int fd, const struct peer *peer,
		const struct varlink_options *options)
{
	struct varlink *v = must(calloc(1, sizeof(*v)));
	int r;

	*v = (struct varlink){ .o = *options, .peer = *peer, .s = { .fd = fd, .max = options->message_max } };
	r = sd_event_add_io(event, &v->io, fd, EPOLLIN, varlink_on_io, v);
	if (r >= 0)
		r = sd_event_add_defer(event, &v->next, varlink_on_next, v);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &v->rest, CLOCK_MONOTONIC, v->o.rest_usec, 0, varlink_on_rest, v);
	if (r < 0) {
		v->o.closed = NULL;
		varlink_free(v);
		return r;
	}
	varlink_arm(v);
	*ret = v;
	return 0;
}

void varlink_free(struct varlink *v)
{
	if (!v)
		return;
	if (v->o.closed)
		v->o.closed(v, v->o.arg);
	if (v->call)
		call_vanish(v->call);
	sd_event_source_disable_unref(v->io);
	sd_event_source_disable_unref(v->next);
	sd_event_source_disable_unref(v->rest);
	close(v->s.fd);
	stream_done(&v->s);
	free(v);
}

const struct peer *varlink_peer(const struct varlink *v)
{
	return &v->peer;
}

void varlink_drain(struct varlink *v)
{
	v->s.eof = true;
	v->s.message = 0;
	varlink_arm(v);
}
