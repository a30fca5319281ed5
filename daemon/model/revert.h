/* SPDX-License-Identifier: MIT */
/* revert.h - what a field or an object reverts to when nobody declares it any more, and
 * what a failed change reverts to.  Pure. */
#pragma once
#include "plan.h"

/* Adds to @desired what reverts: fields that @last had and it has not, to the kernel's
 * default on objects of ours, to @saved elsewhere. */
void revert_complete(struct model *desired, const struct model *last, const struct model *saved,
		     const struct model *observed); /* once for a model */
/* Drops those of them that @others still declare, and adds to @given, unless it is NULL, what they would have been. */
void revert_shared(struct model *desired, const struct model *others, struct model *given);
/* Adds to @saved the values of others' objects that @plan is about to change. */
void revert_remember(struct model *saved, const struct plan *plan);
/* Merges @from into the object of its id in @m, or adds it. */
void revert_merge(struct model *m, const struct object *from, uint64_t mask);
/* Removes from @saved what @desired, after revert_complete, does not declare any more. */
void revert_forget(struct model *saved, const struct model *desired);
/* The objects as they were before the steps of @plan. */
void revert_delta(struct model *delta, const struct plan *plan);
/* The state that a change started from: @last, as far as it existed, merged with @delta.
 * @plan is the change's, or NULL if it is lost: then what was missing before is created
 * as well. */
void revert_before(struct model *before, struct model *last, const struct model *delta, const struct plan *plan);
