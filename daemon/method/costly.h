/* SPDX-License-Identifier: MIT */
/* costly.h - questions about the whole machine, such as Doctor: they are answered one at a time, in slices, after
 * everything else; one more of each user may wait.  A call shares the facts of another one that were gathered while it
 * waited, never older ones: what was repaired before the call must not be reported. */
#pragma once
#include "context.h"
#include "inspect/facts.h"

/* A question, which a method makes of its parameters. */
struct question {
	struct call *call;
	enum survey_depth depth; /* the facts that it needs */
	/* Takes a step of answering it from @f; false: the call is answered. */
	bool (*answer)(struct question *q, const struct facts *f);
	int waits;    /* after a step: a descriptor that has to be readable before the next one; 0: none has */
	bool unaided; /* it reads by itself: it gets no facts */
	/* Frees what it needed; also if the peer disconnects before it is answered. */
	void (*free)(struct question *q);
	/* The rest belongs to costly.c. */
	struct question *next;
	struct costly *costly;
	uint64_t asked_usec;
};

struct costly *costly_new(struct engine *g);
/* All questions must have been answered, or their calls ended. */
void costly_free(struct costly *k);

/* The namespaces of @f that could not be read, if @q's peer may know those of others; NULL: none. */
struct json_object *costly_unread(const struct question *q, const struct facts *f);

/* Answers @q in its turn, or at once with TooManyQuestions. */
void costly_ask(struct costly *k, struct question *q);
