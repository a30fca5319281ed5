/* SPDX-License-Identifier: MIT */
/* heal_note.c - records drift and reports it in the words of a plan. */
#include "usec.h"
#include "healing.h"
#include "kernel/netns_users.h"

uint64_t heal_now(void)
{
	return usec_now(CLOCK_BOOTTIME);
}

/* @other: how the same object was declared, or observed. */
static const char *describe(struct arena *a, const struct object *o, const struct object *other, uint64_t mask)
{
	const char *s = !o                                ? NULL
			: other && other->kind == o->kind ? object_describe_unlike(a, o, other, mask)
							  : object_describe(a, o, NULL, mask);

	return s && !*s ? o->kind->name : s;
}

static uint64_t told_of(const struct op *op, const struct object *o)
{
	/* The place does not say which of a list it is. */
	if (op->before && op->after && op->before->kind == op->after->kind)
		return op->diff | (o->kind->form == FORM_LIST ? kind_mask(o->kind, BARE) : 0);
	return op->after ? ~UINT64_C(0) : kind_mask(o->kind, BARE) | kind_mask(o->kind, FIXED);
}

/* Describes in one line what happened to the object. */
static const char *in_words(struct arena *a, const struct op *op, const struct event *ev, const char *message)
{
	const char *what = ev->expected ? ev->expected : ev->actual, *space = strcmp(what, ev->kind) ? " " : "";
	/* "ns1/lo" is one by its form. */
	bool is_link = !strcmp(ev->kind, "link");

	if (!*space)
		what = ""; /* "namespace ns1" says everything */
	if (message)
		return arena_fmt(a, "%s %s%s%s %s", ev->kind, ev->object, space, what, message);
	if (op->before && op->after)
		return arena_fmt(a, "%s%s%s: %s, declared %s", is_link ? "" : ev->kind, is_link ? "" : " ", ev->object,
				 ev->actual, ev->expected);
	return arena_fmt(a, "%s %s%s%s was %s", ev->kind, ev->object, space, what, op->after ? "removed" : "added");
}

static struct event event_of(const struct heal *h, struct arena *a, const struct op *op)
{
	const struct object *o = heal_object(op);
	uint64_t mask = told_of(op, o);
	struct event ev = {
		.topology = h->topology->name,
		.kind = o->kind->label,
		.object = o->place,
		.expected = describe(a, op->after, op->before, mask),
		.actual = op->before && op->before->instead ? op->before->instead
							    : describe(a, op->before, op->after, mask),
	};

	if (ev.actual && op->before->out_of_order)
		ev.actual = arena_fmt(a, "%s %s", ev.actual, o->kind->out_of_order);
	return ev;
}

void heal_tell(struct heal *h, enum event_type type, const struct op *op, struct drift *one, const char *message)
{
	const struct object *o = heal_object(op);
	const struct scope_part *part = scope_find(&h->scope, o->netns);
	struct arena a = { 0 };
	struct event ev = event_of(h, &a, op);

	ev.type = type;
	ev.by = type == EVENT_DRIFT && part && *part->by && o->kind->tells_who ? part->by : NULL;
	ev.why = type == EVENT_CONTESTED ? WHY_NOT_CONTESTED : heal_damped_by(h, op, one);
	if (h->report && type == EVENT_DRIFT)
		ev.why = WHY_NOT_ON_DRIFT_REPORT;
	if (one && type == EVENT_DRIFT) {
		drift_say(one, o, ev.expected, ev.actual, ev.by);
		one->quiet = false;
	} else if (one && *one->by) {
		ev.by = one->by;
	}
	ev.message = arena_fmt(&a, "%s%s", in_words(&a, op, &ev, message),
			       h->report && type == EVENT_DRIFT ? "; reported but not healed, as its file says" : "");
	events_tell(h->env->events, &ev);
	arena_done(&a);
}

