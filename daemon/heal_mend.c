/* SPDX-License-Identifier: MIT */
/* heal_mend.c - makes again what the kernel made, once, with an object of ours, and
 * somebody took away: no event tells of it, only that a step which needs it is refused. */
#include "healing.h"
#include "work.h"

void heal_mend(struct heal *h, const struct object *refused)
{
	const struct plan nothing = { .desired = &h->scope.desired, .observed = &h->scope.observed };
	const struct object *netns = model_netns(&h->scope.observed, refused->netns);
	struct work w;
	struct err e;

	work_init(&w, &nothing, &h->scope.set, h->m->known.name, h->g->machine);
	for (const struct object *o = netns ? netns->first : NULL; o; o = o->next)
		/* Mostly it is there; whether it was needed, the step says that is tried again. */
		if (o->kind->mend && model_find(&h->scope.desired, o->id))
			(void)!o->kind->mend(&w, o, &e);
	work_done(&w);
}
