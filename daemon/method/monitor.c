/* SPDX-License-Identifier: MIT */
/* monitor.c - events for clients.  A client that does not read its events is
 * disconnected: netnsd never waits for it, and the others get theirs no later. */
#include "monitor.h"
#include "answer.h"
#include "store/event.h"
#include <json-c/json.h>

/* No more events than these are held back for a client that gets only a share of the time. */
enum { WAITING_MAX = 1000, SEND_MAX = 64 };

struct monitor {
	struct subscriber subscriber; /* first: told gets a pointer to it */
	struct call *call;
	struct engine *engine;
	sd_event_source *send;
	struct json_object *waiting; /* events that are not sent yet */
};

static void monitor_end(struct monitor *m)
{
	events_unsubscribe(engine_events(m->engine), &m->subscriber);
	sd_event_source_disable_unref(m->send);
	json_object_put(m->waiting);
	free(m);
}

static void too_slow(struct monitor *m)
{
	struct call *c = m->call;

	monitor_end(m);
	call_error(c, ERROR("TooSlow"), NULL);
}

/* The reporter must not wait for clients: they get the event in their own time. */
static void on_told(struct subscriber *s, struct json_object *event)
{
	struct monitor *m = (struct monitor *)s;

	if (json_object_array_length(m->waiting) == WAITING_MAX) {
		too_slow(m);
		return;
	}
	json_object_array_add(m->waiting, json_object_get(event));
	sd_event_source_set_enabled(m->send, SD_EVENT_ONESHOT);
}

static int on_send(_unused_ sd_event_source *s, void *arg)
{
	struct monitor *m = arg;
	size_t all = json_object_array_length(m->waiting), n = all < SEND_MAX ? all : SEND_MAX;

	for (size_t i = 0; i < n; i++) {
		struct json_object *reply = json_object_new_object();

		if (call_is_slow(m->call)) {
			json_object_put(reply);
			too_slow(m);
			return 0;
		}
		add(reply, "event", json_object_get(json_object_array_get_idx(m->waiting, i)));
		call_progress(m->call, reply);
	}
	json_object_array_del_idx(m->waiting, 0, n);
	return n < all ? sd_event_source_set_enabled(m->send, SD_EVENT_ONESHOT) : 0;
}

static void on_vanished(struct call *c)
{
	monitor_end(c->data);
}

static int monitor_new(struct monitor **ret, struct call *c, struct engine *g)
{
	struct monitor *m = must(calloc(1, sizeof(*m)));
	int r;

	*m = (struct monitor){ { .told = on_told }, .call = c, .engine = g, .waiting = must(json_object_new_array()) };
	events_subscribe(engine_events(g), &m->subscriber);
	r = sd_event_add_defer(call_event(c), &m->send, on_send, m);
	if (r >= 0)
		r = sd_event_source_set_enabled(m->send, SD_EVENT_OFF);
	if (r < 0) {
		monitor_end(m);
		return r;
	}
	*ret = m;
	return 0;
}

void method_monitor(struct call *c, _unused_ const void *in, void *arg)
{
	struct method_context *context = arg;
	struct json_object *reply;
	struct monitor *m;
	struct err e;
	int r;

	if (!c->more || c->oneway) {
		call_error(c, EXPECTED_MORE, NULL);
		return;
	}
	if (status_topologies(context->engine, NULL, &reply, &e) < 0) {
		call_refused(c, &e);
		return;
	}
	json_object_object_del(reply, "namespaces");
	r = monitor_new(&m, c, context->engine);
	if (r < 0) {
		json_object_put(reply);
		err_set(&e, r, "monitoring: %s", strerror(-r));
		call_refused(c, &e);
		return;
	}
	c->data = m;
	c->vanished = on_vanished;
	call_progress(c, reply);
}

struct log_in {
	const char *name;
	uint64_t limit;
};
static const struct json_member log_members[] = {
	JSON_MEMBER(log_in, name, TEXT, .optional = true),
	JSON_MEMBER(log_in, limit, U64, .optional = true, .min = 1, .absent = EVENTS_MAX),
};
const struct json_struct log_takes = PARAMETERS(log_in, log_members);

void method_log(struct call *c, const void *parameters, void *arg)
{
	struct json_object *reply = json_object_new_object();
	const struct log_in *in = parameters;
	struct method_context *m = arg;

	add(reply, "events", events_last(engine_events(m->engine), in->name, in->limit));
	call_reply(c, reply);
}
