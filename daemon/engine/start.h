/* SPDX-License-Identifier: MIT */
/* start.h - the first thing an engine does. */
#pragma once
#include "engine.h"

/* Takes back what was cut off, then puts right what is not as it should be. */
int engine_start(struct engine *g, struct err *e);
