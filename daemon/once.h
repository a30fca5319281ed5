/* SPDX-License-Identifier: MIT */
/* once.h - netnsd --once: applies files, or takes topologies down, and exits. */
#pragma once
#include "engine/reconcile.h"

/* Applies each of @files (@n of them) in turn; an exit code of netnsd.h. */
int once_run(const struct engine_options *options, char *const *files, int n);
/* Takes each of @names (@n of them) down, as far as it is possible; likewise. */
int once_down(const struct engine_options *options, char *const *names, int n);
