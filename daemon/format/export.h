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
/* Has the kinds leave out what need not be said of the next @n objects of a namespace: from @at, which is its own object
 * at the beginning, and NULL at the end.  Called for all namespaces before any is added. */
void export_reduce(const struct export *x, struct object **at, size_t n);
/* Likewise adds them. */
void export_add(const struct export *x, struct json_object *topology, struct object **at, size_t n);
/* Puts the namespaces in the order of @netns, and their interfaces in the order in which they are linked (model_link):
 * what is referred to has been added before its turn. */
void export_order(struct json_object *topology, struct object *const *netns, size_t n);
/* Whether the rules of the format accept the topology; else @p has some of what they refuse. */
bool export_is_valid(struct json_object *topology, const struct kinds *kinds, struct problems *p);
/* Removes that from the topology, and tells it.  What is left may be refused for another reason, but not for ever:
 * EXPORT_ROUNDS_MAX. */
void export_cut(struct json_object *topology, const struct problems *p, struct unsaid *u);
enum { EXPORT_ROUNDS_MAX = 200 };
