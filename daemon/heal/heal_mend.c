/* SPDX-License-Identifier: MIT */
/* heal_mend.c - makes again what the kernel made, once, with an object of ours, and
 * somebody took away. */
#include "healing.h"
#include "kernel/work.h"

static bool mend(struct heal *h, struct work *w, struct object *have, struct object *want)
{
	struct op op = { .before = have, .after = want, .diff = kind_mask(want->kind, BARE) | kind_mask(want->kind, FIXED) };
	struct drift *one = drift_find(&h->m->drifts, want);
	bool known = drift_is_told(one);
	struct err e;
	int r;

	one = drift_note(&h->m->drifts, want, h->now);
	if (one && !known && h->told < TOLD_MAX) {
		h->told++;
		heal_tell(h, EVENT_DRIFT, &op, one, NULL);
	}
	if (h->report || heal_is_damped(h, one)) {
		heal_skip(h, &op, h->report ? WHY_NOT_ON_DRIFT_REPORT : heal_damped_by(h, &op, one));
		h->pending |= one && one->refused;
		return false;
	}
	r = want->kind->mend(w, have, &e);
	if (r < 0 && r != -EEXIST)
		return heal_refused(h, &op, &e);
	if (r == 0)
		heal_count(h, &op);
	else if (one)	/* made with another one just now */
		one->open = one->refused = false;
	return false;
}

static bool is_any_bereft(const struct heal *h)
{
	for (size_t i = 0; i < h->pass.observed.n; i++)
		if (h->pass.observed.objects[i]->bereft)
			return true;
	return false;
}

bool heal_mend(struct heal *h)
{
	const struct plan nothing = { .desired = &h->scope.desired, .observed = &h->pass.observed };
	bool again = false;
	struct work w;

	if (!is_any_bereft(h))
		return false;
	work_init(&w, &nothing, &h->pass.set, h->m->known.name, h->env->identity);
	for (size_t i = 0; i < h->pass.observed.n; i++) {
		struct object *have = h->pass.observed.objects[i];
		struct object *want = have->bereft ? model_find(&h->scope.desired, have->id) : NULL;
		const struct object *on = want ? model_find_ref(&h->scope.desired, "link", want->place) : NULL;

		if (want && !(on && heal_blocked_by(h, on)) && want->kind->can_mend(&w, have))
			again |= mend(h, &w, have, want);
	}
	work_done(&w);
	return again;
}
