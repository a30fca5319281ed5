/* SPDX-License-Identifier: MIT */
/* rename.h - gives a topology another name: what netnsd has of it in memory and on disk.  The marks in the kernel are
 * transaction/rename.h's. */
#pragma once
#include "engine.h"

/* Prepares the job of CHANGE_RENAME; false, with the outcome, if it is refused before anything is observed. */
bool rename_begin(struct engine *g, struct job *j, const struct change *c, struct outcome *o);
/* Takes over the result of that job, which has ended. */
void rename_settle(struct engine *g, struct job *j, struct outcome *o);
/* At the start: makes a job of the record @r of one that was interrupted, and carries it out.  What it has done is taken
 * over like what a known record says; @e is set and its code returned if it was refused. */
int rename_recover(struct engine *g, struct record *r, struct err *e);
/* At the start, when all records have been read: forgets what is still there under former names. */
void rename_drop_former(struct engine *g);
/* Finishes what a rename from or to @name has left to do once its record is known; 1: there was something. */
int rename_finish(struct engine *g, const char *name, struct err *e);
/* The same of all; what cannot be done is only logged. */
void rename_finish_all(struct engine *g);
/* Whether @c asks again for a rename that has only that left to do. */
bool rename_repeats(struct engine *g, const struct change *c, struct outcome *o);
