/* SPDX-License-Identifier: MIT */
/* sockets.h - the sockets of one namespace at which something can be reached. */
#pragma once
#include "model/type.h"
#include "rtnl.h"

struct bound_socket {
	uint8_t proto;       /* IPPROTO_TCP: it listens; IPPROTO_UDP: it is bound, and not connected */
	struct inet address; /* of zeroes: any */
	bool both;           /* any, of IPv4 too, though it is a socket of IPv6 */
	uint16_t port;       /* in network order */
};

/* Calls @each with those of the namespace that the thread is in.  A kernel that cannot tell has none. */
int sockets_read(void (*each)(const struct bound_socket *s, void *arg), void *arg, struct err *e);
