/* SPDX-License-Identifier: MIT */
/* trace.c - the method Trace: the way is found as Explain does it, then each namespace on it tells what happens there,
 * until the time is over or the client has gone.  What was opened is closed one namespace after the other: the kernel takes
 * some milliseconds to remove a table. */
#include "trace.h"
#include "answer.h"
#include "costly.h"
#include "explain.h"
#include "inspect/gather.h"
#include "trace_held.h"
#include "usec.h"

enum {
	PLACE_MAX = 128,
	MESSAGE_MAX = 2048,
	PORT_MAX = 65535,
	TRACE_SECONDS_MAX = 60,
	TRACE_NETNS_MAX = 32, /* namespaces; each has two descriptors and more */
	TRACE_STEPS_MAX = 20000,
};
struct trace_in {
	const char *source, *to;
	enum flow_proto proto;
	uint32_t port, seconds;
};
static const struct json_member members[] = {
	JSON_MEMBER(trace_in, source, TEXT, .max = PLACE_MAX),
	JSON_MEMBER(trace_in, to, TEXT, .max = PLACE_MAX),
	JSON_MEMBER(trace_in, proto, WORD, .optional = true, .min = FLOW_ICMP, .word = flow_proto_word),
	JSON_MEMBER(trace_in, port, U32, .optional = true, .min = 1, .max = PORT_MAX),
	JSON_MEMBER(trace_in, seconds, U32, .min = 1, .max = TRACE_SECONDS_MAX),
};
const struct json_struct trace_takes = PARAMETERS(trace_in, members);

/* A step as it is sent. */
struct shape {
	uint64_t usec;
	bool back;
	uint32_t packet;
	unsigned state; /* 1: dropped */
	const char *object, *message, *command;
};

static const char *state_word(unsigned i)
{
	return i ? "dropped" : "passes";
}

static const struct json_member shape_members[] = {
	JSON_MEMBER(shape, usec, U64),
	JSON_MEMBER(shape, back, FLAG),
	JSON_MEMBER(shape, packet, U32),
	JSON_MEMBER(shape, state, WORD, .word = state_word),
	JSON_MEMBER(shape, object, TEXT, .max = PLACE_MAX),
	JSON_MEMBER(shape, message, TEXT, .max = MESSAGE_MAX),
	JSON_MEMBER(shape, command, TEXT, .optional = true, .max = MESSAGE_MAX),
};
static const struct json_struct shape_struct = JSON_STRUCT(shape, shape_members);

struct trace {
	struct method_context *context;
	struct call *call; /* NULL: the client has gone */
	struct traced_netns *v;
	sd_event_source **io; /* for each */
	size_t n, begun, ended;
	uint64_t seconds, began_usec;
	uint64_t lost, steps;
	struct held_steps held;
	sd_event_source *timer, *send, *end;
};

struct trace_question {
	struct question question; /* first: answer gets a pointer to it */
	struct explain_request request;
	struct explanation x;
	struct trace *trace;
	bool begun, walked;
};

void trace_free(struct trace *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++) {
		sd_event_source_disable_unref(t->io[i]);
		traced_done(&t->v[i]);
	}
	sd_event_source_disable_unref(t->timer);
	sd_event_source_disable_unref(t->send);
	sd_event_source_disable_unref(t->end);
	held_done(&t->held);
	t->context->trace = NULL;
	free(t->io);
	free(t->v);
	free(t);
}

/* ---- the end ---- */

static struct json_object *counters_json(const struct trace *t)
{
	struct json_object *list = json_object_new_array();
	_cleanup_(arena_done) struct arena a = { 0 };

	for (size_t i = 0; i < t->begun; i++) {
		uint64_t grown[TRACE_COUNTERS];

		traced_counters(&t->v[i], grown);
		for (size_t k = 0; k < TRACE_COUNTERS; k++) {
			struct json_object *o;

			if (!grown[k])
				continue;
			o = one_string("object", t->v[i].name);
			add(o, "counter", json_object_new_string(traced_counter_name(k, &a)));
			add(o, "packets", json_object_new_int64((int64_t)grown[k]));
			json_object_array_add(list, o);
		}
	}
	return list;
}

static void send_step(struct trace *t, const struct held *h)
{
	const struct traced_step *step = &h->step;
	struct json_object *o;
	const struct shape s = { .usec = h->usec,
				 .back = step->back,
				 .packet = step->packet,
				 .state = step->dropped,
				 .object = step->object,
				 .message = step->message,
				 .command = step->command };

	if (call_is_slow(t->call) || t->steps == TRACE_STEPS_MAX) {
		t->lost++;
		return;
	}
	t->steps++;
	o = json_object_new_object();
	add(o, "step", json_encode(&shape_struct, &s));
	call_progress(t->call, o);
}

