/* SPDX-License-Identifier: MIT */
/* adopt.h - takes over what somebody else made, if it is just as declared. */
#pragma once
#include "job.h"

/* Before it is decided whose an observed object is: what is declared and carries no mark
 * is taken to carry ours. */
void adopt_pretend(struct model *observed, const struct model *desired, const char *name);
/* Carries through @j, which has begun and is to adopt. */
void adopt_run(struct job *j);
/* Goes on with one that was cut off: all of it was as declared then. */
void adopt_resume(struct job *j);
