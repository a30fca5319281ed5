/* SPDX-License-Identifier: MIT */
/* healing.h - what the modules of a heal share. */
#pragma once
#include "store/event.h"
#include "scope.h"

enum { TOLD_MAX = 256 }; /* drifted objects that one heal reports one by one */

struct heal {
	struct env *env;
	struct topology *topology;
	struct scope scope;
	struct pass pass;
	struct problems refused; /* steps that the kernel refused */
	uint64_t began, now;     /* CLOCK_BOOTTIME, in microseconds */
	size_t healed, told;
	bool report;                  /* reported, not healed */
	bool deferred;                /* the kernel was possibly not ready for a step */
	bool pending;                 /* a refused step waits to be retried */
	const struct object **others; /* managed interfaces that are not those they were before */
	size_t n_others;
};

static inline struct object *heal_object(const struct op *op)
{
	return op->after ? op->after : op->before;
}

uint64_t heal_now(void);

/* heal_why.c: every step that is left out has a reason. */
/* Leaves the step out: that is recorded, but not reported, except in the status and the debug log. */
void heal_skip(struct heal *h, const struct op *op, enum why_not why);
/* Leaves out all remaining steps of the plan. */
void heal_skip_all(struct heal *h, enum why_not why);
/* Records the conflicts, for which the plan has no step. */
void heal_skip_impossible(struct heal *h);
/* Why the step of @one (NULL: none) waits for its time; WHY_NOT_NONE: it does not. */
enum why_not heal_damped_by(const struct heal *h, const struct op *op, const struct drift *one);
/* Why the object of the problem is not healed, if known. */
enum why_not heal_reason_of(const struct heal *h, const struct problem *p);

/* heal_note.c: records drift and reports it. */
/* Reports on one object and, with @one, who caused the drift; @message NULL: describes what happened. */
void heal_tell(struct heal *h, enum event_type type, const struct op *op, struct drift *one, const char *message);
/* Describes in @one, in the words of a plan, what the step is about. */
void heal_describe(struct heal *h, const struct op *op, struct drift *one);
void heal_tell_failed(struct heal *h);
void heal_tell_healed(struct heal *h);
/* Records all that the plan would repair, and reports what is new of it. */
void heal_note_all(struct heal *h);
/* Marks what is drifted to be observed again in full, whatever the next observation is about. */
void heal_doubt(const struct heal *h);

/* heal_restore.c: restores the saved values of interfaces that existed before netnsd and
 * were renamed; true if there were any: then the observation is out of date. */
bool heal_restore_renamed(struct heal *h);

/* heal_other.c: an interface that existed before netnsd may have been replaced by another of
 * its name: values of that one are saved before they are changed, as at the first apply. */
/* Called before the plan is made. */
void heal_find_others(struct heal *h);
/* Called before it is executed. */
void heal_remember_others(struct heal *h);

/* heal_beside.c: records and reports objects of others that coexist with ours; they are left alone. */
void heal_note_beside(struct heal *h);

/* heal_retry.c */
/* Whether the step recreates an object that the kernel found not to work: that is no healing yet. */
bool heal_is_retry(const struct heal *h, const struct op *op);
/* Objects that were recreated so count as drifted until the kernel confirms that they work;
 * called before heal_note_all. */
void heal_note_tried(struct heal *h);
/* Delays such steps; called after heal_note_all. */
void heal_pace_retries(struct heal *h);
/* Reports the objects that do not work. */
void heal_tell_retries(struct heal *h);

/* heal_wait.c */
/* Why @want cannot be created while @have is in its place; WHY_NOT_NONE: it can. */
enum why_not heal_kept_out_by(const struct object *have, const struct object *want);
/* Whether something that others create is missing. */
bool heal_is_missing(const struct heal *h);
/* What the step only makes room for, and what is created first; NULL: the step stands for itself. */
const struct object *heal_made_first(const struct heal *h, const struct op *op);
/* Leaves out the steps that have to wait, also those for what is @damped, and for what
 * depends on that; an object that would be removed only to be recreated is kept, too. */
void heal_leave_out(struct heal *h, bool damped);
