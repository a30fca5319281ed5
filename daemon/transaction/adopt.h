/* SPDX-License-Identifier: MIT */
/* adopt.h - takes over existing objects of others that are exactly as declared. */
#pragma once
#include "job.h"

/* Opens the namespaces of @j, which is to adopt.  Then its caller does what comes before a job observes.  False: it is
 * done. */
bool adopt_open(struct job *j);
/* Carries it out. */
void adopt_run(struct job *j);
/* Continues one that was interrupted: everything was as declared then. */
void adopt_resume(struct job *j);
