/* SPDX-License-Identifier: MIT */
/* histogram.h - how long something took, each time: counted in buckets, so that it needs the same memory however often it
 * happens. */
#pragma once
#include "base.h"

/* Their upper bounds, in microseconds, are histogram_bounds; one more counts what took longer than the last. */
enum { HISTOGRAM_BOUNDS = 15 };
extern const uint64_t histogram_bounds[HISTOGRAM_BOUNDS];

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* of each bucket alone */
	uint64_t sum_usec;
};

/* Counts one that took @usec; a bound belongs to the bucket below it. */
void histogram_add(struct histogram *h, uint64_t usec);
