/* SPDX-License-Identifier: MIT */
/* nft_ruleset.h - the tables of others in a namespace, with their chains and rules, as the kernel has them. */
#pragma once
#include "base/arena.h"
#include "rtnl.h"

enum { NFT_RULESET_MAX = 4096 }; /* chains, and rules */

struct nft_ruleset_table {
	uint8_t family; /* NFPROTO_* */
	const char *name;
};

struct nft_ruleset_chain {
	uint8_t family;
	const char *table, *name;
	const char *type; /* "nat", "filter"; NULL: it is no base chain */
	uint32_t hook, policy;
};

struct nft_ruleset_rule {
	uint8_t family;
	const char *table, *chain;
	struct nlattr *expressions;
};

struct nft_ruleset {
	struct arena arena;
	struct nft_ruleset_table *tables;
	struct nft_ruleset_chain *chains;
	struct nft_ruleset_rule *rules;
	size_t n_tables, n_chains, n_rules, room_tables, room_chains, room_rules;
	bool cut; /* it has more than are read */
};

/* Reads those of the namespace that the thread is in; @ret is to be freed with nft_ruleset_done in any case. */
int nft_ruleset_read(struct nft_ruleset *ret, struct err *e);
void nft_ruleset_done(struct nft_ruleset *s);
/* Calls @each with the elements of a set, a message at a time (NFTA_SET_ELEM_LIST_ELEMENTS). */
int nft_ruleset_elements(const struct nft_ruleset_rule *of, const char *set,
			 void (*each)(const struct nlattr *elements, void *arg), void *arg, struct err *e);
