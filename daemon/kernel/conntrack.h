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

/* Calls @doomed for each connection of IPv4 and IPv6, and has the kernel forget those for which it is true.  @nl is a socket
 * of nfnetlink in the namespace.  0 also if the kernel tracks none. */
int conntrack_forget(struct rtnl *nl, bool (*doomed)(const struct flow *f, void *arg), void *arg, struct err *e);
