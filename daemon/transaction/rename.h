/* SPDX-License-Identifier: MIT */
/* rename.h - gives all that a topology has created the marks of its new name, and changes nothing else. */
#pragma once
#include "job.h"

/* Whether @j gives a topology another name. */
static inline bool job_renames(const struct job *j)
{
	return *j->next.renames;
}
/* Takes a phase, or a batch of it, of a job whose record says what it renames, and whose desired model is what is up now;
 * empty: nothing is.  False when it is JOB_DONE: if it was refused all marks are those of the former name again. */
bool rename_step(struct job *j);
/* Continues one that was interrupted; what is refused then stays as it is. */
void rename_resume(struct job *j);