static void send_held(struct trace *t)
{
	held_sort(&t->held);
	for (size_t i = 0; t->call && i < t->held.n; i++)
		send_step(t, &t->held.v[i]);
	held_clear(&t->held);
}

static int on_send(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	send_held(arg);
	return 0;
}

/* Its texts are in the arena of those that are held. */
static void hold_step(struct trace *t, size_t place, const struct traced_step *step)
{
	if (!t->held.n) {
		(void)!sd_event_source_set_time_relative(t->send, HELD_USEC);
		(void)!sd_event_source_set_enabled(t->send, SD_EVENT_ONESHOT);
	}
	held_add(&t->held, place, usec_now(CLOCK_MONOTONIC) - t->began_usec, step);
}

/* All that are on their way got no further. */
static void hold_lost(struct trace *t)
{
	for (size_t i = 0; i < t->begun; i++) {
		struct traced_step step;

		while (traced_lost(&t->v[i], &t->held.arena, &step)) {
			hold_step(t, i, &step);
			if (t->held.n == HELD_MAX)
				send_held(t);
		}
	}
}

/* The answer of the call, once nothing of it is left. */
static void reply(const struct trace *t)
{
	struct json_object *o = json_object_new_object();
	size_t arrived[2] = { 0 };

	for (size_t i = 0; i < t->begun; i++)
		for (size_t k = 0; k < 2; k++)
			arrived[k] += t->v[i].arrived[k];
	add(o, "arrived", json_object_new_int64((int64_t)arrived[0]));
	add(o, "answered", json_object_new_int64((int64_t)arrived[1]));
	add(o, "lost", json_object_new_int64((int64_t)t->lost));
	add(o, "counters", counters_json(t));
	call_reply(t->call, o);
}

/* Closes one namespace with each call. */
static int on_end(sd_event_source *s, void *arg)
{
	struct trace *t = arg;

	if (t->ended < t->begun) {
		nft_trace_end(TAKE(t->v[t->ended].trace));
		t->ended++;
		return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
	}
	if (t->call)
		reply(t);
	trace_free(t);
	return 0;
}

static void trace_end(struct trace *t)
{
	t->timer = sd_event_source_disable_unref(t->timer);
	for (size_t i = 0; i < t->begun; i++)
		t->io[i] = sd_event_source_disable_unref(t->io[i]);
	hold_lost(t);
	send_held(t);
	sd_event_source_set_enabled(t->end, SD_EVENT_ONESHOT);
}

static void on_vanished(struct call *c)
{
	struct trace *t = c->data;

	t->call = NULL;
	trace_end(t);
}

static int on_time(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *arg)
{
	trace_end(arg);
	return 0;
}

/* ---- events ---- */

struct traced_ear {
	struct trace *trace;
	size_t place;
};

static void on_event(const struct nft_trace_event *event, void *arg)
{
	const struct traced_ear *h = arg;
	struct trace *t = h->trace;
	struct traced_step step;

	if (t->held.n == HELD_MAX)
		send_held(t);
	if (traced_event(&t->v[h->place], event, &t->held.arena, &step))
		hold_step(t, h->place, &step);
}

static int on_readable(sd_event_source *s, int fd, _unused_ uint32_t events, void *arg)
{
	struct trace *t = arg;
	size_t i = 0;

	while (t->io[i] != s)
		i++;
	(void)fd;
	if (nft_trace_read(t->v[i].trace, on_event, &(struct traced_ear){ t, i }) == -ENOBUFS)
		t->lost++;
	/* Texts of what was not worth to be held. */
	if (!t->held.n)
		held_clear(&t->held);
	return 0;
}

/* ---- the beginning ---- */

static bool is_ours(const struct netns_fact *n)
{
	return n->there && n->place != PLACE_FOREIGN;
}

static int add_netns(struct trace *t, const struct explanation *x, const struct netns_fact *n, struct err *e)
{
	if (!n || !is_ours(n) || t->n == TRACE_NETNS_MAX)
		return 0;
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->v[i].name, n->name))
			return 0;
	return traced_open(&t->v[t->n++], x, n, engine_env(t->context->engine)->netns_dir, e);
}

/* All on the way, and the one that it should get to. */
static int find_netns(struct trace *t, const struct explanation *x, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->n_passages; i++)
		r = add_netns(t, x, x->passages[i].n, e);
	return r;
}

