/* SPDX-License-Identifier: MIT */
/* gate.h - the share of the loop that users other than root get.  Whatever their
 * connections do, also what later methods do, happens in loops of their own, which turn
 * only while the gate is open. */
#pragma once
#include "base/err.h"
#include <systemd/sd-event.h>

struct gate;

/* Opens and closes with the help of @outer, the main loop. */
int gate_new(struct gate **ret, sd_event *outer, struct err *e);
/* All connections must be gone. */
void gate_free(struct gate *g);

/* The loop for one more connection of @uid, until gate_leave; NULL: there is none to be had. */
sd_event *gate_join(struct gate *g, uid_t uid);
void gate_leave(struct gate *g, uid_t uid);
/* How many connections of @uid there are. */
size_t gate_count(const struct gate *g, uid_t uid);

/* After each turn of the main loop: lets users in turn do something, for a moment or one
 * call, if the gate is open.  @working: netnsd itself has work, so that they wait longer. */
void gate_turn(struct gate *g, bool working);
