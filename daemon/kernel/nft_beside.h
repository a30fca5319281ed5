/* SPDX-License-Identifier: MIT */
/* nft_beside.h - whether another program may have translated the source of a connection: who did, the kernel does not say. */
#pragma once
#include "conntrack.h"

enum { NFT_BESIDE_MAX = 256 }; /* rules that are looked at; with more, any connection may be theirs */

struct nft_beside;
/* Reads what others have where the source of packets is translated, in the namespace of the thread. */
int nft_beside_read(struct nft_beside **ret, struct err *e);
/* Whether one of their rules may match what leaves by interface @out. */
bool nft_beside_matches(const struct nft_beside *b, const struct flow *f, const char *out);
void nft_beside_free(struct nft_beside *b);
