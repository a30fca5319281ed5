/* SPDX-License-Identifier: MIT */
/* gate.h - the share of the loop that users other than root get.  All that happens on behalf
 * of their connections, later work of methods included, runs in loops of their own, which
 * turn only while the gate is open. */
#pragma once
#include "base/err.h"
#include <systemd/sd-event.h>

struct gate;

/* @outer, the main loop, opens and closes the gate. */
int gate_new(struct gate **ret, sd_event *outer, struct err *e);
/* All connections must have been closed. */
void gate_free(struct gate *g);

/* The loop for one more connection of @uid, until gate_leave; NULL: there is no memory or descriptor for it. */
sd_event *gate_join(struct gate *g, uid_t uid);
void gate_leave(struct gate *g, uid_t uid);
/* How many connections of @uid there are. */
size_t gate_count(const struct gate *g, uid_t uid);

/* Called after each turn of the main loop: if the gate is open, runs the loops of users in
 * turn, for a moment or one call.  @working: netnsd itself is busy, so that they wait
 * longer. */
void gate_turn(struct gate *g, bool working);
