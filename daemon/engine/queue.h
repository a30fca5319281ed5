/* SPDX-License-Identifier: MIT */
/* queue.h - the changes that wait for their turn.  What users other than root ask for comes
 * after all else, and is begun only a part of the time. */
#pragma once
#include "change.h"

/* A change that waits in line, or is at work. */
struct entry {
	struct entry *next;
	struct change change;
	size_t deferred;	/* so often another was let go first */
	bool again;		/* it was refused once, and all others were let go first */
};

enum line { LINE_OWN, LINE_USERS, LINES };

struct queue {
	struct entry *first[LINES], **last[LINES];
	struct entry *at;	/* the first of its line, once it has begun; NULL: none is at work */
	uint64_t spent_usec;	/* on the change of a user that is at work */
	uint64_t opens_usec;	/* CLOCK_BOOTTIME: when the next of LINE_USERS may begin */
	uint64_t steps_usec;	/* the same for its next step, while there is something to heal */
	bool leaving;		/* what users have in line is not begun any more */
};

void queue_init(struct queue *q);
void queue_done(struct queue *q);
/* Puts a copy of @c in line. */
void queue_add(struct queue *q, const struct change *c);
/* The change to go on with, or to begin: it is the one at work now.  NULL: there is none,
 * or it has to wait.  @healing: there is something to heal. */
struct entry *queue_take(struct queue *q, bool healing);
/* The change at work has taken @usec more. */
void queue_spent(struct queue *q, uint64_t usec);
/* The change at work is done, and the caller's. */
struct entry *queue_pop(struct queue *q);
/* Lets the down of @user go before the change at work, which has not touched anything.
 * False: none is in line, or the two let each other go first more than @most times. */
bool queue_defer(struct queue *q, const char *user, size_t most);
/* Lets all others of its type in line go before the change at work, which was refused and has
 * been rolled back.  False: there are none, or they have gone first. */
bool queue_again(struct queue *q);
/* Whether queue_take has something; when it will have if not, CLOCK_BOOTTIME; UINT64_MAX: never. */
bool queue_is_ready(const struct queue *q);
uint64_t queue_deadline(const struct queue *q);
