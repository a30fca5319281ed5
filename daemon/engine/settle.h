/* SPDX-License-Identifier: MIT */
/* settle.h - what a change starts from, and the state of its topology afterwards. */
#pragma once
#include "engine.h"

/* Prepares a job that starts from what @name is now, which may be nothing. */
int topology_job(struct engine *g, struct job *j, const char *name, struct err *e);
/* Takes over the result of a job that has ended, or its failure. */
void topology_settle(struct engine *g, struct job *j, bool forget);
/* A job was refused and rolled back, which does not affect the topology: it is only observed again. */
void topology_unsettled(struct engine *g, struct job *j);
void topology_failed(struct engine *g, struct job *j);
