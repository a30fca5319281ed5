/* SPDX-License-Identifier: MIT */
/* wait.c - clients that wait until topologies are up, or namespaces exist.  Each event of a
 * topology triggers a check; with thousands of topologies, several events share one. */
#include "base/json.h"
#include "usec.h"
#include "wait.h"
#include "answer.h"
#include "engine/shape.h"
#include "engine/boot.h"
#include "store/event.h"
#include "heal/watched.h"

enum {
	NAMES_MAX = 4096,
	MESSAGE_MAX = 1024,
	WHY_MAX = 600,
	TIMEOUT_MAX = 86400,
	CHECK_SHARE = 10,
	FOR_EVER = -1,
	SETTLED_USEC = 100 * 1000
};

struct wait_in {
	struct json_object *names, *namespaces;
	bool declared;
	uint64_t timeout_seconds;
};
static const struct json_member members[] = {
	JSON_MEMBER(wait_in, names, LIST, .optional = true, .max = NAMES_MAX, .problem = name_problem),
	JSON_MEMBER(wait_in, namespaces, LIST, .optional = true, .max = NAMES_MAX, .problem = name_problem),
	JSON_MEMBER(wait_in, declared, FLAG, .optional = true),
	JSON_MEMBER(wait_in, timeout_seconds, U64, .optional = true, .max = TIMEOUT_MAX, .absent = FOR_EVER),
};
const struct json_struct wait_takes = PARAMETERS(wait_in, members);

struct waiter {
	struct subscriber subscriber; /* first: told gets a pointer to it */
	struct call *call;
	struct wait_in in; /* the call owns its lists */
	struct engine *engine;
	sd_event_source *check, *timeout;
	uint64_t rests_usec; /* CLOCK_MONOTONIC: no check until then */
};

/* What is waited for and missing. */
struct missing {
	struct json_object *names, *namespaces;
	char message[MESSAGE_MAX];
	const struct topology *failed; /* will not come up by itself */
	const char *netns;             /* a namespace that nothing is going to make; the call has it */
	char reason[MESSAGE_MAX];      /* why not */
};

static void missing_init(struct missing *m)
{
	*m = (struct missing){ .names = json_object_new_array(), .namespaces = json_object_new_array() };
}

static void missing_done(struct missing *m)
{
	json_object_put(m->names);
	json_object_put(m->namespaces);
}

static void miss(struct missing *m, struct json_object *list, const char *name, const char *what, const char *why)
{
	size_t n = strlen(m->message);

	json_object_array_add(list, json_object_new_string(name));
	snprintf(m->message + n, sizeof(m->message) - n, "%s%s%s%s", n ? "; " : "", what, name, why);
}

/* netnsd does not retry a topology that it could not bring up; one that is up and has a problem, it does. */
static bool is_lost(const struct topology *t)
{
	return t->state == STATE_FAILED && !topology_is_up(t);
}

/* Why it is not there, to follow the name. */
static const char *why(const struct topology *t, char text[WHY_MAX])
{
	static const char *const states[] = {
		[STATE_UP] = "",
		[STATE_DOWN] = " is down",
		[STATE_FAILED] = " has failed",
		[STATE_WAITING] = " is waiting",
	};

	snprintf(text, WHY_MAX, "%s%s%s", states[t->state], t->problems.n ? ": " : "",
		 t->problems.n ? t->problems.v[0].message : "");
	return text;
}

static void topology_check(const struct topology *t, struct missing *m)
{
	char text[WHY_MAX];

	if (t->state == STATE_UP)
		return;
	miss(m, m->names, t->name, "", why(t, text));
	if (!m->failed && is_lost(t))
		m->failed = t;
}

static void name_check(const struct engine *g, const char *name, struct missing *m)
{
	const struct topology *t = engine_find(g, name);

	if (t)
		topology_check(t, m);
	else
		miss(m, m->names, name, "there is no topology ", "");
}

/* A topology that is down is meant to be down, as long as nobody brings it up. */
static void netns_miss(struct missing *m, const char *netns, const struct topology *declared)
{
	static const char none[] = "no topology manages a namespace ";
	char reason[WHY_MAX], text[sizeof(declared->name) + WHY_MAX + 2] = "";

	if (declared && declared->state != STATE_UP)
		snprintf(text, sizeof(text), ": %s%s", declared->name, why(declared, reason));
	miss(m, m->namespaces, netns, none, text);
	if (m->netns || (declared && declared->state != STATE_DOWN))
		return;
	m->netns = netns;
	if (declared)
		snprintf(m->reason, sizeof(m->reason), "%s%s%s; netnsctl up %s", none, netns, text, declared->name);
	else
		snprintf(m->reason, sizeof(m->reason),
			 "no topology declares a namespace %s; netnsctl list shows those that exist", netns);
}

static void netns_check(const struct engine *g, const char *netns, struct missing *m)
{
	const struct topology *failed = NULL, *declared = NULL;
	const struct topology *const *all;
	size_t n = engine_topologies(g, &all);

	for (size_t i = 0; i < n; i++) {
		if (topology_is_up(all[i]) && engine_has_netns(g, all[i]->name, netns))
			return;
		if (!topology_declares(all[i], netns))
			continue;
		/* Of several, one that may still come up counts. */
		if (!declared || declared->state == STATE_DOWN)
			declared = all[i];
		if (is_lost(all[i]))
			failed = all[i];
	}
	netns_miss(m, netns, declared);
	m->failed = m->failed ? m->failed : failed;
}

