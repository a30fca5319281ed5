/* SPDX-License-Identifier: MIT */
/* adopt.h - takes over what somebody else made, if it is just as declared. */
#pragma once
#include "job.h"

/* Carries through @j, which has begun and is to adopt. */
void adopt_run(struct job *j);
/* Goes on with one that was cut off: all of it was as declared then. */
void adopt_resume(struct job *j);
