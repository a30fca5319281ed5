/* SPDX-License-Identifier: MIT */
/* plan.h - how to get from what the kernel has to what is desired.  Pure. */
#pragma once
#include "model.h"

enum effect { EFFECT_NONE, EFFECT_IN_PLACE, EFFECT_RECREATE, EFFECT_REMOVE };

/* What a step does to our mark, and nothing else. */
enum marking { MARK_NONE, MARK_PUT, MARK_TAKE_OFF };

/* One step.  No before: create.  No after: remove.  Both: change in place. */
struct op {
	struct object *before, *after;
	uint64_t diff; /* of a change: the fields that differ */
	enum effect effect;
	enum marking mark;  /* of a change: the mark is all that changes */
	const char *others; /* objects of others that it removes as well, in words, and how many; NULL: none */
	size_t n_others;
	bool given; /* created by an earlier step; this one sets what that could not */
};

struct netns_set;

struct plan {
	struct op *ops;
	size_t n, room;
	struct model *desired, *observed; /* what the ops point into; not owned */
};

/* Plans from @observed to @desired, whose objects get the handles of the observed ones, and which gets what came
 * with observed ones and is missing (kind.derive).  Objects of @observed that are not ours stay.  -EEXIST with a
 * problem for each object that is wanted and belongs to others. */
int plan_make(struct plan *p, struct model *desired, struct model *observed, struct problems *problems);
/* "address host/eth0 10.0.0.1/24": its name in messages. */
char *plan_object(struct arena *a, const struct object *want);
/* Adds the problem that @want cannot be created, because of @have. */
void plan_conflict(struct problems *p, const struct object *want, const struct object *have);
/* The objects of @m, sorted so that the plan stays in one namespace as long as possible.  Namespaces come first, unless
 * @there (NULL: nothing) has them: then what changes of them comes with the rest.  The caller frees it. */
struct object **plan_in_order(const struct model *m, const struct model *there);
/* Determines what of @desired is not restored, because what it belongs to is gone (object.moot). */
void plan_find_moot(struct model *desired, const struct model *observed);
/* Determines for each step which objects of others it removes (op.others). */
void plan_find_others(struct plan *p);
/* Lists all of that in one text, empty if there is nothing. */
void plan_others(const struct plan *p, char *ret, size_t size);
/* Lists those of them that stay removed when the change is rolled back after @n steps, of which @refused (NULL: none)
 * had no effect.  A namespace is removed only at the commit. */
void plan_others_lost(const struct plan *p, size_t n, const struct op *refused, char *ret, size_t size);
/* Appends a step. */
void plan_add(struct plan *p, struct op op);
void plan_done(struct plan *p);

/* A step in words; the texts belong to the arena. */
struct step {
	const char *action; /* "create", "change", "remove" */
	const char *kind, *object, *detail;
	const char *effect; /* "none", "in_place", "recreate", "remove" */
	const char *lines;  /* of what comes and goes within it, with "+ " and "- "; NULL: none */
};
/* False for a step that adds nothing to what the create of the object showed. */
bool plan_step(const struct op *op, struct arena *a, struct step *ret);
/* Adds a problem for each step that interrupts traffic; whether there are any. */
bool plan_disrupts(const struct plan *p, struct problems *problems);
/* Adds a problem for each step that may lock out an administrator (kind.locks_out); whether there are any. */
bool plan_locks_out(const struct plan *p, const struct model *last, const struct netns_set *set,
		    struct problems *problems);
/* Counts the steps that plan_step shows, by action. */
void plan_count(const struct plan *p, size_t *ret_created, size_t *ret_changed, size_t *ret_removed);
