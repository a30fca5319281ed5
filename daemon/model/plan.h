/* SPDX-License-Identifier: MIT */
/* plan.h - what to do so that the kernel has what a person wants.  Pure. */
#pragma once
#include "model.h"

enum effect { EFFECT_NONE, EFFECT_IN_PLACE, EFFECT_RECREATE, EFFECT_REMOVE };

/* What a step does to nothing but our mark. */
enum marking { MARK_NONE, MARK_PUT, MARK_TAKE_OFF };

/* One step.  No before: create.  No after: remove.  Both: change in place. */
struct op {
	struct object *before, *after;
	uint64_t diff;		/* of a change: the fields that are wrong */
	enum effect effect;
	enum marking mark;	/* of a change: only this, and nothing else */
	const char *others;	/* what it takes along of others, in words, and how many; NULL: nothing */
	size_t n_others;
	bool repair;		/* of a change: only what the kernel made with the object is made again (kind.repair) … */
	bool needless;		/* … and once that is taken: it had come with another one's */
	bool given;		/* made by an earlier create; the step gives it what that create could not */
};

struct plan {
	struct op *ops;
	size_t n, room;
	struct model *desired, *observed;	/* what the ops point into; not owned */
};

/* Plans from @observed to @desired, whose objects get the handles of the observed
 * ones.  Objects of @observed that are not ours stay.  -EEXIST with a problem
 * for each object that is wanted and somebody else's. */
int plan_make(struct plan *p, struct model *desired, struct model *observed, struct problems *problems);
/* "address host/eth0 10.0.0.1/24": what a message calls it. */
char *plan_object(struct arena *a, const struct object *want);
/* Adds the problem that @want is not to be had, because of @have. */
void plan_conflict(struct problems *p, const struct object *want, const struct object *have);
/* Says of each step what it takes along of others (op.others). */
void plan_find_others(struct plan *p);
/* All of that in one text, empty if there is nothing. */
void plan_others(const struct plan *p, char *ret, size_t size);
/* Of that, what stays gone when the change is rolled back after @n steps, of which @refused (NULL: none) did nothing.
 * A namespace that leaves is whole until the commit. */
void plan_others_lost(const struct plan *p, size_t n, const struct op *refused, char *ret, size_t size);
/* Appends a step. */
void plan_add(struct plan *p, struct op op);
void plan_done(struct plan *p);

/* A step in words; the texts belong to the arena. */
struct step {
	const char *action;	/* "create", "change", "remove" */
	const char *kind, *object, *detail;
	const char *effect;	/* "none", "in_place", "recreate", "remove" */
};
/* False for a step that says nothing beyond the create that gave the object. */
bool plan_step(const struct op *op, struct arena *a, struct step *ret);
/* Adds a problem for each step that interrupts traffic; whether there are any. */
bool plan_disrupts(const struct plan *p, struct problems *problems);
/* The steps that plan_step shows, by action. */
void plan_count(const struct plan *p, size_t *ret_created, size_t *ret_changed, size_t *ret_removed);
