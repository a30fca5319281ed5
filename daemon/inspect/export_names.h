/* SPDX-License-Identifier: MIT */
/* export_names.h - the namespaces that can be exported. */
#pragma once
#include "base/arena.h"
#include "model/unsaid.h"

/* The names of those in the directory @dir, and the host: sorted, @ret_n of them, on the arena, in an array that the
 * caller frees.  Names that no topology can have are left out, and told @u, if that is not NULL. */
const char **export_names(const char *dir, struct arena *a, struct unsaid *u, size_t *ret_n);
