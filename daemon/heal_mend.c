/* SPDX-License-Identifier: MIT */
/* heal_mend.c - makes again what the kernel made, once, with an object of ours, and
 * somebody took away. */
#include "healing.h"
#include "work.h"

static void mend(struct heal *h, struct work *w, struct object *have, struct object *want)
{
	struct op op = { .before = have, .after = want, .diff = kind_mask(want->kind, BARE) | kind_mask(want->kind, FIXED) };
	struct drift *one = drift_find(&h->m->drifts, want);
	bool known = one && one->open, waits;
	struct err e;
	int r;

	one = drift_note(&h->m->drifts, want, h->now);
	if (one && !known && h->told < TOLD_MAX) {
		h->told++;
		heal_tell(h, EVENT_DRIFT, &op, one, NULL);
	}
	waits = h->report || (one && one->until > h->now);
	r = waits ? 0 : want->kind->mend(w, have, &e);
	/* Made with another one just now. */
	if (r == -EEXIST && one)
		one->open = one->refused = false;
	/* The next look is not to take it for well. */
	else if (waits || (r < 0 && r != -EEXIST))
		scope_find(&h->scope, have->netns)->kept->unrouted = true;
	else if (r == 0)
		heal_count(h, &op);
}

static bool is_any_bereft(const struct heal *h)
{
	for (size_t i = 0; i < h->scope.observed.n; i++)
		if (h->scope.observed.objects[i]->bereft)
			return true;
	return false;
}

void heal_mend(struct heal *h)
{
	const struct plan nothing = { .desired = &h->scope.desired, .observed = &h->scope.observed };
	struct work w;

	if (!is_any_bereft(h))
		return;
	work_init(&w, &nothing, &h->scope.set, h->m->known.name, h->g->machine);
	for (size_t i = 0; i < h->scope.observed.n; i++) {
		struct object *have = h->scope.observed.objects[i];
		struct object *want = have->bereft ? model_find(&h->scope.desired, have->id) : NULL;
		const struct object *on = want ? model_find_ref(&h->scope.desired, "link", want->place) : NULL;

		if (want && !(on && heal_is_blocked(h, on)) && want->kind->can_mend(&w, have))
			mend(h, &w, have, want);
	}
	work_done(&w);
}
