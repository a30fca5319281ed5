/* SPDX-License-Identifier: MIT */
/* heal_other.c - tells an interface from the one that had its name before. */
#include "topology/topology.h"
#include "healing.h"
#include "model/revert.h"

static bool is_at(const struct object *o, const struct object *link)
{
	return o->name && !strcmp(o->name, link->name) && !strcmp(o->netns, link->netns);
}

/* Values saved from the interface that had this name before do not apply to the one that has it now. */
static void forget_saved(struct heal *h, const struct object *link)
{
	struct model kept, *saved = &h->topology->saved;

	model_init(&kept, saved->kinds);
	for (size_t i = 0; i < saved->n; i++)
		if (!is_at(saved->objects[i], link))
			model_add(&kept, object_copy(&kept, saved->objects[i], ~UINT64_C(0)), NULL);
	model_done(saved);
	*saved = kept;
}

void heal_find_others(struct heal *h)
{
	for (size_t i = 0; i < h->scope.desired.n; i++) {
		const struct object *want = h->scope.desired.objects[i],
				    *have = model_find(&h->pass.observed, want->id);
		const struct object *original = model_find(&h->topology->saved, want->id);

		if (!want->managed || !have || have->assumed || !have->handle || !object_is(want, "link"))
			continue;
		if ((!want->handle || want->handle == have->handle) &&
		    (!original || !original->handle || original->handle == have->handle))
			continue;
		forget_saved(h, want);
		h->others = must(realloc(h->others, (h->n_others + 1) * sizeof(*h->others)));
		h->others[h->n_others++] = want;
	}
}

static bool is_at_other(const struct heal *h, const struct object *o)
{
	for (size_t i = 0; i < h->n_others; i++)
		if (is_at(o, h->others[i]))
			return true;
	return false;
}

void heal_remember_others(struct heal *h)
{
	struct plan part = h->pass.plan;
	struct err e;
	size_t n = 0;

	if (!h->n_others)
		return;
	part.ops = must(calloc(h->pass.plan.n + 1, sizeof(*part.ops)));
	for (size_t i = 0; i < h->pass.plan.n; i++)
		if (is_at_other(h, heal_object(&h->pass.plan.ops[i])))
			part.ops[n++] = h->pass.plan.ops[i];
	part.n = n;
	revert_remember(&h->topology->saved, &part);
	free(part.ops);
	/* If it cannot be written, it is lost with the next restart at worst. */
	(void)!topology_store(h->env, h->topology, &e);
	h->n_others = 0;
}
