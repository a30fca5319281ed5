/* SPDX-License-Identifier: MIT */
/* export_connect.h - the link that another one is connected to or built upon (IFLA_LINK), in whatever namespace. */
#pragma once
#include "kernel/netns.h"
#include "model/model.h"

struct connecting {
	const struct netns_set *set;
	struct model *observed;
	struct end *v; /* all links, in order of their numbers */
	size_t n;
};

/* Looks among the links of @observed and of @others. */
void connecting_begin(struct connecting *c, const struct netns_set *set, struct model *observed,
		      const struct model *others);
/* Finds those of the links of namespace @i of the set in @observed that are not known yet (link.lower_at). */
void connecting_step(struct connecting *c, size_t i);
void connecting_end(struct connecting *c);

/* "NS/IF" of the one that @o is connected to; NULL: it is no link, it has none, or it is unknown. */
const char *connecting_peer(const struct object *o);
