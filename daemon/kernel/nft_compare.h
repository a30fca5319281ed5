/* SPDX-License-Identifier: MIT */
/* nft_compare.h - whether our nftables table in one namespace (nft_table.h) holds what a topology wants in it. */
#pragma once
#include "nft_seen.h"

enum nft_state { NFT_ABSENT, NFT_EQUAL, NFT_DIFFERENT };

/* Compares @seen with @want; @ret_how says what differs, "chain forward_lab: rule 3", and @ret_below what of the file that
 * is (nft_source_text), or is empty.  @nl is asked for what sets hold. */
int nft_table_compare(struct rtnl *nl, const struct nft_seen *seen, const struct nft_image *want, const char *topology,
		      enum nft_state *ret, char *ret_how, size_t size, char ret_below[64], struct err *e);
/* Whether the kernel has @want, as read now; @empty: nothing of the topology; @want NULL: no table at all. */
bool nft_table_holds(struct rtnl *nl, const struct nft_image *want, bool empty, const char *topology);
