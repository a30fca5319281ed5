/* SPDX-License-Identifier: MIT */
/* nft_flows.h - what the parts of nft_flows share: the rules of NAT that a change concerns (nft_flows_change.c). */
#pragma once
#include "nft.h"
#include "kernel/conntrack.h"

bool nft_rule_is_snat(const struct nft_rule *r);

/* The rules of NAT in which two lists differ, those that are gone and those that have come: a connection that matches none of
 * them meets the same rules in the same order before and after. */
struct nft_change {
	const struct nft_rule **v;
	size_t n, n_came;
};
/* The rules are those of the lists; the rest is in @a. */
void nft_change_of(const struct nft_rules *before, const struct nft_rules *after, struct nft_change *ret,
		   struct arena *a);
/* The connections that such a change may concern. */
void nft_change_filter(const struct nft_change *c, struct flow_filter *ret);
