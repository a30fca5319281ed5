/* SPDX-License-Identifier: MIT */
/* listen.h - receives events of network namespaces: one socket, and another one for nftables, for all that have a number
 * (nsid) in ours.  An event is only a hint to observe again. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

/* The namespace that the listener itself is in. */
enum { NSID_OWN = -1 };

/* One event, as far as it says what to observe. */
struct heard {
	bool gone; /* the link of ifindex has left its namespace */
	int nsid;
	uint32_t ifindex;   /* 0: the namespace as a whole */
	const char *ifname; /* of a link; valid during the call */
	uint32_t group;     /* of a link: IFLA_GROUP */
	bool others;        /* a route of others was added or removed, in @slot */
	struct slot slot;
	bool unrouted;       /* a route that the kernel created with an address was removed */
	bool netfilter;      /* the nftables rules of the namespace were changed */
	uint32_t pid;        /* of the process that caused it, 0: the kernel does not say, or it was us */
	const char *command; /* its name, where the kernel says it, NULL elsewhere; valid during the call */
};

struct listener;

/* Listens to the multicast groups of all kinds. */
int listener_open(struct listener **ret, const struct kinds *kinds, struct err *e);
void listener_close(struct listener *l);
/* What it does not hear, and why; only audits find that.  NULL: it hears everything. */
const char *listener_lacks(const struct listener *l);
int listener_fd(const struct listener *l);
/* Passes on what has arrived.  -ENOBUFS: some of it was lost, and everything may have changed. */
int listener_read(struct listener *l, void (*each)(void *arg, const struct heard *h), void *arg);
/* Makes the namespace behind @fd heard and returns its number, NSID_OWN for our own. */
int listener_nsid(struct listener *l, int fd, int *ret, struct err *e);
/* Passes on every link of our own namespace, as if it had just been created. */
int listener_replay(struct listener *l, void (*each)(void *arg, const struct heard *h), void *arg, struct err *e);
