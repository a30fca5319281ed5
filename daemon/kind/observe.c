/* SPDX-License-Identifier: MIT */
/* observe.c - enters a namespace once, with one socket, and lets each kind read its own objects. */
#include "observe.h"

static bool is_of_links(const struct kind *k)
{
	return !strcmp(k->class, "netns") || !strcmp(k->class, "link");
}

int observe_netns(struct model *observed, const struct netns *ns, const struct netns_set *set, const char *topology,
		  struct extent extent, struct model *desired, struct model *last, struct err *e)
{
	bool there = netns_is_there(ns);
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(netns_leavep) int entered = there ? netns_enter(ns, e) : -1;
	struct observer obs = {
		.observed = observed,
		.topology = topology,
		.ns = ns,
		.extent = extent,
		.desired = desired,
		.last = last,
		.tried = set->tried,
		.exclusive = set->exclusive,
		.wanted = { model_netns(desired, ns->name), model_netns(last, ns->name) },
	};
	int r = !there ? 0 : entered < 0 ? entered : rtnl_open(&nl, e);

	obs.nl = nl;
	for (size_t i = 0; i < observed->kinds->n && r == 0; i++)
		if (observed->kinds->v[i]->observe && (there || observed->kinds->v[i]->outside) &&
		    (!extent.links || is_of_links(observed->kinds->v[i])))
			r = observed->kinds->v[i]->observe(&obs, e);
	free(obs.links);
	return r;
}

void observe_clear(const struct netns_set *set)
{
	for (size_t i = 0; i < all_kinds.n; i++)
		if (all_kinds.v[i]->clear)
			all_kinds.v[i]->clear(set);
}
