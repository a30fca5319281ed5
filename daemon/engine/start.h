/* SPDX-License-Identifier: MIT */
/* start.h - the first thing an engine does. */
#pragma once
#include "engine.h"

/* Rolls back interrupted changes, or completes those that only put marks, then repairs drift. */
int engine_start(struct engine *g, struct err *e);
