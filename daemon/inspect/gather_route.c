/* SPDX-License-Identifier: MIT */
/* gather_route.c - asks the kernel for a route, in a namespace that the facts are about. */
#include "gather.h"
#include "engine/reconcile.h"
#include "kernel/netns.h"

int facts_lookup(void *engine, const struct netns_fact *n, const struct route_query *q, struct route_answer *ret)
{
	const char *name = n->name;
	struct netns_set set;
	struct err e;
	int r = netns_set_make(&set, engine_env(engine)->netns_dir, &name, 1, &e);

	if (r == 0)
		r = netns_is_there(&set.v[0]) ? route_ask(set.v[0].fd, n->s.cookie, q, ret, &e) : -ESTALE;
	netns_set_done(&set);
	return r;
}
