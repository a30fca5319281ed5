/* SPDX-License-Identifier: MIT */
/* nft_known.h - what our table in a namespace was known to hold, and in which generation.  The kernel counts the
 * transactions of each namespace: while the count is the same nothing in its tables has changed, and they need not be
 * read again.
 *
 * The kernel counts a transaction before all of it is to be seen.  So that none of others can have been half done when the
 * table was read, only what nobody else can change is noted: a table that we own (nft_owner.h). */
#pragma once
#include "rtnl.h"

/* What a topology wants, as numbers. */
struct nft_wanted {
	uint32_t topology; /* topology_hash of its name */
	uint64_t contents; /* a hash of all that the rules are made of */
};

/* The generation of the namespace that @nl was opened in (NFT_MSG_GETGEN); 0: it is not to be had. */
uint32_t nft_generation(struct rtnl *nl);
/* Whether the table was known to hold @wanted in generation @at. */
bool nft_known(const struct rtnl *nl, uint32_t at, struct nft_wanted wanted);
/* Our own table was read in generation @at, and holds @wanted; or, @written, that was written in the one transaction since.
 * Notes it, unless there were others meanwhile. */
void nft_known_note(struct rtnl *nl, uint32_t at, bool written, struct nft_wanted wanted);
