/* SPDX-License-Identifier: MIT */
/* once.h - netnsd --once: applies files and exits. */
#pragma once
#include "engine/reconcile.h"

/* Applies each of @files (@n of them) in turn; an exit code of netnsd.h. */
int once_run(const struct engine_options *options, char *const *files, int n);
