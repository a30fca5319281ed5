/* SPDX-License-Identifier: MIT */
/* event.h - events as lines of a table: time, topology, event, and what it is about. */
#pragma once
#include "reply.h"
#include "table.h"

/* @usec: CLOCK_REALTIME. */
void event_line(struct table *t, uint64_t usec, const char *topology, enum colour colour, const char *word,
		const char *text);
/* An Event of the interface. */
void event_add(struct table *t, struct json_object *event);
