/* SPDX-License-Identifier: MIT */
/* trust.h - whether a file was put there by root (or the user netnsd runs as): what
 * anybody else could have written is not read, and no path that they could redirect is
 * followed. */
#pragma once
#include "err.h"
#include <sys/stat.h>

/* -EPERM if somebody else owns it or may write to it; the message lacks the path. */
int trust_check(const struct stat *st, struct err *e);

enum trust_flags {
	TRUST_MAKE = 1 << 0,   /* a missing directory is created (its parent must exist) */
	TRUST_LINK = 1 << 1,   /* a symbolic link of root's in its place is followed */
	TRUST_STICKY = 1 << 2, /* others may write to it, if each may remove only their own */
};

/* Opens the directory at @path, which is absolute.  Each directory and each symbolic link
 * along it must be root's.  The message has the path. */
int trust_open(const char *path, unsigned flags, struct err *e);
/* Opens the directory in @at, which is trusted and at @path, and creates it if necessary, for root alone. */
int trust_open_at(int at, const char *path, const char *name, struct err *e);
