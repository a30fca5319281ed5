/* SPDX-License-Identifier: MIT */
/* held.h - namespaces that lose their names in a change, kept alive until it is decided:
 * should netnsd be cut off, they can still have their names back. */
#pragma once
#include "netns.h"

/* Keeps @ns, whose descriptor can be bound, at @set->held. */
int held_add(struct netns_set *set, const struct netns *ns, struct err *e);
/* What a change that was cut off has left there is LOST, and not ABSENT. */
void held_find(struct netns_set *set);
/* Lets go of all that is kept at @path. */
void held_release(const char *path);
