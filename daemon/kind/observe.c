/* SPDX-License-Identifier: MIT */
/* observe.c - looks once into each namespace, with one socket, and lets each kind
 * read what is its own. */
#include "observe.h"

static int observe_netns(struct model *observed, const struct netns *ns, const struct netns_set *set, struct model *desired,
			 struct model *last, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, e);
	struct look look = {
		.observed = observed,
		.ns = ns,
		.desired = desired,
		.last = last,
		.tried = set->tried,
		.exclusive = set->exclusive,
		.wanted = { model_netns(desired, ns->name), model_netns(last, ns->name) },
	};
	int r = entered < 0 ? entered : rtnl_open(&nl, e);

	look.nl = nl;
	for (size_t i = 0; i < observed->kinds->n && r == 0; i++)
		if (observed->kinds->v[i]->observe)
			r = observed->kinds->v[i]->observe(&look, e);
	free(look.links);
	return r;
}

/* The last look into namespaces where nothing was done since is as good as a new one. */
static void keep_unchanged(struct model *observed, const struct netns_set *set, struct model *before)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct netns *ns = netns_find(set, before->objects[i]->netns);

		if (ns && ns->unchanged)
			model_adopt(observed, before->objects[i]);
	}
	arena_join(&observed->arena, &before->arena);
	model_done(before);
}

int observe(struct model *observed, struct netns_set *set, struct model *desired, struct model *last, struct model *before,
	    struct err *e)
{
	model_link(desired);
	model_link(last);
	keep_unchanged(observed, set, before);
	for (size_t i = 0; i < set->n; i++) {
		struct netns *ns = &set->v[i];
		struct object *want = model_netns(desired, ns->name);
		bool there = ns->state == NETNS_NAMED || ns->state == NETNS_FRESH || ns->state == NETNS_UNLINKED;
		int r = there && !ns->unchanged ? observe_netns(observed, ns, set, desired, last, e) : 0;

		if (r < 0)
			return r;
		if (want)
			want->name_blocked = ns->state == NETNS_STALE || ns->state == NETNS_PLACEHOLDER;
		ns->unchanged = there;
	}
	for (size_t i = 0; i < observed->n; i++) {
		struct object *o = observed->objects[i];

		if (!o->kind->resolve)
			continue;
		o->kind->resolve(observed, o, model_find(desired, o->id));
		o->kind->resolve(observed, o, model_find(last, o->id));
	}
	model_link(observed);
	return 0;
}
