/* SPDX-License-Identifier: MIT */
/* monitor.c - events for clients.  One that does not read what it is told is let go:
 * it is never waited for, and the others hear no later for it. */
#include "monitor.h"
#include "answer.h"
#include "event.h"
#include <json-c/json.h>

struct monitor {
	struct subscriber subscriber;	/* first: what told is given */
	struct call *call;
	struct engine *engine;
};

static void monitor_end(struct monitor *m)
{
	engine_unsubscribe(m->engine, &m->subscriber);
	free(m);
}

static void on_told(struct subscriber *s, struct json_object *event)
{
	struct monitor *m = (struct monitor *)s;
	struct call *c = m->call;
	struct json_object *reply;

	if (call_is_slow(c)) {
		monitor_end(m);
		call_error(c, ERROR("TooSlow"), NULL);
		return;
	}
	reply = json_object_new_object();
	add(reply, "event", json_object_get(event));
	call_progress(c, reply);
}

static void on_vanished(struct call *c)
{
	monitor_end(c->data);
}

void method_monitor(struct call *c, void *arg)
{
	struct method_context *context = arg;
	struct json_object *reply;
	struct monitor *m;
	struct err e;

	if (!c->more || c->oneway) {
		call_error(c, EXPECTED_MORE, NULL);
		return;
	}
	if (status_topologies(context->engine, NULL, &reply, &e) < 0) {
		refused(c, &e);
		return;
	}
	json_object_object_del(reply, "namespaces");
	m = must(calloc(1, sizeof(*m)));
	*m = (struct monitor){ { .told = on_told }, c, context->engine };
	c->data = m;
	c->vanished = on_vanished;
	engine_subscribe(m->engine, &m->subscriber);
	call_progress(c, reply);
}

void method_log(struct call *c, void *arg)
{
	struct json_object *limit = param(c, "limit"), *reply;
	int64_t n = limit ? json_object_get_int64(limit) : EVENTS_MAX;
	struct method_context *m = arg;

	if (n < 1) {
		call_error_string(c, INVALID_PARAMETER, "parameter", "limit");
		return;
	}
	reply = json_object_new_object();
	add(reply, "events", engine_events(m->engine, param_text(c, "name"), (size_t)n));
	call_reply(c, reply);
}
