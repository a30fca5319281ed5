/* SPDX-License-Identifier: MIT */
/* execute.h - carries a plan out, a batch at a time. */
#pragma once
#include "kernel/batch.h"

struct execution {
	struct batch batch;
	const struct plan *plan;
	size_t next;		/* steps before it are done, or in the batch that waits */
	struct op *deferred;	/* the first that was refused, maybe as the kernel is not ready for it, NULL: none is */
	struct err refused;	/* why */
};

void execute_init(struct execution *x, const struct plan *plan, struct netns_set *set, const char *topology,
		  const char *machine);
void execute_done(struct execution *x);
/* Goes on until a batch was sent.  What the kernel may not be ready for (kind.ready) is deferred when it is
 * refused, with what follows of its kind in its namespace; the rest goes on.  1: there is more, 0: all is done.  On failure @e
 * names the step, @ret_op is it if it is known, and the kernel may have taken steps
 * after it. */
int execute_step(struct execution *x, const struct op **ret_op, struct err *e);
