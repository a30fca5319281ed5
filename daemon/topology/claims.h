/* SPDX-License-Identifier: MIT */
/* claims.h - what several topologies declare of the host and of others' namespaces. */
#pragma once
#include "env.h"

/* -EEXIST with a problem if another topology that is up claims otherwise, -ELOOP if it lives in what @j makes. */
int claims_check(const struct env *env, struct job *j);
/* A topology that lives in a namespace that @j takes away, and which; NULL: none. */
const struct topology *claims_user(const struct env *env, const struct job *j, const char **ret_netns);
/* What topologies other than @name declare of what is not their own; the array is the caller's. */
struct claim *claims_of_others(const struct env *env, const char *name, size_t *ret_n);
/* Hands the saved values of what the change @j gives up to the topologies that still declare it, in their records. */
int claims_transfer(struct env *env, const struct job *j, struct err *e);
