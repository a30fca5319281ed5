/* SPDX-License-Identifier: MIT */
/* export.h - turns an observed model into a topology: the inverse of load.h, by the same tables of kinds.  Pure. */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include "model/unsaid.h"

struct export
{
	struct model *observed; /* linked (model_link); its objects lose what need not be said */
	struct unsaid *unsaid;
	/* Whether an object, or field @field of one (SIZE_MAX: all of it), is told; NULL: everything is. */
	bool (*is_told)(const void *arg, const struct object *o, size_t field);
	const void *arg;
};

/* A topology without a namespace, which the caller owns. */
struct json_object *export_begin(void);
/* Has the kinds leave out what need not be said of the objects of @netns, which is the object of a namespace.  Called
 * for all namespaces before any is added. */
void export_reduce(const struct export *x, struct object *netns);
/* Adds @netns with everything in it. */
void export_add(const struct export *x, struct json_object *topology, const struct object *netns);
/* Puts the namespaces in the order of @netns, and their interfaces in the order in which they are linked (model_link):
 * what is referred to has been added before its turn. */
void export_order(struct json_object *topology, struct object *const *netns, size_t n);
/* Removes from the topology what the rules of the format refuse, and tells it: what is left is valid. */
void export_check(struct json_object *topology, const struct kinds *kinds, struct unsaid *u);
