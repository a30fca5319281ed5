/* SPDX-License-Identifier: MIT */
/* trace_held.h - steps of a trace that are held back for a moment, so that those of one packet come in their order, from
 * whatever namespaces they are: each is heard by a socket of its own. */
#pragma once
#include "trace_netns.h"

enum { HELD_USEC = 50 * 1000, HELD_MAX = 1000 };

struct held {
	struct traced_step step;
	uint64_t usec;
	size_t place; /* of its namespace on the way */
	size_t at;    /* in the order in which they were read */
};

struct held_steps {
	struct held *v;
	size_t n, room;
	struct arena arena; /* of their texts */
};

void held_add(struct held_steps *h, size_t place, uint64_t usec, const struct traced_step *step);
/* Each packet along its way, then its answer. */
void held_sort(struct held_steps *h);
void held_clear(struct held_steps *h);
void held_done(struct held_steps *h);
