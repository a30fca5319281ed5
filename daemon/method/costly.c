/* SPDX-License-Identifier: MIT */
/* costly.c - the queue of costly questions. */
#include "costly.h"
#include "answer.h"
#include "inspect/gather.h"
#include "usec.h"

/* A slice, and how old facts may be that a call shares. */
enum { SLICE_USEC = 2000, SHARED_USEC = 1000 * 1000 };

struct costly {
	struct engine *engine;
	struct question *first; /* is being answered; the others wait */
	struct gathering *gathering;
	struct facts *facts;
	sd_event_source *slice; /* in the loop of the first */
	sd_event_source *ready; /* likewise: of what it waits for */
};

struct costly *costly_new(struct engine *g)
{
	struct costly *k = must(calloc(1, sizeof(*k)));

	k->engine = g;
	return k;
}

void costly_free(struct costly *k)
{
	if (!k)
		return;
	facts_end(k->gathering);
	facts_free(k->facts);
	sd_event_source_disable_unref(k->slice);
	sd_event_source_disable_unref(k->ready);
	free(k);
}

static void begin(struct costly *k);

static void remove_question(struct costly *k, struct question *q)
{
	struct question **at = &k->first;
	bool was_first = k->first == q;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (was_first)
		k->ready = sd_event_source_disable_unref(k->ready);
	q->free(q);
	if (!was_first)
		return;
	facts_end(TAKE(k->gathering));
	k->slice = sd_event_source_disable_unref(k->slice);
	if (k->first)
		begin(k);
	else
		facts_free(TAKE(k->facts));
}

static void on_vanished(struct call *c)
{
	struct question *q = c->data;

	remove_question(q->costly, q);
}

/* True: there is more to do. */
static bool step(struct costly *k)
{
	if (!k->gathering)
		return k->first->answer(k->first, k->facts);
	if (facts_step(k->gathering))
		return true;
	facts_free(k->facts);
	k->facts = facts_take(k->gathering);
	facts_end(TAKE(k->gathering));
	return true;
}

static int on_ready(_unused_ sd_event_source *s, _unused_ int fd, _unused_ uint32_t events, void *arg)
{
	struct costly *k = arg;

	k->first->waits = 0;
	k->ready = sd_event_source_disable_unref(k->ready);
	sd_event_source_set_enabled(k->slice, SD_EVENT_ONESHOT);
	return 0;
}

/* Until the next slice. */
static void rest(struct costly *k)
{
	sd_event *event = sd_event_source_get_event(k->slice);

	if (!k->first->waits || sd_event_add_io(event, &k->ready, k->first->waits, EPOLLIN, on_ready, k) < 0)
		sd_event_source_set_enabled(k->slice, SD_EVENT_ONESHOT);
}

static int on_slice(_unused_ sd_event_source *s, void *arg)
{
	uint64_t began = usec_now(CLOCK_MONOTONIC);
	struct costly *k = arg;
	bool more;

	do
		more = step(k);
	while (more && !k->first->waits && usec_now(CLOCK_MONOTONIC) - began < SLICE_USEC);
	if (!more)
		remove_question(k, k->first);
	else
		rest(k);
	return 0;
}

static bool has_facts(const struct costly *k)
{
	return k->facts && k->facts->depth == k->first->depth && k->facts->began_usec >= k->first->asked_usec &&
	       usec_now(CLOCK_MONOTONIC) - k->facts->began_usec < SHARED_USEC;
}

/* Begins to answer the first question. */
static void begin(struct costly *k)
{
	int r = sd_event_add_defer(call_event(k->first->call), &k->slice, on_slice, k);

	if (r >= 0)
		r = sd_event_source_set_priority(k->slice, SD_EVENT_PRIORITY_IDLE);
	if (r < 0) {
		struct question *q = k->first;
		struct err e;

		err_set(&e, r, "event loop: %s", strerror(-r));
		call_refused(q->call, &e);
		remove_question(k, q);
		return;
	}
	if (!k->first->unaided && !has_facts(k))
		k->gathering = facts_begin(k->engine, k->first->depth);
}

static size_t count_waiting(const struct costly *k, uid_t uid)
{
	size_t n = 0;

	for (const struct question *q = k->first ? k->first->next : NULL; q; q = q->next)
		n += q->call->peer->uid == uid;
	return n;
}

struct json_object *costly_unread(const struct question *q, const struct facts *f)
{
	struct json_object *list;

	if (!f->n_unread || !q->call->peer->may_change)
		return NULL;
	list = must(json_object_new_array());
	for (size_t i = 0; i < f->n_unread; i++)
		json_object_array_add(list, json_object_new_string(f->unread[i]));
	return list;
}

void costly_ask(struct costly *k, struct question *q)
{
	struct question **last = &k->first;

	if (count_waiting(k, q->call->peer->uid)) {
		call_error(q->call, ERROR("TooManyQuestions"), NULL);
		q->free(q);
		return;
	}
	while (*last)
		last = &(*last)->next;
	*last = q;
	q->next = NULL;
	q->costly = k;
	q->asked_usec = usec_now(CLOCK_MONOTONIC);
	q->call->data = q;
	q->call->vanished = on_vanished;
	if (k->first == q)
		begin(k);
}
