/* SPDX-License-Identifier: MIT */
/* fd_reserve.h - descriptors that a change sets aside before it begins, so that a rollback
 * has some should they run out. */
#pragma once
#include "base/err.h"

/* A netlink socket, the listener's, /proc, two directories and a value in it, a record and its namespace. */
enum { SPARE_MAX = 8 };

struct fd_reserve {
	int fd[SPARE_MAX];
	size_t n;
};

int fd_reserve_take(struct fd_reserve *s, struct err *e);
void fd_reserve_give(struct fd_reserve *s);
