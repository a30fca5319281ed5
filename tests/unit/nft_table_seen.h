/* SPDX-License-Identifier: MIT */
/* nft_table_seen.h - tests of transactions of nftables without a kernel: the table that there is; at first it is none. */
#pragma once
#include "kernel/nft_seen.h"

extern struct nft_seen table_seen;
