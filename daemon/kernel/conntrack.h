/* SPDX-License-Identifier: MIT */
/* conntrack.h - connections that the kernel tracks in one namespace.  NAT is decided at the first packet of each, so that
 * a change of rules takes effect on the others only when the kernel forgets them. */
#pragma once
#include "model/type.h"
#include "rtnl.h"

/* Addresses and ports of one direction, in network order; without ports they are 0. */
struct flow_tuple {
	struct inet from, to;
	uint16_t sport, dport;
};

struct flow {
	struct flow_tuple original, reply;
	uint8_t proto;   /* IPPROTO_* */
	bool snat, dnat; /* its source, its destination is translated (IPS_SRC_NAT, IPS_DST_NAT) */
};

/* Those that matter.  The kernel leaves out the others; an old one shows them all. */
struct flow_filter {
	uint8_t family;       /* 0: both; an address and a protocol need one */
	uint32_t status;      /* IPS_SRC_NAT, IPS_DST_NAT: only those so translated */
	struct inet from, to; /* of the original direction; .family 0: any */
	uint8_t proto;        /* 0: any */
	uint16_t dport;       /* of the original direction, in network order, with a protocol; 0: any */
};

/* A walk through all of them, in slices: there may be many. */
struct conntrack_walk;
/* Begins one in the namespace of the thread.  @doomed will be called for each connection of IPv4 and IPv6, and the kernel
 * forgets those for which it is true; it may be called for more than @only.  @nl is any socket of nfnetlink there.  @ret NULL: there are none. */
int conntrack_walk_begin(struct conntrack_walk **ret, struct rtnl *nl, const struct flow_filter *only,
			 bool (*doomed)(const struct flow *f, void *arg), void *arg, struct err *e);
/* 1: there are more; 0: that was the end, or the kernel tracks none. */
int conntrack_walk_step(struct conntrack_walk *w, struct err *e);
void conntrack_walk_end(struct conntrack_walk *w);
