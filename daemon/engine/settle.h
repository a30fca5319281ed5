/* SPDX-License-Identifier: MIT */
/* settle.h - what a change starts from, and what becomes of its topology afterwards. */
#pragma once
#include "engine.h"

/* A job that starts from what @name is now, which may be nothing. */
int member_job(struct engine *g, struct job *j, const char *name, struct err *e);
/* Takes over what a job that has ended did, or how it failed. */
void member_settle(struct engine *g, struct job *j, bool forget);
/* A job was refused and rolled back, which says nothing of the member: it is only looked at again. */
void member_unsettled(struct engine *g, struct job *j);
void member_failed(struct engine *g, struct job *j);
