/* SPDX-License-Identifier: MIT */
/* share.h - what several topologies declare of the host and of others' namespaces. */
#pragma once
#include "env.h"

/* -EEXIST with a problem if another topology that is up claims otherwise, -ELOOP if it lives in what @j makes. */
int share_check(const struct env *env, struct job *j);
/* A topology that lives in a namespace that @j takes away, and which; NULL: none. */
const struct known *share_user(const struct env *env, const struct job *j, const char **ret_netns);
/* What other topologies declare in namespaces of @name carries our mark, but is not its own. */
void share_disown(const struct env *env, const char *name, struct model *observed, const struct model *desired,
		  const struct model *last);
/* Gives the originals of what the change @j gives up to those that still want it, in their records. */
int share_hand_on(struct env *env, const struct job *j, struct err *e);
