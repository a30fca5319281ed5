/* SPDX-License-Identifier: MIT */
/* nft_table_seen.c - stands in for what reads a table. */
#include "nft_table_seen.h"

struct nft_seen table_seen;

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the names that --wrap of ld(1) makes
int __wrap_nft_seen_read(struct rtnl *nl, struct nft_seen *ret, struct err *e);
void __wrap_nft_seen_done(struct nft_seen *s);
uint32_t __wrap_rtnl_port(const struct rtnl *nl);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

int __wrap_nft_seen_read(_unused_ struct rtnl *nl, struct nft_seen *ret, _unused_ struct err *e)
{
	*ret = table_seen;
	return 0;
}

void __wrap_nft_seen_done(_unused_ struct nft_seen *s)
{
}

uint32_t __wrap_rtnl_port(_unused_ const struct rtnl *nl)
{
	return 1;
}
