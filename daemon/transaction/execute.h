/* SPDX-License-Identifier: MIT */
/* execute.h - executes a plan, a batch at a time. */
#pragma once
#include "kernel/batch.h"

struct execution {
	struct batch batch;
	const struct plan *plan;
	size_t next;         /* steps before it are done, or in the batch that is queued */
	struct op *deferred; /* the first refused one for which the kernel may not be ready; NULL: none */
	struct err refused;  /* the reason */
};

void execute_init(struct execution *x, const struct plan *plan, struct netns_set *set, const char *topology,
		  const char *machine);
void execute_done(struct execution *x);
/* The first step that creates what this kernel cannot, as @e says; NULL: there is none. */
const struct op *execute_lacking(const struct plan *plan, struct err *e);
/* Continues until a batch was sent.  What the kernel may not be ready for (kind.ready) is deferred when it is refused,
 * together with what follows of its kind in its namespace; the rest goes on. 1: there is more, 0: all is done.  On
 * failure @e names the step, @ret_op is it if it is known, and the kernel may have executed steps after it. */
int execute_step(struct execution *x, const struct op **ret_op, struct err *e);
