/* SPDX-License-Identifier: MIT */
/* heal.c - puts right what is not as declared.  There is no way back from a heal: what
 * it starts from is nobody's wish, and a restart goes on from wherever it was. */
#include "heal.h"
#include "event.h"
#include "execute.h"
#include "healing.h"

enum {
	ROUNDS_MAX = 8,		/* each looks anew: the kernel takes things along, and a step may be refused */
	AGAIN_USEC = 1000000,	/* after a look that failed */
	SKIPPED = 100,		/* object.mark of a desired one: its step waits */
};

static void fail(struct heal *h, const struct err *e, const struct object *o)
{
	char object[600];

	if (o)
		snprintf(object, sizeof(object), "%s %s", o->kind->label, o->place);
	problem_add_err(&h->refused, e, o ? &o->where : NULL, o ? object : NULL);
}

/* Whether it has to wait for something that is not there, or not ours. */
static bool is_blocked(const struct heal *h, const struct object *want)
{
	const struct object *have = model_find(&h->scope.observed, want->id), *netns = model_netns(&h->scope.desired, want->netns);

	if (netns && netns != want && is_blocked(h, netns))
		return true;
	if (have)
		return have->owner != OWNER_OURS && !want->any && !have->any;
	return want->mark == SKIPPED || (want->any && (object_is(want, "netns") || (object_is(want, "link") && strcmp(want->name, "lo"))));
}

static bool stands_on_blocked(const struct heal *h, const struct object *o)
{
	struct ref ref;

	for (int gives = 0; gives < 2; gives++)
		for (size_t i = 0; object_ref(o, gives, &i, &ref);) {
			const struct object *base = model_find_ref(&h->scope.desired, ref.class, ref.to);

			/* What is there, and was to come again with what it stands on, stays as well. */
			if (base && (is_blocked(h, base) || (base->mark == SKIPPED && model_find(&h->scope.observed, o->id))))
				return true;
		}
	return false;
}

/* Whether something of others' making has not come yet. */
static bool is_missing(const struct heal *h)
{
	for (size_t i = 0; i < h->problems.n; i++)
		if (h->problems.v[i].awaited)
			return true;
	return false;
}

/* What the step leads to; NULL: nothing is to be there. */
static struct object *aim(const struct heal *h, const struct op *op)
{
	return op->after ? op->after : model_find(&h->scope.desired, op->before->id);
}

static bool waits(const struct heal *h, const struct op *op, bool damped)
{
	const struct drift *one = damped ? drift_find(&h->m->drifts, heal_object(op)) : NULL;
	const struct object *want = aim(h, op);

	if (want && (is_blocked(h, want) || stands_on_blocked(h, want)))
		return true;
	return one && one->until > h->now && (!one->put_off || is_missing(h));
}

/* Leaves out the steps that have to wait, also those for what is @damped, and for what
 * stands on that; what would only be taken away to be made anew stays, too. */
static void leave_out(struct heal *h, bool damped)
{
	size_t kept = 0;

	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < h->plan.n; i++) {
			struct object *want = aim(h, &h->plan.ops[i]);

			if (!want || want->mark == SKIPPED || !waits(h, &h->plan.ops[i], damped))
				continue;
			want->mark = SKIPPED;
			more = true;
		}
	}
	for (size_t i = 0; i < h->plan.n; i++)
		if (!waits(h, &h->plan.ops[i], damped))
			h->plan.ops[kept++] = h->plan.ops[i];
	h->plan.n = kept;
}

/* What @o refers to, or gives, and was only taken to be as declared, is to be looked at. */
static bool look_closer(struct heal *h, const struct object *o, bool gives)
{
	bool wider = false;
	struct ref ref;

	for (size_t i = 0; object_ref(o, gives, &i, &ref);) {
		const struct object *base = model_find_ref(&h->scope.observed, ref.class, ref.to);

		if (base && base->assumed)
			wider |= scope_add(&h->scope, base, false);
	}
	return wider;
}

