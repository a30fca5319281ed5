/* SPDX-License-Identifier: MIT */
/* rates.h - packets, bytes and drops a second, from two answers of Metrics; and what has changed since the last one. */
#pragma once
#include "reply.h"

struct rates {
	struct json_object *now, *before; /* "NS/IF" → its counters; NULL: there is no answer yet */
	uint64_t now_usec, before_usec;   /* CLOCK_MONOTONIC */
};

/* Per second. */
struct rate {
	uint64_t received_bits, received_packets, sent_bits, sent_packets;
	uint64_t dropped; /* by the interface in either direction, and by its queueing disciplines */
};

/* Takes the next answer of Metrics, which arrived at @usec. */
void rates_take(struct rates *r, struct json_object *answer, uint64_t usec);
/* False: they are not known yet, or the interface is another one than before. */
bool rates_find(const struct rates *r, const char *interface, struct rate *ret);
void rates_done(struct rates *r);

/* Texts by a name, as they were at the last look. */
struct changes {
	struct json_object *texts, *times; /* name → text; name → when it changed */
	uint64_t now_usec;                 /* CLOCK_MONOTONIC, of this look */
};

/* Notes @text; whether it has changed in the last three seconds.  One that is new has, except at the first look. */
bool changes_note(struct changes *c, const char *name, const char *text);
/* The next look. */
void changes_next(struct changes *c, uint64_t usec);
void changes_done(struct changes *c);
