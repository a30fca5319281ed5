/* SPDX-License-Identifier: MIT */
/* why_not.h - the reasons why drift is not healed, or not now: each has a word for
 * programs and a sentence for people. */
#pragma once
#include "base.h"

/* A new one needs a row in why_not.c and its word in the interface text. */
enum why_not {
	WHY_NOT_NONE, /* it is healed */

	/* About a whole topology: */
	WHY_NOT_CHANGING,        /* a change of it is running, and observes all of it */
	WHY_NOT_AWAITING,        /* it is not up yet: something that others create is missing */
	WHY_NOT_ROLLBACK_FAILED, /* netnsd does not know what it should lead to */
	WHY_NOT_OVERDUE,         /* not confirmed in time: it is about to be rolled back */
	WHY_NOT_NO_RECORD,       /* its declaration could not be read at the start */
	WHY_NOT_UNOBSERVED,      /* the kernel did not say what exists */

	/* About one object: */
	WHY_NOT_ON_DRIFT_REPORT,
	WHY_NOT_CONTESTED,      /* damped: it was healed too often lately */
	WHY_NOT_REFUSED,        /* by the kernel; retried later */
	WHY_NOT_UNUSABLE,       /* as declared, but it does not work: it is recreated now and then */
	WHY_NOT_NOT_READY,      /* the kernel has to finish something first */
	WHY_NOT_MISSING,        /* others create it, and it is missing */
	WHY_NOT_OTHERS_MISSING, /* refused while something that others create is missing: it may need that */
	WHY_NOT_BLOCKED,        /* what it depends on cannot be created, or waits */
	WHY_NOT_ORDER,          /* it comes after another object, which waits */
	WHY_NOT_FOREIGN,        /* another program's object is in its place */
	WHY_NOT_OTHER_TOPOLOGY, /* … or that of another topology */
	WHY_NOT_MARK_DAMAGED,   /* it may be ours, and cannot be identified */
	WHY_NOT_ALTNAME,        /* its name is an alternative name of some interface */
	WHY_NOT_NAME_BLOCKED,   /* something other than a network namespace has its name */
	WHY_NOT_BARRED,         /* another program's route keeps ours out */
	WHY_NOT_BESIDE,         /* another program's object next to ours stays */
};
enum { WHY_NOT_FIRST = WHY_NOT_NONE + 1, WHY_NOT_N = WHY_NOT_BESIDE + 1 };

/* "contested", as in the interface text; NULL for WHY_NOT_NONE, and above the last. */
const char *why_not_word(unsigned why);
/* One sentence for people, without a full stop. */
const char *why_not_sentence(enum why_not why);
/* What can be done about it: a command with {name} and {source} of the topology; NULL: only wait. */
const char *why_not_command(enum why_not why);
/* Whether the message of an event with this reason explains it already. */
bool why_not_is_told(enum why_not why);
/* WHY_NOT_NONE: there is no such word. */
enum why_not why_not_find(const char *word);
