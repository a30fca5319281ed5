/* SPDX-License-Identifier: MIT */
/* merge.h - puts packets of several interfaces into the order of their times.  Pure.
 *
 * Each interface hands over its packets in bursts, so one that is older may come after one that is younger.  A packet
 * is held back for a window, and what was added meanwhile and is older goes before it. */
#pragma once
#include "base.h"

struct packet {
	uint64_t nsec;   /* when it was captured, since 1970 */
	uint64_t usec;   /* when it was added */
	uint64_t number; /* packets of the same time stay in the order in which they were added */
	uint32_t interface;
	uint32_t captured; /* bytes of data */
	uint32_t length;   /* bytes on the wire */
	uint8_t data[];
};

struct merge {
	uint64_t window_usec;
	size_t bytes_max; /* that are held back; beyond it the oldest go before their time */
	struct packet **heap;
	size_t n, room;
	size_t bytes;
	uint64_t added;
	uint64_t last_nsec; /* of the packet that went last */
	uint64_t late;      /* packets that came later than the window allows, and went after younger ones */
};

/* Adds a packet, whose data is copied; @usec is a clock that never goes back. */
void merge_add(struct merge *m, const struct packet *head, const uint8_t *data, uint64_t usec);
/* The next packet in order, which belongs to the caller (free); NULL: none is due at @usec.  UINT64_MAX: all are due. */
struct packet *merge_take(struct merge *m, uint64_t usec);
/* When the next one is due: UINT64_MAX if there is none, 0 if it is overdue for lack of room. */
uint64_t merge_due(const struct merge *m);
void merge_done(struct merge *m);