/* A step that reaches what was not looked at: it is to be looked at first. */
static bool widen(struct heal *h)
{
	bool wider = false;

	for (size_t i = 0; i < h->plan.n; i++) {
		const struct op *op = &h->plan.ops[i];
		const struct object *o = heal_object(op);

		/* Forwarding sets other keys of its namespace anew. */
		if (op->before && op->after && object_is(o, "netns"))
			wider |= scope_add(&h->scope, o, true);
		/* A bridge that was deleted is told of after its ports. */
		wider |= look_closer(h, o, false);
		wider |= look_closer(h, o, true);
	}
	return wider;
}

static int look_and_plan(struct heal *h, struct err *e)
{
	do {
		plan_done(&h->plan);
		problems_done(&h->problems);
		h->problems = (struct problems){ 0 };
		if (scope_open(&h->scope, e) < 0)
			return e->code;
		keep_hear(h->g, &h->scope.set);
		if (scope_look(&h->scope, e) < 0)
			return e->code;
		heal_find_others(h);
		/* What cannot be had is a problem of its own; the rest is healed all the same. */
		(void)!plan_make(&h->plan, &h->scope.desired, &h->scope.observed, &h->problems);
	} while (widen(h));
	return 0;
}

/* A namespace that lost its name, but not its life, gets it back before anything else. */
static int find_again(struct heal *h, struct err *e)
{
	for (size_t i = 0; i < h->scope.set.n; i++) {
		struct netns *ns = &h->scope.set.v[i];
		struct object *o = model_netns(&h->scope.desired, ns->name);
		struct op op = { .after = o };
		struct drift *one;

		/* That of another topology is found again by that one. */
		if (ns->state != NETNS_LOST || !o || o->any)
			continue;
		one = drift_note(&h->m->drifts, o, h->now);
		if (one && one->until > h->now)
			continue;
		heal_tell(h, EVENT_DRIFT, &op, 0, "lost its name");
		if (h->report)
			continue;
		if (netns_find_again(&h->scope.set, ns, e) < 0)
			return e->code;
		h->healed++;
		if (one)
			one->open = false;
		if (one && drift_heal(&h->m->drifts, one, h->now))
			heal_tell(h, EVENT_CONTESTED, &op, 0, "loses its name again and again; giving it back now waits");
	}
	return 0;
}

static void count(struct heal *h, const struct op *op)
{
	struct drift *one = drift_find(&h->m->drifts, heal_object(op));

	if (op->given)
		return;
	h->healed++;
	if (one)
		one->open = false;
	if (one && drift_heal(&h->m->drifts, one, h->now))
		heal_tell(h, EVENT_CONTESTED, op, one->port, "is changed again and again; healing it now waits a little longer each time");
}

/* What was refused is tried again, but not at once. */
static void refused(struct heal *h, const struct op *op, const struct err *e)
{
	struct drift *one = op ? drift_note(&h->m->drifts, heal_object(op), h->now) : NULL;

	/* A route may need an address of what is not there: that is what is told. */
	if (one && is_missing(h)) {
		drift_put_off(one, h->now);
		return;
	}
	if (one)
		drift_pause(one, h->now);
	fail(h, e, op ? heal_object(op) : NULL);
}

static int name_fresh(struct heal *h, struct err *e)
{
	for (size_t i = 0; i < h->scope.set.n; i++)
		if (h->scope.set.v[i].state == NETNS_FRESH && netns_name(&h->scope.set, &h->scope.set.v[i], e) < 0)
			return e->code;
	return 0;
}

static void execute(struct heal *h)
{
	struct engine *g = h->g;
	struct execution x;
	const struct op *op = NULL;
	struct err e;
	int r;

	execute_init(&x, &h->plan, &h->scope.set, h->m->known.name, g->machine);
	if (x.work.next_index < g->next_index)
		x.work.next_index = g->next_index;
	while ((r = execute_step(&x, &op, &e)) > 0)
		;
	g->next_index = x.work.next_index;
	execute_done(&x);
	if (r == 0)
		r = name_fresh(h, &e);
	for (size_t i = 0; i < h->plan.n && r == 0; i++)
		count(h, &h->plan.ops[i]);
	if (r < 0)
		refused(h, op, &e);
}