static int sources_add(struct trace *t)
{
	sd_event *event = t->context->event;
	int r = sd_event_add_defer(event, &t->end, on_end, t);

	if (r >= 0)
		r = sd_event_source_set_enabled(t->end, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_source_set_priority(t->end, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_add_time_relative(event, &t->send, CLOCK_MONOTONIC, 0, 1, on_send, t);
	if (r >= 0)
		r = sd_event_source_set_enabled(t->send, SD_EVENT_OFF);
	return r;
}

/* Another namespace; 1: there are more. */
static int begin_one(struct trace *t, struct err *e)
{
	size_t i = t->begun;
	int r;

	if (i == t->n)
		return 0;
	if (traced_begin(&t->v[i], e) < 0)
		return e->code;
	t->begun++;
	r = sd_event_add_io(t->context->event, &t->io[i], nft_trace_fd(t->v[i].trace), EPOLLIN, on_readable, t);
	if (r >= 0)
		r = sd_event_source_set_priority(t->io[i], SD_EVENT_PRIORITY_IDLE);
	return r < 0 ? err_set(e, r, "event loop: %s", strerror(-r)) : 1;
}

/* From now on the call is the trace's. */
static void run(struct trace *t, struct call *c)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();

	t->call = c;
	t->began_usec = usec_now(CLOCK_MONOTONIC);
	c->data = t;
	c->vanished = on_vanished;
	for (size_t i = 0; i < t->n; i++)
		json_object_array_add(list, json_object_new_string(t->v[i].name));
	add(o, "namespaces", list);
	call_progress(c, o);
	if (sd_event_add_time_relative(t->context->event, &t->timer, CLOCK_MONOTONIC, t->seconds * 1000 * 1000, 1,
				       on_time, t) < 0)
		trace_end(t);
}

/* A step of the way; false: all of it is known. */
static bool walk(struct trace_question *q, const struct facts *f, struct err *e)
{
	if (!q->begun && explain_begin(&q->x, f, &q->request, facts_lookup, q->trace->context->engine, e) < 0)
		return false;
	q->begun = true;
	return explain_step(&q->x);
}

static bool on_answer(struct question *question, const struct facts *f)
{
	struct trace_question *q = (struct trace_question *)question;
	struct err e = { 0 };
	int r;

	if (!q->walked) {
		if (walk(q, f, &e))
			return true;
		if (!q->begun) {
			call_error(question->call, ERROR("NoSuchPlace"), one_string("place", e.text));
			return false;
		}
		q->walked = true;
		r = find_netns(q->trace, &q->x, &e);
		if (r == 0 && !q->trace->n)
			r = err_set(&e, ENOENT, "no namespace on the way is one that a topology names");
		if (r < 0)
			call_refused(question->call, &e);
		return r >= 0;
	}
	r = begin_one(q->trace, &e);
	if (r < 0)
		call_refused(question->call, &e);
	if (r != 0)
		return r > 0;
	run(TAKE(q->trace), question->call);
	return false;
}

/* A trace that did not get as far ends as any other. */
static void on_free(struct question *question)
{
	struct trace_question *q = (struct trace_question *)question;

	explanation_done(&q->x);
	if (q->trace)
		trace_end(q->trace);
	free(q);
}

static struct trace *trace_new(struct method_context *m, const struct trace_in *in)
{
	struct trace *t = must(calloc(1, sizeof(*t)));

	*t = (struct trace){ .context = m, .seconds = in->seconds };
	t->v = must(calloc(TRACE_NETNS_MAX, sizeof(*t->v)));
	t->io = must(calloc(TRACE_NETNS_MAX, sizeof(sd_event_source *)));
	m->trace = t;
	return t;
}

void method_trace(struct call *c, const void *parameters, void *arg)
{
	const struct trace_in *in = parameters;
	struct method_context *m = arg;
	struct trace_question *q;

	if (!c->more || c->oneway) {
		call_error(c, EXPECTED_MORE, NULL);
		return;
	}
	if (m->trace) {
		call_error(c, ERROR("TraceRuns"), NULL);
		return;
	}
	q = must(calloc(1, sizeof(*q)));
	*q = (struct trace_question){ .question = { .call = c, .answer = on_answer, .free = on_free },
				      .request = { .from = in->source,
						   .to = in->to,
						   .proto = flow_proto_number(in->proto),
						   .port = (uint16_t)in->port,
						   .all = true },
				      .trace = trace_new(m, in) };
	if (sources_add(q->trace) < 0) {
		struct err e;

		trace_free(TAKE(q->trace));
		err_set(&e, ENOMEM, "event loop: no more events");
		call_refused(c, &e);
		free(q);
		return;
	}
	costly_ask(m->costly, &q->question);
}
