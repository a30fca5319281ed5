/* SPDX-License-Identifier: MIT */
/* enter.h - the namespaces that have a name. */
#pragma once
#include "base/err.h"

#define NETNS_DIR "/run/netns"

/* Opens the namespace called @name; the target of the path is checked on the descriptor that is used.  -ENOENT: there
 * is none. */
int netns_open(const char *name, struct err *e);
