/* SPDX-License-Identifier: MIT */
/* execute.h - carries a plan out, a batch at a time. */
#pragma once
#include "work.h"

struct execution {
	struct work work;
	const struct plan *plan;
	size_t next;		/* steps before it are done, or in the batch that waits */
};

void execute_init(struct execution *x, const struct plan *plan, struct netns_set *set, const char *topology,
		  const char *machine);
void execute_done(struct execution *x);
/* Goes on until a batch was sent.  1: there is more, 0: all is done.  On failure @e
 * names the step, @ret_op is it if it is known, and the kernel may have taken steps
 * after it. */
int execute_step(struct execution *x, const struct op **ret_op, struct err *e);
