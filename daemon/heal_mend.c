/* SPDX-License-Identifier: MIT */
/* heal_mend.c - makes again what the kernel made, once, with an object of ours, and
 * somebody took away. */
#include "healing.h"
#include "work.h"

static void mend(struct heal *h, struct work *w, struct object *have, struct object *want)
{
	struct op op = { .before = have, .after = want, .diff = kind_mask(want->kind, BARE) | kind_mask(want->kind, FIXED) };
	struct drift *one = drift_find(&h->m->drifts, want);
	bool known = one && one->open;
	struct err e;
	bool waits;
	int r;

	one = drift_note(&h->m->drifts, want, h->now);
	if (one && !known && h->told < TOLD_MAX) {
		h->told++;
		heal_tell(h, EVENT_DRIFT, &op, one, NULL);
	}
	waits = h->report || (one && one->until > h->now);
	r = waits ? 0 : want->kind->mend(w, have, &e);

	if (r == -EEXIST) {
		/* Made with another one just now. */
		if (one)
			one->open = one->refused = false;
		return;
	}
	if (waits || r < 0) {
		/* The next look is not to take it for well. */
		scope_find(&h->scope, have->netns)->kept->unrouted = true;
		return;
	}
	h->healed++;
	if (one && drift_heal(&h->m->drifts, one, h->now))
		heal_tell(h, EVENT_CONTESTED, &op, one, "is changed again and again; healing it now waits a little longer each time");
}

void heal_mend(struct heal *h)
{
	const struct plan nothing = { .desired = &h->scope.desired, .observed = &h->scope.observed };
	struct work w;

	work_init(&w, &nothing, &h->scope.set, h->m->known.name, h->g->machine);
	for (size_t i = 0; i < h->scope.observed.n; i++) {
		struct object *o = h->scope.observed.objects[i], *want = o->bereft ? model_find(&h->scope.desired, o->id) : NULL;

		const struct object *on = want ? model_find_ref(&h->scope.desired, "link", want->place) : NULL;

		if (want && !(on && heal_is_blocked(h, on)) && want->kind->can_mend(&w, o))
			mend(h, &w, o, want);
	}
	work_done(&w);
}
