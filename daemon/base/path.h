/* SPDX-License-Identifier: MIT */
/* path.h - the place of a walk in a JSON text: a chain of steps on the stack, each
 * pointing to the one above it. */
#pragma once
#include "arena.h"

struct path {
	const struct path *up; /* NULL: the whole text */
	const char *key;       /* NULL: the element @index of a list */
	size_t index;
};

/* The JSON pointer (RFC 6901) of @p; "" for the whole text. */
const char *path_text(const struct path *p, struct arena *a);
