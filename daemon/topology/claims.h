/* SPDX-License-Identifier: MIT */
/* claims.h - what several topologies declare of the host and of others' namespaces. */
#pragma once
#include "env.h"

/* -EEXIST with a problem if another topology that is up contradicts, -ELOOP if it uses what @j creates. */
int claims_check(const struct env *env, struct job *j);
/* A topology that uses a namespace that @j removes, and which; NULL: none. */
const struct topology *claims_user(const struct env *env, const struct job *j, const char **ret_netns);
/* What topologies other than @name declare of others' objects; the caller owns the array. */
struct claim *claims_of_others(const struct env *env, const char *name, size_t *ret_n);
/* Adds to @ret what the topologies declare that create what @last, of @name, only manages. */
void claims_owned(const struct env *env, const char *name, const struct model *last, struct model *ret);
/* Transfers the saved values of what the change @j gives up to the topologies that still
 * declare it, in their records. */
int claims_transfer(struct env *env, const struct job *j, struct err *e);
