/* SPDX-License-Identifier: MIT */
/* nft_table.h - our nftables table in one namespace, "inet netnsd": what a topology wants in it is written in one
 * transaction, and compared with what is there.
 *
 * A base chain holds nothing but jumps: to BASE_TOPOLOGY of each topology that has rules there, in order of name, then to
 * last_BASE_TOPOLOGY of each that decides what becomes of the rest. */
#pragma once
#include "nft_image.h"
#include "rtnl.h"

/* Makes the table hold @want of @topology, next to what other topologies have in it; whatever else is there goes.  @want
 * without rules takes away what the topology has, and the table if it was the last.  @nl is a socket of
 * nft_owner_socket in the namespace.  @ret_ours: @nl has owned the table since before it was read. */
int nft_table_commit(struct rtnl *nl, const struct nft_image *want, const char *topology, bool *ret_ours,
		     struct err *e);
