/* SPDX-License-Identifier: MIT */
/* address.h - an IP address, and the route to its network that the kernel makes with it,
 * and takes away with it (fib_add_ifaddr, net/ipv4/fib_frontend.c; addrconf_prefix_route,
 * net/ipv6/addrconf.c). */
#pragma once
#include "../look.h"
#include "link.h"

struct address {
	struct object object;
	struct inet address, peer;
	struct inet key;	/* what the kernel tells the addresses of a link apart by */
	const char *label;
	uint8_t scope;
	uint32_t metric;
	uint32_t flags;		/* IFA_FLAGS, of an observed one */
	bool nodad;
};

/* The routes of a namespace that came with addresses. */
struct connected {
	struct connected_route *v;
	size_t n;
};
void connected_done(struct connected *c);
int connected_read(struct connected *c, struct look *look, struct err *e);
/* Whether the one of @a is not among them. */
bool connected_misses(const struct connected *c, const struct address *a);

/* kind.mend: makes it again. */
int address_mend(struct work *w, const struct object *o, struct err *e);
