/* SPDX-License-Identifier: MIT */
/* export_connect.c - numbers of links are unique in one namespace only: the kernel says whether a namespace is the one
 * that it means. */
#include "export_connect.h"
#include "kernel/rtnl.h"
#include "kernel/survey.h"
#include "kind/link.h"

/* A link by its number, the number of what it is connected to, and its namespace in the set. */
struct end {
	uint32_t index, other;
	size_t netns;
	const struct object *o;
};

static int end_cmp(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	return x->index != y->index ? (x->index < y->index ? -1 : 1) : 0;
}

static void add_all(struct connecting *c, const struct model *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct object *o = m->objects[i];
		const struct netns *ns = object_is(o, "link") ? netns_find(c->set, o->netns) : NULL;

		if (ns && !o->alias_of)
			c->v[c->n++] =
				(struct end){ o->handle, ((const struct link *)o)->lower, (size_t)(ns - c->set->v), o };
	}
}

void connecting_begin(struct connecting *c, const struct netns_set *set, struct model *observed,
		      const struct model *others)
{
	*c = (struct connecting){ .set = set, .observed = observed };
	c->v = must(calloc(observed->n + others->n + 1, sizeof(*c->v)));
	add_all(c, observed);
	add_all(c, others);
	qsort(c->v, c->n, sizeof(*c->v), end_cmp);
}

/* The first one with that number. */
static const struct end *first_of(const struct connecting *c, uint32_t index)
{
	const struct end key = { .index = index };
	const struct end *at = c->n ? bsearch(&key, c->v, c->n, sizeof(key), end_cmp) : NULL;

	while (at && at > c->v && at[-1].index == index)
		at--;
	return at;
}

/* The ends of a pair name each other. */
static bool may_be(const struct link *l, const struct end *far)
{
	return !link_is_private(&l->object) || (far->o->kind == l->object.kind && far->other == l->object.handle);
}

static void find(struct connecting *c, struct rtnl *nl, size_t netns, struct link *l)
{
	for (const struct end *at = first_of(c, l->lower); at && at < c->v + c->n && at->index == l->lower; at++) {
		bool here = at->netns == netns;

		if (!may_be(l, at) ||
		    (l->lower_away ? here || survey_nsid(nl, c->set->v[at->netns].fd) != l->lower_nsid : !here))
			continue;
		l->lower_at = arena_strdup(&c->observed->arena, at->o->place);
		return;
	}
}

void connecting_step(struct connecting *c, size_t i)
{
	const struct netns *ns = &c->set->v[i];
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct err e;

	if (!netns_is_there(ns) || !model_netns(c->observed, ns->name))
		return;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);
	if (entered < 0 || rtnl_open(&nl, &e) < 0)
		return;
	for (size_t k = 0; k < c->n; k++) {
		struct link *l = c->v[k].netns == i ? (struct link *)(uintptr_t)c->v[k].o : NULL;

		if (l && l->lower && !l->lower_at && model_same(c->observed, &l->object) == &l->object)
			find(c, nl, i, l);
	}
}

void connecting_end(struct connecting *c)
{
	free(c->v);
	*c = (struct connecting){ 0 };
}

const char *connecting_peer(const struct object *o)
{
	return object_is(o, "link") ? ((const struct link *)o)->lower_at : NULL;
}
