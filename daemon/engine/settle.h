/* SPDX-License-Identifier: MIT */
/* settle.h - what a change starts from, and what becomes of its topology afterwards. */
#pragma once
#include "engine.h"

/* A job that starts from what @name is now, which may be nothing. */
int topology_job(struct engine *g, struct job *j, const char *name, struct err *e);
/* Takes over what a job that has ended did, or how it failed. */
void topology_settle(struct engine *g, struct job *j, bool forget);
/* A job was refused and rolled back, which says nothing of the topology: it is only looked at again. */
void topology_unsettled(struct engine *g, struct job *j);
void topology_failed(struct engine *g, struct job *j);
