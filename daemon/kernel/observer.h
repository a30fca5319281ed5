/* SPDX-License-Identifier: MIT */
/* observer.h - what a kind is given to read one namespace. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "netns.h"
#include "rtnl.h"

struct observer {
	struct model *observed;			/* where the objects go */
	const struct netns *ns;			/* the thread is in it */
	struct rtnl *nl;			/* a socket in it */
	struct object **links;			/* those of this namespace, in order of ifindex */
	size_t n_links;
	struct object **masters;		/* of those, which are not looked at, likewise; behind them in memory */
	size_t n_masters;
	size_t first;				/* where the objects of the dump at work begin */
	const struct model *desired, *last, *tried;	/* what is to be, was applied last, and was given up; tried may be NULL */
	bool exclusive;				/* what of others is where ours is to be keeps it out (netns.h) */
	const struct object *wanted[2];		/* the namespace in the desired and in the last model; may be NULL */
};

/* "NS/IF" of a link in this namespace; NULL if there is none of that number. */
const char *observer_link(const struct observer *obs, uint32_t ifindex);
/* Dumps into @each, which adds objects; a dump that begins anew forgets them. */
int observer_dump(struct observer *obs, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *obs), struct err *e);
/* Adds @o, unless one of its id is there. */
void observer_add(struct observer *obs, struct object *o);
