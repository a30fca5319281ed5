/* SPDX-License-Identifier: MIT */
/* suggest.h - the name that a person may have meant by one that does not exist. */
#pragma once
#include "base.h"

/* Names that are compared for one file.  Each misspelling may mean any name of the file,
 * so without a bound a large file with many misspellings would cost their product. */
enum { COMPARED_MAX = 1 << 17 };

struct suggest {
	const char *wrong; /* the misspelt name */
	const char *best;  /* the nearest name so far that is near enough, or NULL */
	unsigned distance; /* the distance that best has to stay below */
	size_t *count;     /* of the names compared; NULL: they are few */
};

struct suggest suggest_new(const char *wrong);
/* A suggestion among names that a file may have any number of; @count is shared by all
 * suggestions for that file.  Beyond COMPARED_MAX nothing is found. */
struct suggest suggest_counted(const char *wrong, size_t *count);
/* Whether no more names are compared: the caller need not go through them. */
bool suggest_is_spent(const struct suggest *s);
/* @name must live as long as @s. */
void suggest_try(struct suggest *s, const char *name);
