/* SPDX-License-Identifier: MIT */
/* heal.c - repairs drift.  A heal is never rolled back: the state it starts from is not one that anybody asked for, and
 * a restart continues from wherever it stopped. */
#include "heal.h"
#include "topology/topology.h"
#include "store/event.h"
#include "healing.h"

enum {
	ROUNDS_MAX = 8,       /* each observes again: the kernel removes dependents, and a step may be refused */
	AGAIN_USEC = 1000000, /* after observing has failed */
};

static void fail(struct heal *h, const struct err *e, const struct object *o)
{
	char object[600];

	if (o)
		snprintf(object, sizeof(object), "%s %s", o->kind->label, o->place);
	problem_add_err(&h->refused, e, o ? &o->where : NULL, o ? object : NULL);
}

/* Adds to the scope what @o refers to, or gives, if that was only assumed to be as declared. */
static bool widen_to(struct heal *h, const struct object *o, bool gives)
{
	bool wider = false;
	struct ref ref;

	for (size_t i = 0; object_ref(o, gives, &i, &ref);) {
		const struct object *base = model_find_ref(&h->pass.observed, ref.class, ref.to);

		if (base && base->assumed)
			wider |= scope_add(&h->scope, base, false);
	}
	return wider;
}

/* Widens the scope by what a step reaches and was not observed. */
static bool widen(struct heal *h)
{
	bool wider = false;

	for (size_t i = 0; i < h->pass.plan.n; i++) {
		const struct op *op = &h->pass.plan.ops[i];
		const struct object *o = heal_object(op);

		/* A change of forwarding resets other keys of its namespace. */
		if (op->before && op->after && object_is(o, "netns"))
			wider |= scope_add(&h->scope, o, true);
		/* The event of a deleted bridge comes after those of its ports. */
		wider |= widen_to(h, o, false);
		wider |= widen_to(h, o, true);
	}
	return wider;
}

static int observe_and_plan(struct heal *h, struct err *e)
{
	bool again;

	do {
		if (scope_open(&h->scope, &h->pass, e) < 0)
			return e->code;
		watched_hear(h->env, &h->pass.set);
		if (scope_observe(&h->scope, &h->pass, e) < 0)
			return e->code;
		again = heal_restore_renamed(h);
		if (again)
			continue;
		heal_find_others(h);
		/* A conflict is a problem of its own; the rest is healed all the same. */
		(void)!pass_plan(&h->pass);
	} while (again || widen(h));
	return 0;
}

static void restore_name(struct heal *h, struct netns *ns, const struct op *op, struct drift *one)
{
	struct err e;

	if (pass_name(&h->pass, ns, &e) < 0) {
		if (one)
			drift_refuse(one, h->now);
		fail(h, &e, op->after);
		return;
	}
	h->healed++;
	scope_find(&h->scope, ns->name)->restored = true;
	if (one && drift_heal(&h->topology->drifts, one, h->now))
		heal_tell(h, EVENT_CONTESTED, op, NULL, "loses its name again and again; restoring it is delayed now");
}

/* A namespace that was unlinked but is still alive gets its name back before anything else. */
static void restore_names(struct heal *h)
{
	for (size_t i = 0; i < h->pass.set.n; i++) {
		struct netns *ns = &h->pass.set.v[i];
		struct object *o = model_netns(&h->scope.desired, ns->name);
		struct op op = { .after = o };
		struct drift *one = ns->state == NETNS_UNLINKED && o ? drift_find(&h->topology->drifts, o) : NULL;
		bool known = drift_is_told(one);

		/* A namespace of another topology is restored by that topology. */
		if (ns->state != NETNS_UNLINKED || !o || o->managed)
			continue;
		one = drift_note(&h->topology->drifts, o, h->now);
		if (!known)
			heal_tell(h, EVENT_DRIFT, &op, one, "lost its name");
		h->pending |= one && one->until > h->now && one->refused;
		if (h->report || (one && one->until > h->now))
			heal_skip(h, &op, h->report ? WHY_NOT_ON_DRIFT_REPORT : heal_damped_by(h, &op, one));
		else
			restore_name(h, ns, &op, one);
	}
}

/* Counts a step that was executed; reports if its object has become contested with it. */
static void count(struct heal *h, const struct op *op)
{
	struct drift *one = drift_find(&h->topology->drifts, heal_object(op));

	/* A recreated object counts once. */
	if (op->given || (!op->after && op->effect == EFFECT_RECREATE))
		return;
	if (one && heal_is_retry(h, op)) {
		one->refused = false;
		one->tried = true;
		return;
	}
	h->healed++;
	if (one && drift_heal(&h->topology->drifts, one, h->now))
		heal_tell(h, EVENT_CONTESTED, op, one,
			  "is changed again and again; healing it is delayed now, a little longer each time");
}

