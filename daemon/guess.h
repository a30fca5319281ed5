/* SPDX-License-Identifier: MIT */
/* guess.h - what a person may have meant by a name that is not there. */
#pragma once
#include "base.h"

struct guess {
	const char *wrong;	/* what stands there */
	const char *best;	/* the nearest name so far that is near enough, or NULL */
	unsigned distance;	/* one more than best may be away */
};

struct guess guess_new(const char *wrong);
/* @name must live as long as @g. */
void guess_try(struct guess *g, const char *name);
