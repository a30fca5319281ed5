/* SPDX-License-Identifier: MIT */
/* usec.h - the time of a clock (clock_gettime(2)), in microseconds. */
#pragma once
#include <stdint.h>
#include <time.h>

static inline uint64_t usec_now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
