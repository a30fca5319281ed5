/* SPDX-License-Identifier: MIT */
/* generator_roll.c - the choices of a random topology: one that has a name is the same however many others there are. */
#include "generator.h"
#include <stdarg.h>

static uint64_t mix(uint64_t h)
{
	/* The finaliser of splitmix64. */
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

unsigned generator_roll(const struct generator *d, unsigned n, const char *what, ...)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	char text[160];
	va_list ap;

	va_start(ap, what);
	vsnprintf(text, sizeof(text), what, ap);
	va_end(ap);
	for (const char *c = text; *c; c++)
		h = (h ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	if (mix(h ^ mix(d->seed ^ 0x5eed)) % 100 < d->change)
		return (unsigned)(mix(h ^ mix(d->seed)) % n);
	return (unsigned)(mix(h ^ mix(d->other)) % n);
}
