/* SPDX-License-Identifier: MIT */
/* heal.h - repairs drift: observes only what was marked, plans from there, and executes the steps. */
#pragma once
#include "watched.h"

/* Heals a part of what is marked.  True if more is left. */
bool heal_step(struct env *env);
/* Whether anything is marked. */
bool heal_needed(const struct env *env);
/* Why nothing of the topology is healed now; WHY_NOT_NONE: it is. */
enum why_not heal_left_alone(const struct env *env, const struct topology *t);
/* Logs, at debug level, that all of it is left alone; not again within a minute. */
void heal_say_left_alone(const struct env *env, struct topology *t);
/* When the next damped repair is due, CLOCK_BOOTTIME in microseconds; UINT64_MAX: never. */
uint64_t heal_deadline(const struct env *env);
/* Marks what is due. */
void heal_tick(struct env *env);
