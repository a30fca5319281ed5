/* SPDX-License-Identifier: MIT */
/* trust.h - whether what is on disk was put there by root (or the user netnsd runs as):
 * what anybody else could have written is not read, and no path that they could turn is
 * followed. */
#pragma once
#include "err.h"
#include <sys/stat.h>

/* -EPERM if somebody else owns it or may write it; the words lack the path. */
int trust_check(const struct stat *st, struct err *e);

enum trust_flags {
	TRUST_MAKE = 1 << 0,	/* the directory is made if it is not there (its parent must be) */
	TRUST_LINK = 1 << 1,	/* a symbolic link of root's in its place is followed */
	TRUST_STICKY = 1 << 2,	/* others may write to it, if each may remove only their own */
};

/* Opens the directory at @path, which is absolute.  Each directory on the way, and each
 * symbolic link, must be root's.  The words have the path. */
int trust_open(const char *path, unsigned flags, struct err *e);
/* Opens the directory in @at, which is trusted and at @path, made if need be, for root alone. */
int trust_open_at(int at, const char *path, const char *name, struct err *e);
