/* SPDX-License-Identifier: MIT */
/* order.h - the order in which objects are shown: that of the file, whatever the order in which the kernel has them.
 * Pure. */
#pragma once
#include "model.h"

/* The place of @o in the order, from 1 on; 0: it has none, as nothing declares it. */
typedef uint64_t (*order_rank)(const void *arg, const struct object *o);

/* Sorts @v by rank.  Objects without one stay where they are, and the others share the places that are left. */
void order_objects(struct object **v, size_t n, order_rank rank, const void *arg);
/* Does so with the interfaces of @netns, which is the object of a namespace of a linked model (model_link). */
void order_links(struct object *netns, order_rank rank, const void *arg);

/* The rank of what a model declares, which is @arg; the host comes first. */
uint64_t order_declared(const void *arg, const struct object *o);
