/* SPDX-License-Identifier: MIT */
/* share.c - what several topologies say of one thing that none of them made: an
 * interface has one that manages it; a key may have several that agree, and goes
 * back when the last of them goes. */
#include "back.h"
#include "engine.h"

static bool is_claim(const struct model *declared, const struct object *o)
{
	const struct object *netns = model_netns(declared, o->netns);

	/* The loopback of a namespace of ours is managed too, but nobody else can claim it. */
	if (!netns || !netns->any || (!o->any && object_is(o, "link")))
		return false;
	return !o->any || o->declared & ~kind_mask(o->kind, HIDDEN) & ~kind_mask(o->kind, KEY);
}

void share_note(struct member *m, const struct model *declared)
{
	const struct kinds *kinds = m->claims.kinds;

	model_done(&m->claims);
	model_init(&m->claims, kinds);
	for (size_t i = 0; declared && i < declared->n; i++) {
		const struct object *o = declared->objects[i];

		if (is_claim(declared, o))
			model_add(&m->claims, object_copy(&m->claims, o, o->declared), NULL);
	}
}

static bool contradicts(const struct object *want, const struct object *claim)
{
	struct object both = *want;

	if (!want->any || object_is(want, "link"))
		return true;
	/* Only what both say is compared. */
	both.set = want->set & claim->set;
	for (size_t i = 0; i < want->kind->n_fields; i++)
		if (object_has(&both, i) && !want->kind->fields[i].type->equal(object_at(want, i), object_at(claim, i)))
			return true;
	return false;
}

static int check_against(struct job *j, const struct member *other)
{
	for (size_t i = 0; i < j->desired.model.n; i++) {
		const struct object *want = j->desired.model.objects[i], *claim = model_find(&other->claims, want->id);
		char object[600];

		if (!claim || !is_claim(&j->desired.model, want) || !contradicts(want, claim))
			continue;
		snprintf(object, sizeof(object), "%s %s", want->kind->label, want->place);
		problem_add_conflict(&j->problems, &want->where, object, other->known.name);
		return -EEXIST;
	}
	return 0;
}

int share_check(const struct engine *g, struct job *j)
{
	int r = 0;

	for (size_t i = 0; i < g->n_members && r == 0; i++)
		if (strcmp(g->members[i]->known.name, j->next.name))
			r = check_against(j, g->members[i]);
	return r;
}

void share_hand_on(struct engine *g, const char *name, const struct model *originals)
{
	const struct member *from = member_find(g, name, NULL);
	struct err e;

	for (size_t i = 0; i < g->n_members; i++) {
		struct member *m = g->members[i];
		bool handed = false;

		for (size_t n = 0; m != from && n < originals->n; n++) {
			const struct object *o = originals->objects[n], *claim = model_find(&m->claims, o->id);

			if (!claim || model_find(&from->claims, o->id))
				continue;
			back_merge(&m->originals, o, claim->set);
			handed = true;
		}
		/* If it cannot be written, what was there before is forgotten with the next restart at worst. */
		if (handed)
			(void)!member_store(g, m, &e);
	}
}
