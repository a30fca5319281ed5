/* SPDX-License-Identifier: MIT */
/* xt_obstacle.h - the same as nft_obstacle.h of the tables of iptables-legacy, which nftables does not show. */
#pragma once
#include "base/err.h"

struct xt_obstacle {
	const char *command; /* "iptables-legacy", "ip6tables-legacy" */
	const char *table;   /* "filter" */
	bool drops;          /* the policy of FORWARD is drop */
	unsigned rules;      /* in FORWARD; what they do is not read */
};

/* Calls @each for tables of the namespace that the thread is in whose FORWARD has rules, or drops; only tables that
 * are in use there are read, as the kernel would create any other. */
int xt_obstacles(void (*each)(const struct xt_obstacle *o, void *arg), void *arg, struct err *e);
