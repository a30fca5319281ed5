/* SPDX-License-Identifier: MIT */
/* scope.c - selects from a topology what was marked, and observes only that. */
#include "topology/claims.h"
#include "scope.h"
#include "model/owner.h"

enum { PARTS_MAX = 16 }; /* namespaces in one heal; the next heal follows soon */

static struct scope_part *part_need(struct scope *s, struct watched *k, bool *ret_new)
{
	size_t at = 0;

	while (at < s->n && strcmp(s->parts[at].watched->name, k->name) < 0)
		at++;
	*ret_new = at == s->n || s->parts[at].watched != k;
	if (!*ret_new)
		return &s->parts[at];
	s->parts = must(realloc(s->parts, (s->n + 1) * sizeof(*s->parts)));
	memmove(s->parts + at + 1, s->parts + at, (s->n - at) * sizeof(*s->parts));
	s->n++;
	s->parts[at] =
		(struct scope_part){ .watched = k, .all = !k->by_link, .unrouted = k->unrouted, .crowded = k->crowded };
	return &s->parts[at];
}

/* Adds it unless it is among the first @n already. */
static bool part_add_to(struct scope_part *part, size_t n, const char *link)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(part->only[i], link))
			return false;
	if (part->n % 16 == 0)
		part->only = must(realloc(part->only, (part->n + 17) * sizeof(*part->only)));
	part->only[part->n++] = arena_strdup(&part->arena, link);
	part->only[part->n] = NULL;
	return true;
}

static bool part_add(struct scope_part *part, const char *link)
{
	return part_add_to(part, part->n, link);
}

/* Where links are observed one by one, "all" are those that are declared: there may be
 * thousands, and each is added once. */
static bool part_add_all(struct scope_part *part)
{
	bool added = false;
	size_t before = part->n;

	for (size_t i = 0; i < part->watched->n_links && !part->whole; i++)
		added |= part_add_to(part, before, part->watched->links[i]->name);
	part->whole = true;
	return added;
}

bool scope_add(struct scope *s, const struct object *o, bool whole)
{
	struct watched *k = watched_find(s->topology, o->netns);
	bool added;
	struct scope_part *part = k ? part_need(s, k, &added) : NULL;

	if (!part || part->all)
		return part && added;
	if (whole)
		return part_add_all(part) || added;
	return (o->name && part_add(part, o->name)) || added;
}

static void take(struct scope *s, struct watched *k)
{
	bool added;
	struct scope_part *part = part_need(s, k, &added);

	if (!part->all && k->all)
		part_add_all(part);
	for (size_t i = 0; !part->all && i < k->n_names; i++)
		part_add(part, k->names[i]);
	snprintf(part->by, sizeof(part->by), "%s", k->several ? "" : k->by);
	part->unrouted = k->unrouted;
	part->crowded = k->crowded;
	watched_clear(k);
}

void scope_take(struct scope *s, struct env *env, struct topology *t)
{
	bool soon = false;

	*s = (struct scope){ .env = env, .topology = t };
	for (size_t i = 0; i < t->n_watched; i++)
		soon |= t->watched[i].dirty;
	for (size_t i = 0; i < t->n_watched && s->n < PARTS_MAX; i++)
		if (soon ? t->watched[i].dirty : t->watched[i].due)
			take(s, &t->watched[i]);
	for (size_t i = 0; i < t->n_watched && s->n < PARTS_MAX; i++)
		if (t->watched[i].retry)
			take(s, &t->watched[i]);
}

struct scope_part *scope_find(const struct scope *s, const char *netns)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->parts[i].watched->name, netns))
			return &s->parts[i];
	return NULL;
}

void scope_done(struct scope *s)
{
	model_done(&s->desired);
	free(s->names);
	free(s->extents);
	free(s->claims);
	for (size_t i = 0; i < s->n; i++) {
		free(s->parts[i].only);
		arena_done(&s->parts[i].arena);
	}
	free(s->parts);
	*s = (struct scope){ 0 };
}

static bool is_ours(const void *arg, const char *netns)
{
	const struct topology *t = arg;

	return !model_netns(&t->declared, netns)->managed;
}

int scope_open(struct scope *s, struct pass *p, struct err *e)
{
	s->names = must(realloc(s->names, (s->n + 1) * sizeof(*s->names)));
	for (size_t i = 0; i < s->n; i++) {
		struct scope_part *part = &s->parts[i];

		s->names[i] = part->watched->name;
		/* The mark on the loopback says whose a namespace is. */
		if (!part->all)
			part_add(part, LOOPBACK);
	}
	if (pass_open(p, s->names, s->n, NULL, e) < 0)
		return e->code;
	return pass_clear(p, is_ours, s->topology, e);
}

static void adopt(struct scope *s, const char *netns, const char *link)
{
	size_t n;
	struct object *const *o = watched_objects(s->topology, netns, link, &n);

	for (size_t i = 0; i < n; i++)
		model_borrow(&s->desired, o[i]);
}

static void adopt_part(struct scope *s, const struct scope_part *part)
{
	const struct watched *k = part->watched;

	adopt(s, k->name, NULL);
	if (part->all)
		for (size_t i = 0; i < k->n_links; i++)
			adopt(s, k->name, k->links[i]->name);
	for (size_t i = 0; !part->all && i < part->n; i++)
		adopt(s, k->name, part->only[i]);
}

/* Assumes an object that the scope refers to, and that no event was about, to be as declared. */
static void assume(struct scope *s, struct model *assumed, const struct object *o, bool gives)
{
	const struct model *declared = &s->topology->declared;
	struct ref ref;

	for (size_t i = 0; object_ref(o, gives, &i, &ref);) {
		struct object *base = model_find_ref(declared, ref.class, ref.to), *copy;

		if (!base || model_find(&s->desired, base->id))
			continue;
		model_borrow(&s->desired, base);
		copy = object_copy(assumed, base, ~UINT64_C(0));
		copy->assumed = true;
		if (!copy->managed)
			copy->sign = (struct sign){ topology_hash(s->topology->name), s->topology->name };
		model_add(assumed, copy, NULL);
	}
}

static void extents_make(struct scope *s, const struct netns_set *set)
{
	s->extents = must(realloc(s->extents, (set->n + 1) * sizeof(*s->extents)));
	for (size_t i = 0; i < set->n; i++) {
		const struct scope_part *part = &s->parts[i];

		s->extents[i] = (struct extent){
			.only = part->all ? NULL : part->only,
			.crowded = part->crowded,
			.unrouted = part->unrouted,
		};
	}
}

int scope_observe(struct scope *s, struct pass *p, struct err *e)
{
	struct wish w = { .topology = s->topology->name,
			  .macs = topology_macs(s->topology),
			  .desired = &s->desired,
			  .last = &s->desired };
	size_t n;

	model_done(&s->desired);
	model_done(&p->observed);
	model_init(&s->desired, s->env->kinds);
	model_init(&p->observed, s->env->kinds);
	for (size_t i = 0; i < s->n; i++)
		adopt_part(s, &s->parts[i]);
	n = s->desired.n;
	for (size_t i = 0; i < n; i++) {
		assume(s, &p->observed, s->desired.objects[i], false);
		assume(s, &p->observed, s->desired.objects[i], true);
	}
	free(s->claims);
	s->claims = claims_of_others(s->env, w.topology, &s->n_claims);
	w.claims = s->claims;
	w.n_claims = s->n_claims;
	extents_make(s, &p->set);
	w.extents = s->extents;
	return pass_observe(p, &w, e);
}
