/* SPDX-License-Identifier: MIT */
/* heal_why.c - records why something is not healed: in its drift, for its status, and in the debug log. */
#include "heal.h"
#include "topology/topology.h"
#include "healing.h"
#include "base/log.h"

enum { SAY_AGAIN_USEC = 60000000 };

static void say(const struct heal *h, const struct drift *one)
{
	const char *what = one->expected ? one->expected : one->actual ? one->actual : one->kind;
	bool more = strcmp(what, one->kind);
	struct log_about about = {
		.topology = h->topology->name,
		.netns = one->netns,
		.interface = one->name,
		.expected = one->expected,
		.actual = one->actual,
		.reason = why_not_word(one->why),
	};

	log_say(LOG_DEBUG, &about, "%s: %s %s%s%s is not healed (%s): %s", h->topology->name, one->kind, one->object,
		more ? " " : "", more ? what : "", why_not_word(one->why), why_not_sentence(one->why));
}

void heal_skip(struct heal *h, const struct op *op, enum why_not why)
{
	struct drift *one = drift_find(&h->topology->drifts, heal_object(op));
	bool described = one && one->open && (!one->quiet || one->noted == h->now);

	/* What an earlier step creates is skipped with that step. */
	if (op->given)
		return;
	one = drift_note_quietly(&h->topology->drifts, heal_object(op), h->now);
	if (!one)
		return;
	if (!described)
		heal_describe(h, op, one);
	if (drift_skip(one, why, h->now) && one->kind)
		say(h, one);
}

/* Whether an object of others is in its place: a heal does not check further before the kernel refuses ours. */
static bool is_barred(const struct heal *h, const struct object *want)
{
	for (size_t i = 0; i < h->pass.observed.n; i++) {
		const struct beside *b = h->pass.observed.objects[i]->beside;

		if (b && !strcmp(b->id, want->id))
			return true;
	}
	return false;
}

enum why_not heal_damped_by(const struct heal *h, const struct op *op, const struct drift *one)
{
	enum why_not why = drift_damped_by(one, h->now);

	if (why != WHY_NOT_REFUSED)
		return why;
	if (heal_is_retry(h, op))
		return WHY_NOT_UNUSABLE;
	return op->after && is_barred(h, op->after) ? WHY_NOT_BARRED : why;
}

void heal_skip_all(struct heal *h, enum why_not why)
{
	/* A removal that makes room for another object is part of that one. */
	for (size_t i = 0; i < h->pass.plan.n; i++)
		if (!heal_made_first(h, &h->pass.plan.ops[i]))
			heal_skip(h, &h->pass.plan.ops[i], why);
}

static bool is_at(const struct problem *p, const struct object *o)
{
	return p->where.pointer && o->where.pointer && !strcmp(p->where.pointer, o->where.pointer);
}

/* A conflict has no step that could be left out. */
static void skip_impossible(struct heal *h, const struct problem *p, struct object *want)
{
	struct object *have = is_at(p, want) ? model_find(&h->pass.observed, want->id) : NULL;
	struct op op = { .before = have,
			 .after = want,
			 .diff = kind_mask(want->kind, BARE) | kind_mask(want->kind, FIXED) };
	enum why_not why = have                 ? heal_kept_out_by(have, want)
			   : want->name_blocked ? WHY_NOT_NAME_BLOCKED
						: WHY_NOT_MISSING;

	if (is_at(p, want) && why && (have || want->managed))
		heal_skip(h, &op, why);
}

void heal_skip_impossible(struct heal *h)
{
	for (size_t i = 0; i < h->pass.problems.n; i++)
		for (size_t n = 0; n < h->scope.desired.n; n++)
			skip_impossible(h, &h->pass.problems.v[i], h->scope.desired.objects[n]);
}

enum why_not heal_reason_of(const struct heal *h, const struct problem *p)
{
	for (size_t i = 0; i < h->scope.desired.n; i++) {
		const struct object *want = h->scope.desired.objects[i];
		const struct drift *one = is_at(p, want) ? drift_find(&h->topology->drifts, want) : NULL;

		if (one && one->open && one->why)
			return one->why;
	}
	return h->topology->again_usec ? WHY_NOT_UNOBSERVED : WHY_NOT_NONE;
}

enum why_not heal_left_alone(const struct env *env, const struct topology *t)
{
	enum why_not why = topology_left_alone(env, t);

	return !why && t->again_usec ? WHY_NOT_UNOBSERVED : why;
}

void heal_say_left_alone(const struct env *env, struct topology *t)
{
	enum why_not why = heal_left_alone(env, t);
	struct log_about about = { .topology = t->name, .reason = why_not_word(why) };
	uint64_t now = why ? heal_now() : 0;

	/* About a running change only the drift that it keeps from being healed is worth a line. */
	if (!why || (why == WHY_NOT_CHANGING && !watched_is_marked(t)) ||
	    (why == t->said && now - t->said_usec < SAY_AGAIN_USEC))
		return;
	t->said = why;
	t->said_usec = now;
	log_say(LOG_DEBUG, &about, "%s is not healed (%s): %s", t->name, about.reason, why_not_sentence(why));
}
