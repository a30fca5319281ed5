/* SPDX-License-Identifier: MIT */
/* heal_mend.c - makes again what the kernel made, once, with an object of ours, and
 * somebody took away. */
#include "drift.h"
#include "healing.h"
#include "work.h"

static void mended(struct heal *h, struct object *o)
{
	struct op op = { .before = o, .after = model_find(&h->scope.desired, o->id) };
	struct drift *one = drift_find(&h->m->drifts, op.after);
	bool known = one && one->open;

	h->healed++;
	one = drift_note(&h->m->drifts, op.after, h->now);
	if (!known)
		heal_tell(h, EVENT_DRIFT, &op, NULL, "lost the route that came with it");
	if (one && drift_heal(&h->m->drifts, one, h->now))
		heal_tell(h, EVENT_CONTESTED, &op, one, "loses its route again and again; making it again now waits");
}

static void mend_all(struct heal *h, struct work *w, struct spot *spot)
{
	const struct object *netns = model_netns(&h->scope.observed, spot->kept->name);

	for (struct object *o = netns ? netns->first : NULL; o; o = o->next) {
		const struct object *want = o->bereft ? model_find(&h->scope.desired, o->id) : NULL;
		struct drift *one = want ? drift_find(&h->m->drifts, want) : NULL;
		struct err e;

		if (one && one->until > h->now) {
			drift_note(&h->m->drifts, want, h->now);
			spot->kept->unrouted = true;
		} else if (want && o->kind->mend(w, o, &e) == 0) {
			mended(h, o);
		}
	}
}

void heal_mend(struct heal *h)
{
	const struct plan nothing = { .desired = &h->scope.desired, .observed = &h->scope.observed };

	for (size_t i = 0; i < h->scope.n && !h->report; i++) {
		struct spot *spot = &h->scope.spots[i];
		struct work w;

		if (!spot->unrouted)
			continue;
		spot->unrouted = false;
		work_init(&w, &nothing, &h->scope.set, h->m->known.name, h->g->machine);
		mend_all(h, &w, spot);
		work_done(&w);
	}
}
