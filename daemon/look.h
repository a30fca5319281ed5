/* SPDX-License-Identifier: MIT */
/* look.h - what a kind is given to read one namespace. */
#pragma once
#include "kind.h"
#include "netns.h"
#include "rtnl.h"

struct look {
	struct model *observed;			/* where the objects go */
	const struct netns *ns;			/* the thread is in it */
	struct rtnl *nl;			/* a socket in it */
	struct object **links;			/* those of this namespace, in order of ifindex */
	size_t n_links;
	const struct object *wanted[2];		/* the namespace in the desired and in the last model; may be NULL */
};

/* "NS/IF" of a link in this namespace; NULL if there is none of that number. */
const char *look_link(const struct look *look, uint32_t ifindex);
/* Adds @o, unless one of its id is there. */
void look_add(struct look *look, struct object *o);