static void mark_around(struct heal *h, const struct object *o)
{
	struct scope_part *part = scope_find(&h->scope, o->netns);

	if (part) {
		(void)scope_add(&h->scope, o, true);
		part->unrouted = true;
	}
}

/* A refused step is retried once at once, after observing everything around it: what it depends on may just have gone,
 * with no event for that yet. */
static void refused(struct heal *h, const struct op *op, const struct err *e)
{
	struct drift *one = op ? drift_note(&h->topology->drifts, heal_object(op), h->now) : NULL;

	/* A route may need an address of an interface that is missing: the missing interface is reported. */
	if (one && heal_is_missing(h)) {
		drift_put_off(one, h->now);
		heal_skip(h, op, WHY_NOT_OTHERS_MISSING);
		return;
	}
	if (one && !one->refused) {
		mark_around(h, heal_object(op));
		one->refused = true;
		return;
	}
	if (one) {
		drift_refuse(one, h->now);
		heal_skip(h, op, heal_damped_by(h, op, one));
	}
	fail(h, e, op ? heal_object(op) : NULL);
}

/* Whether the step is known to have been executed, if none was refused. */
static bool is_taken(const struct execution *x, const struct op *op)
{
	const struct op *deferred = x->deferred;
	const struct object *o = heal_object(op);

	return !deferred || o->kind != deferred->after->kind || strcmp(o->netns, deferred->after->netns) != 0;
}

static void count_all(struct heal *h)
{
	for (size_t i = 0; i < h->pass.plan.n; i++)
		if (is_taken(&h->pass.execution, &h->pass.plan.ops[i]))
			count(h, &h->pass.plan.ops[i]);
}

static void execute(struct heal *h)
{
	struct execution *x = &h->pass.execution;
	const struct op *op = NULL;
	struct err e;
	int r;

	while ((r = pass_execute(&h->pass, &op, &e)) > 0)
		;
	/* Where nothing could be sent, the first step stands for all. */
	if (r < 0 && !op)
		op = h->pass.plan.ops;
	if (r == 0)
		r = pass_name_all(&h->pass, NETNS_FRESH, &e);
	if (r == 0)
		count_all(h);
	/* The next observation shows whether the step waits for the kernel. */
	if (r == 0 && x->deferred && !h->deferred) {
		mark_around(h, x->deferred->after);
		h->deferred = true;
	} else if (r == 0 && x->deferred) {
		op = x->deferred;
		e = x->refused;
		r = e.code;
	}
	if (r < 0)
		refused(h, op, &e);
}

/* Watches what has been recreated. */
static void renew(struct heal *h)
{
	for (size_t i = 0; i < h->pass.set.n; i++) {
		struct netns *ns = &h->pass.set.v[i];
		const struct object *have = model_netns(&h->pass.observed, ns->name),
				    *want = model_netns(&h->scope.desired, ns->name);
		struct watched *k = h->scope.parts[i].watched;

		if (ns->state == NETNS_NAMED && have && want && (want->managed || have->owner == OWNER_OURS))
			watched_renew(h->env, k, ns, !want->managed);
		k->sorted = false;
	}
}

/* Notes whether a refused step waits to be retried. */
static void note_pending(struct heal *h)
{
	for (size_t i = 0; i < h->pass.plan.n; i++) {
		const struct drift *one = drift_find(&h->topology->drifts, heal_object(&h->pass.plan.ops[i]));

		h->pending |= one && one->refused && one->until > h->now;
	}
}

static void run(struct heal *h)
{
	struct err e;

	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		h->now = heal_now();
		if (observe_and_plan(h, &e) < 0) {
			fail(h, &e, NULL);
			h->topology->again_usec = h->now + AGAIN_USEC;
			break;
		}
		h->pending = false;
		/* Includes what waits, so before any of it is left out. */
		heal_remember_others(h);
		restore_names(h);
		/* The cause comes before what waits for it. */
		heal_skip_impossible(h);
		heal_leave_out(h, false);
		heal_note_tried(h);
		heal_note_beside(h);
		heal_note_all(h);
		heal_pace_retries(h);
		note_pending(h);
		heal_leave_out(h, true);
		if (h->report)
			heal_skip_all(h, WHY_NOT_ON_DRIFT_REPORT);
		if (h->report || h->pass.plan.n == 0)
			break;
		execute(h);
	}
	heal_tell_retries(h);
	renew(h);
}

