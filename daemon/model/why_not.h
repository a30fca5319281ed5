/* SPDX-License-Identifier: MIT */
/* why_not.h - the reasons for which something that is not as declared is not healed, or
 * not now: each has a word for programs and a sentence for people. */
#pragma once
#include "base.h"

/* A new one has its row in why_not.c and its word in the interface text. */
enum why_not {
	WHY_NOT_NONE, /* it is healed */

	/* Of a whole topology. */
	WHY_NOT_CHANGING,        /* a change of it is at work, and observes it all */
	WHY_NOT_AWAITING,        /* it is not up yet: something others make is not there */
	WHY_NOT_ROLLBACK_FAILED, /* netnsd does not know what it should lead to */
	WHY_NOT_OVERDUE,         /* nobody confirmed it: it is about to be rolled back */
	WHY_NOT_NO_RECORD,       /* what it declares could not be read at the start */
	WHY_NOT_UNOBSERVED,      /* the kernel did not say what is there */

	/* Of one object. */
	WHY_NOT_ON_DRIFT_REPORT,
	WHY_NOT_CONTESTED,      /* damped: it was healed too often lately */
	WHY_NOT_REFUSED,        /* by the kernel; tried again later */
	WHY_NOT_UNUSABLE,       /* as declared, and of no use: it is recreated now and then */
	WHY_NOT_NOT_READY,      /* the kernel has to finish something first */
	WHY_NOT_MISSING,        /* others make it, and it is not there */
	WHY_NOT_OTHERS_MISSING, /* refused while something others make is not there: it may need that */
	WHY_NOT_BLOCKED,        /* what it stands on cannot be had, or waits */
	WHY_NOT_ORDER,          /* it comes after another object, which waits */
	WHY_NOT_FOREIGN,        /* another program's object is in its place */
	WHY_NOT_OTHER_TOPOLOGY, /* … or that of another topology */
	WHY_NOT_MARK_DAMAGED,   /* it may be ours, and cannot be told to be */
	WHY_NOT_ALTNAME,        /* its name is another name of some interface */
	WHY_NOT_NAME_BLOCKED,   /* what has its name is no network namespace */
	WHY_NOT_BARRED,         /* another program's route keeps ours out */
	WHY_NOT_BESIDE,         /* another program's object beside ours stays */
};
enum { WHY_NOT_FIRST = WHY_NOT_NONE + 1, WHY_NOT_N = WHY_NOT_BESIDE + 1 };

/* "contested", as in the interface text; NULL for WHY_NOT_NONE. */
const char *why_not_word(enum why_not why);
/* One sentence for people, without a full stop. */
const char *why_not_sentence(enum why_not why);
/* What can be done about it: a command with {name} and {source} of the topology; NULL: nothing but to wait. */
const char *why_not_command(enum why_not why);
/* Whether the message of an event with this reason explains it already. */
bool why_not_is_told(enum why_not why);
/* WHY_NOT_NONE: there is no such word. */
enum why_not why_not_find(const char *word);
