/* SPDX-License-Identifier: MIT */
/* observe.c - enters a namespace once, with one socket, and lets each kind read its own objects. */
#include "observe.h"
#include <netlink/msg.h>

static bool is_of_links(const struct kind *k)
{
	return !strcmp(k->class, "netns") || !strcmp(k->class, "link");
}

enum { DUMP_TRIES = 10 }; /* as rtnl_dump */

struct observing {
	struct observer obs;
	size_t kind;      /* that is read next */
	size_t part;      /* its next dump */
	struct dump dump; /* that is being read */
	unsigned tries;   /* of it */
};

struct observing *observing_begin(struct model *observed, const struct netns *ns, const struct netns_set *set,
				  const char *topology, struct extent extent, struct model *desired, struct model *last)
{
	struct observing *o = must(calloc(1, sizeof(*o)));

	o->obs = (struct observer){
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
	return o;
}

static bool is_read(const struct observing *o, const struct kind *k)
{
	return k->observe && (netns_is_there(o->obs.ns) || k->outside) && (!o->obs.extent.links || is_of_links(k));
}

static int dump_begin(struct observing *o, struct err *e)
{
	model_truncate(o->obs.observed, o->obs.first);
	return rtnl_dump_begin(o->obs.nl, o->dump.request, e);
}

/* 1: there is more of the kind. */
static int dump_step(struct observing *o, const struct kind *k, struct err *e)
{
	int r;

	if (!o->dump.request) {
		if (!k->dump(&o->obs, o->part, &o->dump))
			return 0;
		o->tries = 0;
		o->obs.first = o->obs.observed->n;
		return dump_begin(o, e) < 0 ? e->code : 1;
	}
	r = rtnl_dump_more(o->obs.nl, o->dump.each, &o->obs, e);
	if (r == -EINTR && ++o->tries < DUMP_TRIES)
		return dump_begin(o, e) < 0 ? e->code : 1;
	if (r < 0 && !(o->dump.optional && r == -EOPNOTSUPP))
		return err_prefix(e, "%ss of %s", k->label, o->obs.ns->name);
	if (r > 0)
		return 1;
	nlmsg_free(TAKE(o->dump.request));
	o->part++;
	return 1;
}

/* All of a kind. */
static int kind_observe(struct observing *o, struct err *e)
{
	const struct kind *k = o->obs.observed->kinds->v[o->kind++];

	return is_read(o, k) ? k->observe(&o->obs, e) : 0;
}

/* A slice of it. */
static int kind_step(struct observing *o, struct err *e)
{
	const struct kind *k = o->obs.observed->kinds->v[o->kind];
	int r;

	if (!k->dump || !is_read(o, k))
		return kind_observe(o, e);
	r = dump_step(o, k, e);
	if (r == 0) {
		o->kind++;
		o->part = 0;
	}
	return r < 0 ? r : 0;
}

/* Lets each kind, or the next slice, read in the namespace. */
static int observing_go(struct observing *o, int (*step)(struct observing *o, struct err *e), bool all, struct err *e)
{
	bool there = netns_is_there(o->obs.ns);
	_cleanup_(netns_leavep) int entered = there ? netns_enter(o->obs.ns, e) : -1;
	int r = !there ? 0 : entered < 0 ? entered : o->obs.nl ? 0 : rtnl_open(&o->obs.nl, e);

	do
		r = r == 0 && o->kind < o->obs.observed->kinds->n ? step(o, e) : r;
	while (all && r == 0 && o->kind < o->obs.observed->kinds->n);
	return r;
}

int observing_step(struct observing *o, struct err *e)
{
	int r = observing_go(o, kind_step, false, e);

	return r < 0 ? r : o->kind < o->obs.observed->kinds->n;
}

void observing_end(struct observing *o)
{
	if (!o)
		return;
	nlmsg_free(o->dump.request);
	rtnl_close(o->obs.nl);
	free(o->obs.links);
	free(o);
}

int observe_netns(struct model *observed, const struct netns *ns, const struct netns_set *set, const char *topology,
		  struct extent extent, struct model *desired, struct model *last, struct err *e)
{
	struct observing *o = observing_begin(observed, ns, set, topology, extent, desired, last);
	int r = observing_go(o, kind_observe, true, e);

	observing_end(o);
	return r;
}

void observe_clear(const struct netns_set *set)
{
	for (size_t i = 0; i < all_kinds.n; i++)
		if (all_kinds.v[i]->clear)
			all_kinds.v[i]->clear(set);
}
