/* SPDX-License-Identifier: MIT */
/* plan_conflict.c - says why an object cannot be created: its place is taken by others,
 * or by what may be ours and cannot be identified.  Pure. */
#include "plan.h"
#include "kind.h"
#include "model.h"

/* The kernel keeps alternative names free of interfaces, and finds links by them, but
 * does not report them here. */
static const char *other_name(struct arena *a, const struct object *want, const struct object *have, const char *object)
{
	if (want->managed)
		return arena_fmt(a, "%s is an alternative name of %s; use %s instead", object, have->alias_of,
				 have->alias_of);
	return arena_fmt(a,
			 "%s cannot be created, because %s is an alternative name of %s; %s link property del "
			 "dev %s altname %s frees it",
			 object, want->name, have->alias_of, netns_ip(a, want->netns), have->alias_of, want->name);
}

char *plan_object(struct arena *a, const struct object *want)
{
	char *what = want->kind->form == FORM_LIST ? object_describe(a, want, NULL, kind_mask(want->kind, BARE)) : NULL;

	return arena_fmt(a, "%s %s%s%s", want->kind->label, want->place, what ? " " : "", what ? what : "");
}

void plan_conflict(struct problems *p, const struct object *want, const struct object *have)
{
	struct arena a = { 0 };
	char *object = plan_object(&a, want);
	const char *owner = have->owner == OWNER_OTHER_TOPOLOGY ? have->owner_name : NULL;
	const char *why = have->alias_of ? other_name(&a, want, have, object)
			  : have->damage ? have->damage
					 : have->foreign;

	if (why)
		problem_add_in_the_way(p, &want->where, object, why, owner);
	else
		problem_add_conflict(p, &want->where, object, owner);
	arena_done(&a);
}
