/* SPDX-License-Identifier: MIT */
/* revert.h - the way back: what a field or an object returns to when nobody declares
 * it any more, and what a failed change returns to.  Pure. */
#pragma once
#include "plan.h"

/* Adds to @desired what returns: fields that @last had and it has not, to the
 * kernel's default on objects of ours, to @saved elsewhere. */
void revert_complete(struct model *desired, const struct model *last, const struct model *saved,
		   const struct model *observed);	/* once for a model */
/* Takes back of that what @others still declare. */
void revert_shared(struct model *desired, const struct model *others);
/* Adds to @saved the values of others' objects that @plan is about to change. */
void revert_remember(struct model *saved, const struct plan *plan);
/* Lays @from over the object of its id in @m, or adds it. */
void revert_merge(struct model *m, const struct object *from, uint64_t mask);
/* Takes out of @saved what @desired, after revert_complete, does not declare any more. */
void revert_forget(struct model *saved, const struct model *desired);
/* What the steps of @plan start from. */
void revert_delta(struct model *delta, const struct plan *plan);
/* What a change started from: @last, as far as it was there, under @delta.  @plan is
 * the change's, or NULL if it is lost: then what was missing before it is made again. */
void revert_before(struct model *before, struct model *last, const struct model *delta, const struct plan *plan);
