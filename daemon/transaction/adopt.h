/* SPDX-License-Identifier: MIT */
/* adopt.h - takes over what somebody else made, if it is just as declared. */
#pragma once
#include "job.h"

/* Opens the namespaces of @j, which is to adopt.  Then its caller does what he does before a job observes.  False: it is
 * done. */
bool adopt_open(struct job *j);
/* Carries it through. */
void adopt_run(struct job *j);
/* Goes on with one that was cut off: all of it was as declared then. */
void adopt_resume(struct job *j);
