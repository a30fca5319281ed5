/* SPDX-License-Identifier: MIT */
/* job_wait.h - the parts of job.c that wait for the kernel: an address, say, whose duplicates
 * are looked for is no source of a route until that is done. */
#pragma once
#include "job.h"

/* A step was deferred: @j waits; false if that was too often. */
bool job_await(struct job *j);
/* In the plan that was just made.  -EAGAIN: it still has to; 0: nothing is waited for; else it
 * never will, as @e says of @ret. */
int job_wait_check(struct job *j, const struct object **ret, struct err *e);
/* The wait is over.  The time to confirm in begins with what a person sees. */
void job_waited(struct job *j);
/* What to say of a step that the kernel took, and that is to be taken once more. */
void job_not_settled(const struct op *op, struct err *e);
