/* SPDX-License-Identifier: MIT */
/* confirm.h - confirmation of a change, and rollback by hand. */
#pragma once
#include "engine.h"

/* Whether @c must wait until the topology is confirmed or rolled back. */
bool confirm_awaited(const struct engine *g, const struct change *c);
/* Whether the time to confirm has expired. */
bool confirm_overdue(const struct topology *t);
/* Stores the present topology as the previous one in the record of @j, which @c leads to. */
void confirm_keep(struct job *j, const struct topology *t, const struct change *c);
/* Returns the previous topology, if there is one: true if it was up.  The caller owns @ret, also if it was not. */
bool confirm_previous(const struct topology *t, struct previous *ret);
/* Whether @c is a rollback, and takes down what is up: the next one brings it up again. */
bool confirm_takes_down(const struct job *j, const struct change *c);
/* Carries out a CHANGE_CONFIRM. */
int confirm_take(struct engine *g, const char *name, struct err *e);
/* When the next rollback is due, CLOCK_BOOTTIME in microseconds; UINT64_MAX: never. */
uint64_t confirm_deadline(const struct engine *g);
/* Queues the rollbacks that are due. */
void confirm_tick(struct engine *g);
/* The time left until @confirm_usec, at least 1; 0 if that is 0. */
uint64_t confirm_left(uint64_t confirm_usec);