static void check(const struct engine *g, const struct wait_in *in, struct missing *m)
{
	size_t n = list_size(in->names), n_namespaces = list_size(in->namespaces);
	const struct topology *const *all;
	size_t n_topologies;

	for (size_t i = 0; i < n; i++)
		name_check(g, list_text(in->names, i), m);
	for (size_t i = 0; i < n_namespaces; i++)
		netns_check(g, list_text(in->namespaces, i), m);
	if (n || n_namespaces)
		return;
	/* A topology that is down is meant to be down, once the start is finished. */
	n_topologies = engine_topologies(g, &all);
	for (size_t i = 0; i < n_topologies; i++)
		if (all[i]->state != STATE_DOWN || boot_is_starting(g))
			topology_check(all[i], m);
}

static bool is_there(const struct missing *m)
{
	return !json_object_array_length(m->names) && !json_object_array_length(m->namespaces);
}

static void failed_answer(struct call *c, const struct topology *t)
{
	static const struct problem unknown = { .message = "the reason is unknown" };
	struct json_object *reply = one_string("name", t->name);

	add(reply, "problem", shape_problem(t->problems.n ? &t->problems.v[0] : &unknown));
	call_error(c, ERROR("Failed"), reply);
}

/* No change is queued or running, and all of the boot directories has been tried. */
static bool is_settled(const struct engine *g)
{
	return !boot_is_starting(g) && !g->queue.first[LINE_OWN] && !g->queue.first[LINE_USERS];
}

/* Answers the call if that is possible now. */
static bool answer(struct engine *g, struct call *c, const struct wait_in *in, bool late)
{
	struct json_object *reply;
	struct missing m;
	bool done = true;

	missing_init(&m);
	check(g, in, &m);
	if (is_there(&m)) {
		call_reply(c, NULL);
	} else if (m.failed) {
		failed_answer(c, m.failed);
	} else if (in->declared && m.netns && is_settled(g)) {
		reply = one_string("namespace", m.netns);
		add(reply, "message", json_object_new_string(m.reason));
		call_error(c, ERROR("NoSuchNamespace"), reply);
	} else if (late) {
		reply = one_string("message", m.message);
		add(reply, "names", json_object_get(m.names));
		add(reply, "namespaces", json_object_get(m.namespaces));
		call_error(c, ERROR("TimedOut"), reply);
	} else {
		done = false;
	}
	missing_done(&m);
	return done;
}

static void waiter_end(struct waiter *w)
{
	events_unsubscribe(engine_events(w->engine), &w->subscriber);
	sd_event_source_disable_unref(w->check);
	sd_event_source_disable_unref(w->timeout);
	free(w);
}

static void check_at(struct waiter *w, uint64_t usec)
{
	sd_event_source_set_time(w->check, usec);
	sd_event_source_set_enabled(w->check, SD_EVENT_ONESHOT);
}

/* Not every change ends with an event. */
static void check_settled(struct waiter *w)
{
	if (w->in.declared && !is_settled(w->engine))
		check_at(w, usec_now(CLOCK_MONOTONIC) + SETTLED_USEC);
}

/* Checks only after the reporter is done: an event may be reported before the state has changed. */
static void on_told(struct subscriber *s, _unused_ struct json_object *event)
{
	struct waiter *w = (struct waiter *)s;

	check_at(w, w->rests_usec);
}

static int on_check(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	uint64_t began = usec_now(CLOCK_MONOTONIC);
	struct waiter *w = arg;

	if (answer(w->engine, w->call, &w->in, false)) {
		waiter_end(w);
		return 0;
	}
	w->rests_usec = usec_now(CLOCK_MONOTONIC);
	w->rests_usec += CHECK_SHARE * (w->rests_usec - began);
	check_settled(w);
	return 0;
}

static int on_timeout(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	struct waiter *w = arg;

	answer(w->engine, w->call, &w->in, true);
	waiter_end(w);
	return 0;
}

static void on_vanished(struct call *c)
{
	waiter_end(c->data);
}

static int waiter_new(struct call *c, const struct wait_in *in, struct engine *g)
{
	struct waiter *w = must(calloc(1, sizeof(*w)));
	int r;

	*w = (struct waiter){ { .told = on_told }, .call = c, .in = *in, .engine = g };
	events_subscribe(engine_events(w->engine), &w->subscriber);
	r = sd_event_add_time(call_event(c), &w->check, CLOCK_MONOTONIC, 0, 1, on_check, w);
	if (r >= 0)
		r = sd_event_source_set_enabled(w->check, SD_EVENT_OFF);
	if (r >= 0 && in->timeout_seconds != UINT64_MAX)
		r = sd_event_add_time_relative(call_event(c), &w->timeout, CLOCK_BOOTTIME,
					       in->timeout_seconds * 1000000, 1000, on_timeout, w);
	if (r < 0) {
		waiter_end(w);
		return r;
	}
	c->data = w;
	c->vanished = on_vanished;
	check_settled(w);
	return 0;
}

void method_wait(struct call *c, const void *parameters, void *arg)
{
	const struct wait_in *in = parameters;
	struct method_context *m = arg;
	struct err e;
	int r;

	boot_refresh(m->engine);
	if (answer(m->engine, c, in, !in->timeout_seconds))
		return;
	r = waiter_new(c, in, m->engine);
	if (r < 0) {
		err_set(&e, r, "waiting: %s", strerror(-r));
		call_refused(c, &e);
	}
}
