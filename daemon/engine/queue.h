/* SPDX-License-Identifier: MIT */
/* queue.h - the changes that wait for their turn.  Those of users other than root come last,
 * and are begun only part of the time. */
#pragma once
#include "change.h"

/* A change that is queued, or running. */
struct entry {
	struct entry *next;
	struct change change;
	size_t deferred; /* how often another went first */
	bool again;      /* it was refused once, and all others went first */
};

enum line { LINE_OWN, LINE_USERS, LINES };

struct queue {
	struct entry *first[LINES], **last[LINES];
	struct entry *at;    /* the first of its queue, once it has begun; NULL: none is running */
	uint64_t spent_usec; /* on the running change of a user */
	uint64_t opens_usec; /* CLOCK_BOOTTIME: when the next of LINE_USERS may begin */
	uint64_t steps_usec; /* the same for its next step, while there is something to heal */
	bool leaving;        /* queued changes of users are not begun any more */
};

void queue_init(struct queue *q);
void queue_done(struct queue *q);
/* Queues a copy of @c. */
void queue_add(struct queue *q, const struct change *c);
/* The change to continue or to begin, which is then the running one.  NULL: there is none, or
 * it has to wait.  @healing: there is something to heal. */
struct entry *queue_take(struct queue *q, bool healing);
/* The running change has taken another @usec. */
void queue_spent(struct queue *q, uint64_t usec);
/* Removes the running change, which is done, and hands it to the caller. */
struct entry *queue_pop(struct queue *q);
/* Lets the down of @user go before the running change, which has not touched anything.
 * False: none is queued, or the two let each other go first more than @most times. */
bool queue_defer(struct queue *q, const char *user, size_t most);
/* Lets all other queued changes of its type go before the running change, which was refused
 * and has been rolled back.  False: there are none, or they have gone first. */
bool queue_again(struct queue *q);
/* Whether queue_take has something; if not, when it will, CLOCK_BOOTTIME; UINT64_MAX: never. */
bool queue_is_ready(const struct queue *q);
uint64_t queue_deadline(const struct queue *q);
