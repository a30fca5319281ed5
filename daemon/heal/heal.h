/* SPDX-License-Identifier: MIT */
/* heal.h - puts right what is not as declared: looks only at what was marked, plans
 * from there, and takes the steps. */
#pragma once
#include "keep.h"

/* Heals a part of what is marked.  True if more is left. */
bool heal_step(struct engine *g);
/* Whether anything is marked. */
bool heal_needed(const struct engine *g);
/* When something that is damped is due, CLOCK_BOOTTIME in microseconds; UINT64_MAX: never. */
uint64_t heal_deadline(const struct engine *g);
/* Marks what is due. */
void heal_tick(struct engine *g);
