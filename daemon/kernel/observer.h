/* SPDX-License-Identifier: MIT */
/* observer.h - what a kind is given to read one namespace. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "model/unsaid.h"
#include "netns.h"
#include "rtnl.h"

/* What of a namespace is observed.  A zeroed one: all links, their addresses, and our routes. */
struct extent {
	const char *const *only; /* these links, up to a NULL; NULL: all */
	bool adopting;           /* everything, whoever created it */
	bool crowded;            /* routes of others next to ours, too */
	bool unrouted;           /* the routes that came with addresses, too */
	bool links;              /* nothing but the links */
	const char *identity;    /* for an export: that of the machine, for MAC addresses; NULL: unknown */
	/* likewise: the name that those of the topology are derived from; NULL: its own */
	const char *(*macs)(const void *arg, const char *topology);
	const void *macs_arg;
	const struct sysctl_defaults *defaults; /* likewise: of keys; NULL: none is exported (sysctl.h) */
	bool declared;         /* likewise: rules that topologies declare are looked for besides (nft.h) */
	struct unsaid *unsaid; /* for an export: all that a topology can say, whoever created it; receives the rest */
};

struct observer {
	struct model *observed; /* receives the objects */
	const char *topology;   /* whose objects are looked for */
	const struct netns *ns; /* the thread is in it */
	struct extent extent;
	struct rtnl *nl;       /* a socket in it */
	struct object **links; /* those of this namespace, in order of ifindex */
	size_t n_links;
	struct object **masters; /* of those, which are not read, likewise; next to them in memory */
	size_t n_masters;
	size_t first;          /* where the objects of the current dump begin */
	uint8_t rules_seen[2]; /* rule_read.c: of IPv4 and IPv6, a bit for each of the kernel's own rules */
	const struct model *desired, *last,
		*tried;                 /* target, last applied, and tried so far (netns.h); tried may be NULL */
	bool exclusive;                 /* objects of others in the place of ours keep ours out (netns.h) */
	const struct object *wanted[2]; /* the namespace in the desired and in the last model; may be NULL */
};

/* A request of which each answer adds objects. */
struct dump {
	struct nl_msg *request; /* who gets it owns it */
	void (*each)(const struct nlmsghdr *h, void *obs);
	bool optional; /* the kernel may not know what is asked for */
};

/* "NS/IF" of the link with that number in this namespace; NULL: there is none. */
const char *observer_link(const struct observer *obs, uint32_t ifindex);
/* Dumps into @each, which adds objects; a dump that restarts removes them. */
int observer_dump(struct observer *obs, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *obs),
		  struct err *e);
/* The next object of this namespace in what is desired, was applied last, and was tried; begins with @at 0 and @o NULL. */
const struct object *observer_next(const struct observer *obs, size_t *at, const struct object *o);
/* The object of @class at @place, "NS" or "NS/IF", in the first of these that has it; or NULL. */
const struct object *observer_find(const struct observer *obs, const char *class, const char *place);
/* Whether an object of @class is declared in this namespace, was, or is rolled back there, or all are asked for: most
 * kinds are in few topologies, and the kernel need not be asked for the others. */
bool observer_wants(const struct observer *obs, const char *class);
/* The same for a single object, by its id. */
bool observer_knows(const struct observer *obs, const char *id);
/* Adds @o, unless there is one with its id. */
void observer_add(struct observer *obs, struct object *o);
