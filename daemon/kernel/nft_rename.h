/* SPDX-License-Identifier: MIT */
/* nft_rename.h - gives the chains of a topology in our table the names of another one. */
#pragma once
#include "rtnl.h"

/* Renames all chains of @from to those of @to in one transaction: rules, counters and the jumps to them stay.  None there is
 * no error.  -EEXIST: @to has one already.  @nl is a socket of nft_owner_socket in the namespace. */
int nft_table_rename(struct rtnl *nl, const char *from, const char *to, struct err *e);