void heal_tell_failed(struct heal *h)
{
	const struct problem *p = &h->refused.v[0];
	enum event_type type = problems_await(&h->refused) ? EVENT_WAITING : EVENT_FAILED;
	struct event ev = { .type = type,
			    .topology = h->topology->name,
			    .message = p->message,
			    .verb = type == EVENT_WAITING ? "waiting" : "failed",
			    .code = p->code,
			    .why = heal_reason_of(h, p) };

	events_tell(h->env->events, &ev);
}

static bool is_restored(const struct netns *ns, const void *scope)
{
	return scope_find(scope, ns->name)->restored;
}

/* The processes that run in a deleted namespace may be why it was deleted, or why it must not be. */
static void say_inhabitants(const struct heal *h, char *ret, size_t size)
{
	struct netns_user *all;
	size_t n = netns_users_find(&h->pass.set, is_restored, &h->scope, &all);

	*ret = '\0';
	if (n)
		snprintf(ret, size, "; %s is used by %d (%s)%s", all[0].netns, all[0].pid, all[0].command,
			 n > 1 ? ", and others" : "");
	free(all);
}

void heal_tell_healed(struct heal *h)
{
	char message[256], inhabitants[160];
	double ms = (double)(heal_now() - h->began) / 1000;
	struct event ev = { .type = EVENT_HEALED, .topology = h->topology->name, .message = message };

	say_inhabitants(h, inhabitants, sizeof(inhabitants));
	if (h->healed)
		snprintf(message, sizeof(message), "healed in %zu step%s and %.1f ms%s", h->healed,
			 h->healed == 1 ? "" : "s", ms, inhabitants);
	else
		snprintf(message, sizeof(message), "everything is as declared again");
	events_tell(h->env->events, &ev);
}

/* The removal that prepares a recreation, as the change that the two amount to. */
static struct op recreate_as_change(const struct heal *h, const struct op *op)
{
	struct op both = *op;

	if (op->after || op->effect != EFFECT_RECREATE)
		return both;
	both.after = model_find(&h->scope.desired, op->before->id);
	both.diff = kind_mask(op->before->kind, BARE) | kind_mask(op->before->kind, FIXED);
	return both;
}

void heal_describe(struct heal *h, const struct op *op, struct drift *one)
{
	struct op whole = recreate_as_change(h, op);
	struct arena a = { 0 };
	struct event ev = event_of(h, &a, &whole);

	drift_say(one, heal_object(op), ev.expected, ev.actual, NULL);
	arena_done(&a);
}

/* Records drift, and reports what is new of it. */
void heal_note_all(struct heal *h)
{
	struct drifts *d = &h->topology->drifts;

	for (size_t i = 0; i < h->pass.plan.n; i++) {
		const struct op *op = &h->pass.plan.ops[i];
		const struct object *o = heal_object(op);
		struct drift *one = op->given ? NULL : drift_find(d, o);
		bool known = drift_is_told(one);
		struct op whole;

		/* A removal that makes room for another object is part of that one. */
		if (op->given || h->told == TOLD_MAX || heal_made_first(h, op))
			continue;
		one = drift_note(d, o, h->now);
		/* Too many to be recorded: they would be reported again with each observation. */
		if (known || !one)
			continue;
		h->told++;
		whole = recreate_as_change(h, op);
		heal_tell(h, EVENT_DRIFT, &whole, one, NULL);
	}
	for (size_t i = 0; i < h->scope.n; i++) {
		const struct scope_part *part = &h->scope.parts[i];

		for (size_t n = 0; !part->all && n < part->n; n++)
			drift_settle(d, part->watched->name, part->only[n], h->now);
		if (part->all)
			drift_settle(d, part->watched->name, NULL, h->now);
	}
}

/* The next observation, whatever link it is about, must not take for healed what it does not look at. */
void heal_doubt(const struct heal *h)
{
	for (size_t i = 0; i < h->topology->drifts.n; i++) {
		const struct drift *one = &h->topology->drifts.v[i];
		struct watched *k = one->open ? watched_find(h->topology, one->netns) : NULL;

		if (k)
			k->unrouted = k->crowded = true;
	}
}
