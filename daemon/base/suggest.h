/* SPDX-License-Identifier: MIT */
/* suggest.h - the name that a person may have meant by one that does not exist. */
#pragma once
#include "base.h"

/* Names that are compared for one file.  Each misspelling may mean any name of the file,
 * so without a bound a large file with many misspellings would cost their product. */
enum { GUESSES_MAX = 1 << 17 };

struct suggest {
	const char *wrong; /* the misspelt name */
	const char *best;  /* the nearest name so far that is near enough, or NULL */
	unsigned distance; /* the distance that best has to stay below */
	size_t *count;     /* of the names compared; NULL: they are few */
};

struct suggest suggest_new(const char *wrong);
/* A suggestion among names that a file may have any number of; @count is shared by all
 * suggestions for that file.  Beyond GUESSES_MAX nothing is found. */
struct suggest guess_counted(const char *wrong, size_t *count);
/* Whether no more names are compared: the caller need not go through them. */
bool guess_is_spent(const struct suggest *g);
/* @name must live as long as @g. */
void suggest_try(struct suggest *g, const char *name);
