/* SPDX-License-Identifier: MIT */
/* route_ask.h - asks the kernel where it would send a packet: the lookup itself, not a guess from its tables. */
#pragma once
#include "model/type.h"

/* A packet.  from.family 0: the kernel chooses; in: the number of the link it came in by, 0: it is sent from here. */
struct route_query {
	struct inet to, from;
	uint32_t in, mark;
	uint8_t proto;         /* IPPROTO_* */
	uint16_t sport, dport; /* 0: none */
};

struct route_answer {
	uint8_t type;            /* RTN_* */
	uint32_t out, table;     /* the number of a link */
	struct inet via, source; /* family 0: none */
	struct inet entry;       /* the destination of the entry that matched; family 0: default */
	bool matched;            /* entry is known */
};

/* Asks in the namespace behind @fd, which has the cookie @cookie unless that is 0 (-ESTALE: another one).  A negative
 * errno is the kernel's refusal, and @e has its words. */
int route_ask(int fd, uint64_t cookie, const struct route_query *q, struct route_answer *ret, struct err *e);
