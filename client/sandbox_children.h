/* SPDX-License-Identifier: MIT */
/* sandbox_children.h - the processes in the sandbox, for its first one, whose children they are, or become. */
#pragma once
#include "base.h"
#include <sys/types.h>

struct children {
	int lifeline; /* its other end is closed when netnsctl is gone; then we exit, and all end */
	int signals;  /* a signalfd, non-blocking, of SIGCHLD */
};

/* Waits until @pid has ended, and reaps whatever else ends meanwhile; returns its status as waitpid(2) has it. */
int children_wait(const struct children *c, pid_t pid);
/* Whether anything is left that does not end by itself within 200 ms. */
bool children_remain(const struct children *c);
/* Stops everything, so that nothing changes under the exporter's eyes: what only processes hold, such as namespaces
 * without a name, is still there for it to mention. */
void children_freeze(const struct children *c);
/* Prints the command lines of what is left, running or stopped, on stderr. */
void children_print(void);
