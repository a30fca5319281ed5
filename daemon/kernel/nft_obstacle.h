/* SPDX-License-Identifier: MIT */
/* nft_obstacle.h - base chains of other programs, and which of them drop or reject all that reaches their end: an accept
 * of ours is no use against them, as every base chain of a hook has to let a packet pass. */
#pragma once
#include "rtnl.h"

enum { NFT_SEARCH_CHAINS_MAX = 1024, NFT_SEARCH_RULES_MAX = 10000 };

struct nft_obstacle {
	const char *family;        /* "ip", "inet" */
	const char *table, *chain; /* fit to be shown (nft_print) */
	uint32_t hook;             /* NF_INET_* */
	bool bridged;              /* it sees frames of a bridge, not packets */
	bool selects;              /* it has rules about some packets only; before that */
	bool translates;           /* it is one of NAT */
	const char *how; /* "policy drop", "last rule reject"; NULL: it lets packets pass, as far as can be said */
};

/* Calls @each for those of the namespace that the thread is in that stop what is forwarded; the texts are valid during
 * the call. */
int nft_obstacles(void (*each)(const struct nft_obstacle *o, void *arg), void *arg, struct err *e);

/* The same a part at a time, and of all hooks: begins in the namespace that the thread is in … */
struct nft_search;
int nft_search_begin(struct nft_search **ret, struct err *e);
/* … reads the next part, in whatever namespace the thread is by then.  1: there is more, 0: done. */
int nft_search_step(struct nft_search *s, struct err *e);
/* What was found, when it is done; @ret_cut: the namespace has more chains or rules than are read. */
void nft_search_result(struct nft_search *s, void (*each)(const struct nft_obstacle *o, void *arg), void *arg,
		       bool *ret_cut);
void nft_search_end(struct nft_search *s);
