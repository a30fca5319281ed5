/* SPDX-License-Identifier: MIT */
/* healing.h - what the parts of a heal share. */
#pragma once
#include "store/event.h"
#include "scope.h"

enum { TOLD_MAX = 256 };	/* drifted objects that are told of one by one in one heal */

struct heal {
	struct env *env;
	struct topology *topology;
	struct scope scope;
	struct pass pass;
	struct problems refused;	/* steps, by the kernel */
	uint64_t began, now;		/* CLOCK_BOOTTIME, in microseconds */
	size_t healed, told;
	bool report;			/* told, not healed */
	bool deferred;			/* the kernel was not ready for a step, perhaps */
	bool pending;			/* a step that was refused waits to be tried again */
	const struct object **others;	/* managed interfaces that are others than before */
	size_t n_others;
};

static inline struct object *heal_object(const struct op *op)
{
	return op->after ? op->after : op->before;
}

uint64_t heal_now(void);

/* heal_why.c: every step that is left out has a reason. */
/* The step is left out: that is noted, but for who asks, and for the debug log. */
void heal_skip(struct heal *h, const struct op *op, enum why_not why);
/* All that are left of the plan. */
void heal_skip_all(struct heal *h, enum why_not why);
/* What the plan has no step for, as it cannot be had. */
void heal_skip_impossible(struct heal *h);
/* Why the step of @one (NULL: none) waits for its time; WHY_NOT_NONE: it does not. */
enum why_not heal_damped_by(const struct heal *h, const struct op *op, const struct drift *one);
/* Why what the problem is about is not healed, as far as known. */
enum why_not heal_reason_of(const struct heal *h, const struct problem *p);

/* heal_note.c: what drifted is noted and told. */
/* Tells of one object, and, if @one is there, who did it; @message NULL: what became of it. */
void heal_tell(struct heal *h, enum event_type type, const struct op *op, struct drift *one, const char *message);
/* Notes in @one, in the words of a plan, what the step is about. */
void heal_describe(struct heal *h, const struct op *op, struct drift *one);
void heal_tell_failed(struct heal *h);
void heal_tell_healed(struct heal *h);
/* Notes all that the plan would put right, and tells what is new of it. */
void heal_note_all(struct heal *h);
/* Has what is drifted looked at again in full, whatever the next look is about. */
void heal_doubt(const struct heal *h);

/* heal_restore.c: gives back to interfaces that are only managed, and got another name, what
 * they had before us; true if there were any, and what was looked at is not so any more. */
bool heal_restore_renamed(struct heal *h);

/* heal_other.c: an interface that is only managed may have gone, and another one come by
 * its name: what is changed of that one is written down as at the first apply. */
/* Before the plan is made. */
void heal_find_others(struct heal *h);
/* Before it is carried out. */
void heal_remember_others(struct heal *h);

/* heal_beside.c: notes and tells what others have put beside objects of ours; it stays. */
void heal_note_beside(struct heal *h);

/* heal_retry.c */
/* Whether the step makes anew what the kernel found to be of no use: that is no healing yet. */
bool heal_is_retry(const struct heal *h, const struct op *op);
/* What they made is drifted until the kernel says that it is of use; before heal_note_all. */
void heal_note_tried(struct heal *h);
/* Has such steps wait; after it. */
void heal_pace_retries(struct heal *h);
/* Tells what is of no use. */
void heal_tell_retries(struct heal *h);

/* heal_wait.c */
/* Why @want cannot be had while @have is there in its place; WHY_NOT_NONE: it can. */
enum why_not heal_kept_out_by(const struct object *have, const struct object *want);
/* Why it has to wait for something that is not there, or not ours; WHY_NOT_NONE: it need not. */
enum why_not heal_blocked_by(const struct heal *h, const struct object *want);
/* Whether something of others' making has not come yet. */
bool heal_is_missing(const struct heal *h);
/* What the step only makes room for: it is made first; NULL: the step is for its own sake. */
const struct object *heal_made_first(const struct heal *h, const struct op *op);
/* Whether it is healed later: it is changed again and again, or was refused.  @one NULL: no. */
bool heal_is_damped(const struct heal *h, const struct drift *one);
/* Leaves out the steps that have to wait, also those for what is @damped, and for what
 * stands on that; what would only be taken away to be made anew stays, too. */
void heal_leave_out(struct heal *h, bool damped);
