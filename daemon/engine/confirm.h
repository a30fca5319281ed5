/* SPDX-License-Identifier: MIT */
/* confirm.h - the way back from a change, as long as a person can go it. */
#pragma once
#include "engine.h"

/* Whether @c must wait until the topology is confirmed or taken back. */
bool confirm_awaited(const struct engine *g, const struct change *c);
/* Whether the time to confirm is over. */
bool confirm_overdue(const struct topology *t);
/* Keeps in the record of @j, which @c leads to, what is there now. */
void confirm_keep(struct job *j, const struct topology *t, const struct change *c);
/* What was kept: true if it was up. */
bool confirm_previous(const struct topology *t, struct json_object **ret, const char **ret_source);
/* Carries out a CHANGE_CONFIRM. */
int confirm_take(struct engine *g, const char *name, struct err *e);
/* When the first is to be taken back, CLOCK_BOOTTIME in microseconds; UINT64_MAX: never. */
uint64_t confirm_deadline(const struct engine *g);
/* Puts in line what is to be taken back now. */
void confirm_tick(struct engine *g);
/* What is left of the time until @confirm_usec, at least 1; 0 if that is 0. */
uint64_t confirm_left(uint64_t confirm_usec);
