/* SPDX-License-Identifier: MIT */
/* spot.c - cuts out of a topology what was marked, and reads just that from the
 * kernel. */
#include "topology/share.h"
#include "spot.h"
#include "kind/observe.h"
#include "model/owner.h"

enum { SPOTS_MAX = 16 };	/* namespaces in one heal; the next is not far */

static struct spot *spot_need(struct scope *s, struct kept *k, bool *ret_new)
{
	size_t at = 0;

	while (at < s->n && strcmp(s->spots[at].kept->name, k->name) < 0)
		at++;
	*ret_new = at == s->n || s->spots[at].kept != k;
	if (!*ret_new)
		return &s->spots[at];
	s->spots = must(realloc(s->spots, (s->n + 1) * sizeof(*s->spots)));
	memmove(s->spots + at + 1, s->spots + at, (s->n - at) * sizeof(*s->spots));
	s->n++;
	s->spots[at] = (struct spot){ .kept = k, .all = !k->by_link, .unrouted = k->unrouted, .crowded = k->crowded };
	return &s->spots[at];
}

/* Unless it is among the first @n already. */
static bool spot_add_to(struct spot *spot, size_t n, const char *link)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(spot->only[i], link))
			return false;
	if (spot->n % 16 == 0)
		spot->only = must(realloc(spot->only, (spot->n + 17) * sizeof(*spot->only)));
	spot->only[spot->n++] = arena_strdup(&spot->arena, link);
	spot->only[spot->n] = NULL;
	return true;
}

static bool spot_add(struct spot *spot, const char *link)
{
	return spot_add_to(spot, spot->n, link);
}

/* Where links are looked at one by one, "all" are those that are declared, and these
 * may be thousands, each once. */
static bool spot_add_all(struct spot *spot)
{
	bool added = false;
	size_t before = spot->n;

	for (size_t i = 0; i < spot->kept->n_links && !spot->whole; i++)
		added |= spot_add_to(spot, before, spot->kept->links[i]->name);
	spot->whole = true;
	return added;
}

bool scope_add(struct scope *s, const struct object *o, bool whole)
{
	struct kept *k = keep_find(s->member, o->netns);
	bool added;
	struct spot *spot = k ? spot_need(s, k, &added) : NULL;

	if (!spot || spot->all)
		return spot && added;
	if (whole)
		return spot_add_all(spot) || added;
	return (o->name && spot_add(spot, o->name)) || added;
}

static void take(struct scope *s, struct kept *k)
{
	bool added;
	struct spot *spot = spot_need(s, k, &added);

	if (!spot->all && k->all)
		spot_add_all(spot);
	for (size_t i = 0; !spot->all && i < k->n_names; i++)
		spot_add(spot, k->names[i]);
	spot->pid = k->several ? 0 : k->pid;
	spot->unrouted = k->unrouted;
	spot->crowded = k->crowded;
	keep_clear(k);
}

void scope_take(struct scope *s, struct env *env, struct member *m)
{
	bool soon = false;

	*s = (struct scope){ .env = env, .member = m };
	for (size_t i = 0; i < m->n_kept; i++)
		soon |= m->kept[i].dirty;
	for (size_t i = 0; i < m->n_kept && s->n < SPOTS_MAX; i++)
		if (soon ? m->kept[i].dirty : m->kept[i].due)
			take(s, &m->kept[i]);
	for (size_t i = 0; i < m->n_kept && s->n < SPOTS_MAX; i++)
		if (m->kept[i].unwell)
			take(s, &m->kept[i]);
}

struct spot *scope_find(const struct scope *s, const char *netns)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->spots[i].kept->name, netns))
			return &s->spots[i];
	return NULL;
}

static void models_done(struct scope *s)
{
	model_done(&s->desired);
	model_done(&s->observed);
}

void scope_done(struct scope *s)
{
	models_done(s);
	netns_set_done(&s->set);
	free(s->names);
	for (size_t i = 0; i < s->n; i++) {
		free(s->spots[i].only);
		arena_done(&s->spots[i].arena);
	}
	free(s->spots);
	*s = (struct scope){ 0 };
}

int scope_open(struct scope *s, struct err *e)
{
	netns_set_done(&s->set);
	s->names = must(realloc(s->names, (s->n + 1) * sizeof(*s->names)));
	for (size_t i = 0; i < s->n; i++) {
		struct spot *spot = &s->spots[i];

		s->names[i] = spot->kept->name;
		/* The loopback says whose a namespace is. */
		if (!spot->all)
			spot_add(spot, "lo");
	}
	if (netns_set_make(&s->set, s->env->netns_dir, s->names, s->n, e) < 0)
		return e->code;
	keep_opened(s->env, &s->set);
	for (size_t i = 0; i < s->set.n; i++) {
		struct netns *ns = &s->set.v[i];

		ns->only = s->spots[i].all ? NULL : s->spots[i].only;
		ns->found = s->spots[i].found;
		ns->unrouted = s->spots[i].unrouted;
		ns->crowded = s->spots[i].crowded;
		/* The empty file that a create of ours left behind when it was cut off. */
		if (ns->state == NETNS_REMAINS && !model_netns(&s->member->declared, ns->name)->any &&
		    netns_clear(ns, s->env->netns_dir, e) < 0)
			return e->code;
	}
	return 0;
}

static void adopt(struct scope *s, const char *netns, const char *link)
{
	size_t n;
	struct object *const *o = keep_objects(s->member, netns, link, &n);

	for (size_t i = 0; i < n; i++)
		model_adopt(&s->desired, o[i]);
}

static void adopt_spot(struct scope *s, const struct spot *spot)
{
	const struct kept *k = spot->kept;

	adopt(s, k->name, NULL);
	if (spot->all)
		for (size_t i = 0; i < k->n_links; i++)
			adopt(s, k->name, k->links[i]->name);
	for (size_t i = 0; !spot->all && i < spot->n; i++)
		adopt(s, k->name, spot->only[i]);
}

/* What an object in the scope refers to and no event spoke of. */
static void assume(struct scope *s, const struct object *o, bool gives)
{
	const struct model *declared = &s->member->declared;
	struct ref ref;

	for (size_t i = 0; object_ref(o, gives, &i, &ref);) {
		struct object *base = model_find_ref(declared, ref.class, ref.to), *copy;

		if (!base || model_find(&s->desired, base->id))
			continue;
		model_adopt(&s->desired, base);
		copy = object_copy(&s->observed, base, ~UINT64_C(0));
		copy->assumed = true;
		if (!copy->any)
			copy->sign = (struct sign){ topology_hash(s->member->known.name), s->member->known.name };
		model_add(&s->observed, copy, NULL);
	}
}

int scope_look(struct scope *s, struct err *e)
{
	struct model nothing = { 0 };
	size_t n;

	models_done(s);
	model_init(&s->desired, s->env->kinds);
	model_init(&s->observed, s->env->kinds);
	for (size_t i = 0; i < s->n; i++)
		adopt_spot(s, &s->spots[i]);
	n = s->desired.n;
	for (size_t i = 0; i < n; i++) {
		assume(s, s->desired.objects[i], false);
		assume(s, s->desired.objects[i], true);
	}
	for (size_t i = 0; i < s->set.n; i++)
		s->set.v[i].unchanged = false;
	if (observe(&s->observed, &s->set, &s->desired, &s->desired, &nothing, e) < 0)
		return e->code;
	owner_resolve(&s->observed, s->member->known.name, &s->desired, &s->desired, NULL);
	share_disown(s->env, s->member->known.name, &s->observed, &s->desired, &s->desired);
	return 0;
}
