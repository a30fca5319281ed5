/* SPDX-License-Identifier: MIT */
/* claims.h - what several topologies declare of the host and of others' namespaces. */
#pragma once
#include "env.h"

/* -EEXIST with a problem if another topology that is up claims otherwise, -ELOOP if it lives in what @j makes. */
int claims_check(const struct env *env, struct job *j);
/* A topology that lives in a namespace that @j takes away, and which; NULL: none. */
const struct known *claims_user(const struct env *env, const struct job *j, const char **ret_netns);
/* What other topologies declare in namespaces of @name carries our mark, but is not its own. */
void claims_disown(const struct env *env, const char *name, struct model *observed, const struct model *desired,
		  const struct model *last);
/* Hands the saved values of what the change @j gives up to the topologies that still declare it, in their records. */
int claims_transfer(struct env *env, const struct job *j, struct err *e);
