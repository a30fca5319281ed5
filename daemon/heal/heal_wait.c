/* SPDX-License-Identifier: MIT */
/* heal_wait.c - leaves out of a plan what has to wait: for others, for names and
 * interfaces to become free, or because healing it is damped. */
#include "healing.h"

enum { SKIPPED = 100 }; /* object.mark of a desired object, plus its reason: its step waits */

static bool is_skipped(const struct object *want)
{
	return want->mark >= SKIPPED;
}

enum why_not heal_kept_out_by(const struct object *have, const struct object *want)
{
	if (have->alias_of)
		return WHY_NOT_ALTNAME;
	if (have->owner == OWNER_OURS || want->managed || have->managed)
		return WHY_NOT_NONE;
	if (have->owner == OWNER_OTHER_TOPOLOGY)
		return WHY_NOT_OTHER_TOPOLOGY;
	return have->damage ? WHY_NOT_MARK_DAMAGED : WHY_NOT_FOREIGN;
}

/* Why @want has to wait for something that is missing, or not ours; WHY_NOT_NONE: it need not. */
static enum why_not blocked_by(const struct heal *h, const struct object *want)
{
	const struct object *have = model_find(&h->pass.observed, want->id),
			    *netns = model_netns(&h->scope.desired, want->netns);

	if (netns && netns != want && blocked_by(h, netns))
		return WHY_NOT_BLOCKED;
	if (have)
		return heal_kept_out_by(have, want);
	if (is_skipped(want))
		return WHY_NOT_BLOCKED;
	if (!want->managed || !(object_is(want, "netns") || (object_is(want, "link") && !is_loopback(want->name))))
		return WHY_NOT_NONE;
	return want->name_blocked ? WHY_NOT_NAME_BLOCKED : WHY_NOT_MISSING;
}

static bool stands_on_blocked(const struct heal *h, const struct object *o)
{
	struct ref ref;

	for (int gives = 0; gives < 2; gives++)
		for (size_t i = 0; object_ref(o, gives, &i, &ref);) {
			const struct object *base = model_find_ref(&h->scope.desired, ref.class, ref.to);

			/* What exists, and was to be recreated with what it depends on, is kept as well. */
			if (base && (blocked_by(h, base) || (is_skipped(base) && model_find(&h->pass.observed, o->id))))
				return true;
		}
	return false;
}

bool heal_is_missing(const struct heal *h)
{
	for (size_t i = 0; i < h->pass.problems.n; i++)
		if (h->pass.problems.v[i].awaited)
			return true;
	return false;
}

/* What the step leads to; NULL: a removal. */
static struct object *aim(const struct heal *h, const struct op *op)
{
	return op->after ? op->after : model_find(&h->scope.desired, op->before->id);
}

const struct object *heal_made_first(const struct heal *h, const struct op *op)
{
	const struct object *have = op->before ? op->before : model_find(&h->pass.observed, op->after->id);

	return have && have->out_of_order ? have->comes_after : NULL;
}

/* Whether healing @one is delayed: it is changed again and again, or was refused.  @one NULL: no. */
static bool is_damped(const struct heal *h, const struct drift *one)
{
	return one && one->until > h->now && (!one->put_off || heal_is_missing(h));
}

/* Whether the kernel has to finish something first; an event tells when it has. */
static bool is_kept(const struct heal *h, const struct object *want)
{
	unsigned seconds;
	struct err e;

	return want->kind->ready && want->kind->ready(&h->pass.observed, want, &seconds, &e) < 0;
}

/* Why the step has to wait; WHY_NOT_NONE: it need not. */
static enum why_not waits(const struct heal *h, const struct op *op, bool damped)
{
	const struct drift *one = damped ? drift_find(&h->topology->drifts, heal_object(op)) : NULL;
	const struct object *want = aim(h, op), *first = heal_made_first(h, op);
	enum why_not why = want ? blocked_by(h, want) : WHY_NOT_NONE;

	if (want && is_skipped(want))
		return want->mark - SKIPPED;
	if (first && (is_skipped(first) || (damped && is_damped(h, drift_find(&h->topology->drifts, first)))))
		return WHY_NOT_ORDER;
	if (why)
		return why;
	if (want && stands_on_blocked(h, want))
		return WHY_NOT_BLOCKED;
	if (want && damped && is_kept(h, want))
		return WHY_NOT_NOT_READY;
	return is_damped(h, one) ? heal_damped_by(h, op, one) : WHY_NOT_NONE;
}

void heal_leave_out(struct heal *h, bool damped)
{
	size_t kept = 0;

	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < h->pass.plan.n; i++) {
			struct object *want = aim(h, &h->pass.plan.ops[i]);
			enum why_not why =
				want && !is_skipped(want) ? waits(h, &h->pass.plan.ops[i], damped) : WHY_NOT_NONE;

			if (!why)
				continue;
			want->mark = SKIPPED + why;
			more = true;
		}
	}
	for (size_t i = 0; i < h->pass.plan.n; i++) {
		enum why_not why = waits(h, &h->pass.plan.ops[i], damped);

		if (why)
			heal_skip(h, &h->pass.plan.ops[i], why);
		else
			h->pass.plan.ops[kept++] = h->pass.plan.ops[i];
	}
	h->pass.plan.n = kept;
}