static bool is_about(const struct problem *p, const char *netns)
{
	const char *place = p->object ? strchr(p->object, ' ') : NULL;
	size_t n = strlen(netns);

	return !place || (!strncmp(place + 1, netns, n) && strchr("/ ", place[n + 1]));
}

/* Marks what could not be healed, or waits to be, to be observed again. */
static void note_retry(struct heal *h)
{
	for (size_t i = 0; i < h->scope.n; i++) {
		const struct scope_part *part = &h->scope.parts[i];
		bool retry = h->pending || h->refused.more;

		for (size_t n = 0; n < h->refused.n && !retry; n++)
			retry = is_about(&h->refused.v[n], part->watched->name);
		if (retry)
			watched_retry(part->watched, part->all ? NULL : part->only);
	}
}

/* The conflict is the reason why a step was refused. */
static void problems_first(struct heal *h)
{
	struct problems refused = h->refused;

	h->refused = h->pass.problems;
	h->pass.problems = refused;
	for (size_t i = 0; i < refused.n; i++)
		problem_copy(&h->refused, &refused.v[i]);
}

/* Sets the state that the topology has from now on. */
static void settle(struct heal *h)
{
	struct topology *t = h->topology;
	enum topology_state state;

	t->healed += h->healed;
	if (h->healed)
		heal_tell_healed(h);
	problems_first(h);
	note_retry(h);
	/* The remaining problems are checked in the next heals. */
	if (!h->refused.n && watched_has_retry(h->topology))
		return;
	state = !h->refused.n ? STATE_UP : problems_await(&h->refused) ? STATE_WAITING : STATE_FAILED;
	if (h->refused.n && (!h->topology->heal_failed || state != t->state))
		heal_tell_failed(h);
	if (!h->refused.n && !h->topology->heal_failed)
		return;
	problems_done(&t->problems);
	t->problems = h->refused;
	h->refused = (struct problems){ 0 };
	h->topology->heal_failed = t->problems.n;
	t->state = state;
	/* Recovery without a repair is reported, too: somebody may wait for it. */
	if (state == STATE_UP && !h->healed)
		heal_tell_healed(h);
}

static bool is_marked(const struct env *env, const struct topology *t)
{
	return t->n_watched && !topology_left_alone(env, t) && watched_is_marked(t);
}

bool heal_needed(const struct env *env)
{
	for (size_t i = 0; i < env->n_topologies; i++)
		if (is_marked(env, env->topologies[i]))
			return true;
	return false;
}

bool heal_step(struct env *env)
{
	struct heal h = { .env = env, .began = heal_now() };
	enum reconcile kind;

	for (size_t i = 0; i < env->n_topologies && !h.topology; i++) {
		struct topology *t = env->topologies[(env->turn + i) % env->n_topologies];

		heal_say_left_alone(env, t);
		if (is_marked(env, t)) {
			h.topology = t;
			env->turn = (env->turn + i + 1) % env->n_topologies;
		}
	}
	if (!h.topology)
		return false;
	h.report = h.topology->on_drift == ON_DRIFT_REPORT;
	pass_init(&h.pass, &env->machine);
	scope_take(&h.scope, env, h.topology);
	run(&h);
	kind = h.healed || h.refused.n ? RECONCILE_HEAL : RECONCILE_CHECK;
	settle(&h);
	histogram_add(&env->durations[kind], heal_now() - h.began);
	heal_doubt(&h);
	heal_say_left_alone(env, h.topology);
	problems_done(&h.refused);
	free(h.others);
	pass_done(&h.pass);
	scope_done(&h.scope);
	return heal_needed(env);
}

uint64_t heal_deadline(const struct env *env)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < env->n_topologies; i++) {
		const struct topology *t = env->topologies[i];
		uint64_t one = drift_next(&t->drifts);

		if (t->again_usec && t->again_usec < one)
			one = t->again_usec;
		next = one < next ? one : next;
	}
	return next;
}

void heal_tick(struct env *env)
{
	uint64_t now = heal_now();

	for (size_t i = 0; i < env->n_topologies; i++) {
		struct topology *t = env->topologies[i];

		if (t->again_usec && t->again_usec <= now) {
			t->again_usec = 0;
			watched_mark_all(t);
		}
		for (size_t n = 0; n < t->drifts.n; n++) {
			struct drift *one = &t->drifts.v[n];
			struct watched *k = drift_due(one, now) ? watched_find(t, one->netns) : NULL;

			if (k)
				watched_mark(k, one->name);
		}
	}
}
