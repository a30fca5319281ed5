/* SPDX-License-Identifier: MIT */
/* spare.h - descriptors that a change sets aside before it begins, so that the way back
 * has some should they run out. */
#pragma once
#include "base/err.h"

/* A netlink socket, the listener's, /proc, two directories and a value in it, a record and its namespace. */
enum { SPARE_MAX = 8 };

struct spare {
	int fd[SPARE_MAX];
	size_t n;
};

int spare_take(struct spare *s, struct err *e);
void spare_give(struct spare *s);
