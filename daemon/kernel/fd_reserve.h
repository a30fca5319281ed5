/* SPDX-License-Identifier: MIT */
/* fd_reserve.h - descriptors that a change sets aside before it begins, so that a rollback
 * has some should they run out. */
#pragma once
#include "nft_owner.h"

enum {
	/* A netlink socket, the listener's, one of nfnetlink, /proc, two directories and a value in it, a record and its
	 * namespace. */
	SPARE_MIN = 9,
	/* With more sockets of nfnetlink, where descriptors are many. */
	SPARE_MAX = SPARE_MIN + NFT_RECENT_MAX,
};

struct fd_reserve {
	int fd[SPARE_MAX];
	size_t n;
};

int fd_reserve_take(struct fd_reserve *s, struct err *e);
void fd_reserve_give(struct fd_reserve *s);
