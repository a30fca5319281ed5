/* SPDX-License-Identifier: MIT */
/* suggest.h - what a person may have meant by a name that is not there. */
#pragma once
#include "base.h"

/* Names that are compared for one file.  Each slip may mean any name of the file, so
 * without a bound a large file with many slips would cost their product. */
enum { GUESSES_MAX = 1 << 17 };

struct suggest {
	const char *wrong;	/* what stands there */
	const char *best;	/* the nearest name so far that is near enough, or NULL */
	unsigned distance;	/* one more than best may be away */
	size_t *count;		/* of the names compared; NULL: they are few */
};

struct suggest suggest_new(const char *wrong);
/* A guess among names that a file may have any number of; @count is shared by all
 * guesses for that file.  Beyond GUESSES_MAX it finds nothing. */
struct suggest guess_counted(const char *wrong, size_t *count);
/* Whether no more names are compared: the caller need not go through them. */
bool guess_is_spent(const struct suggest *g);
/* @name must live as long as @g. */
void suggest_try(struct suggest *g, const char *name);