/* What has been made anew is held and heard from now on. */
static void renew(struct heal *h)
{
	for (size_t i = 0; i < h->scope.set.n; i++) {
		struct netns *ns = &h->scope.set.v[i];
		const struct object *have = model_netns(&h->scope.observed, ns->name), *want = model_netns(&h->scope.desired, ns->name);
		struct kept *k = h->scope.spots[i].kept;

		if (ns->state == NETNS_NAMED && have && want && (want->any || have->owner == OWNER_OURS))
			keep_renew(h->g, k, ns, !want->any);
		k->sorted = false;
	}
}

static void run(struct heal *h)
{
	struct err e;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		h->now = heal_now();
		if (look_and_plan(h, &e) < 0 || find_again(h, &e) < 0) {
			fail(h, &e, NULL);
			h->m->again_usec = h->now + AGAIN_USEC;
			break;
		}
		leave_out(h, false);
		heal_note_all(h);
		leave_out(h, true);
		if (h->report || h->plan.n == 0)
			break;
		heal_remember_others(h);
		execute(h);
	}
	renew(h);
}

/* How the topology is from now on. */
static void settle(struct heal *h)
{
	struct known *k = &h->m->known;
	enum topology_state state;

	k->healed += h->healed;
	if (h->healed)
		heal_tell_healed(h);
	for (size_t i = 0; i < h->problems.n; i++)
		problem_copy(&h->refused, &h->problems.v[i]);
	for (size_t i = 0; i < h->scope.n; i++)
		if (h->refused.n)
			keep_unwell(h->scope.spots[i].kept, h->scope.spots[i].all ? NULL : h->scope.spots[i].only);
	/* The rest of what was not well is looked at in the next heals. */
	if (!h->refused.n && keep_is_unwell(h->m))
		return;
	state = !h->refused.n ? STATE_UP : problems_await(&h->refused) ? STATE_WAITING : STATE_FAILED;
	if (h->refused.n && (!h->m->heal_failed || state != k->state))
		heal_tell_failed(h);
	if (!h->refused.n && !h->m->heal_failed)
		return;
	problems_done(&k->problems);
	k->problems = h->refused;
	h->refused = (struct problems){ 0 };
	h->m->heal_failed = k->problems.n;
	k->state = state;
}

static bool is_marked(const struct engine *g, const struct member *m)
{
	/* What is just being changed is looked at by that change. */
	if (m->broken || m->known.awaiting || (g->at_work && !strcmp(g->first->change.name, m->known.name)))
		return false;
	return keep_is_marked(m);
}

bool heal_needed(const struct engine *g)
{
	for (size_t i = 0; i < g->n_members; i++)
		if (is_marked(g, g->members[i]))
			return true;
	return false;
}

bool heal_step(struct engine *g)
{
	struct heal h = { .g = g, .began = heal_now() };

	for (size_t i = 0; i < g->n_members && !h.m; i++) {
		struct member *m = g->members[(g->turn + i) % g->n_members];

		if (is_marked(g, m)) {
			h.m = m;
			g->turn = (g->turn + i + 1) % g->n_members;
		}
	}
	if (!h.m)
		return false;
	h.report = h.m->on_drift == ON_DRIFT_REPORT;
	scope_take(&h.scope, g, h.m);
	run(&h);
	settle(&h);
	plan_done(&h.plan);
	problems_done(&h.problems);
	problems_done(&h.refused);
	free(h.others);
	scope_done(&h.scope);
	return heal_needed(g);
}

uint64_t heal_deadline(const struct engine *g)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < g->n_members; i++) {
		uint64_t one = drift_next(&g->members[i]->drifts);

		next = one < next ? one : next;
		if (g->members[i]->again_usec && g->members[i]->again_usec < next)
			next = g->members[i]->again_usec;
	}
	return next;
}

void heal_tick(struct engine *g)
{
	uint64_t now = heal_now();

	for (size_t i = 0; i < g->n_members; i++) {
		struct member *m = g->members[i];

		if (m->again_usec && m->again_usec <= now) {
			m->again_usec = 0;
			keep_mark_all(m);
		}
		for (size_t n = 0; n < m->drifts.n; n++) {
			struct drift *one = &m->drifts.v[n];
			struct kept *k = one->open && one->until && one->until <= now ? keep_find(m, one->netns) : NULL;

			if (!k)
				continue;
			one->until = 0;
			keep_mark(k, one->name);
		}
	}
}
