/* SPDX-License-Identifier: MIT */
/* nft_obstacle.h - chains of other programs that drop or reject what is forwarded in a namespace: an accept of ours is no
 * use against them, as every base chain of a hook has to let a packet pass. */
#pragma once
#include "rtnl.h"

struct nft_obstacle {
	const char *family; /* "ip", "inet" */
	const char *table, *chain;
	const char *how; /* "policy drop", "last rule reject" */
};

/* Calls @each for those of the namespace that the thread is in; the texts are valid during the call.  Rules are read only of
 * chains whose policy lets packets pass. */
int nft_obstacles(void (*each)(const struct nft_obstacle *o, void *arg), void *arg, struct err *e);
