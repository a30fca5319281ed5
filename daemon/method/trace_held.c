/* SPDX-License-Identifier: MIT */
/* trace_held.c - the order of steps.  Pure. */
#include "trace_held.h"

void held_add(struct held_steps *h, size_t place, uint64_t usec, const struct traced_step *step)
{
	size_t at = h->n;

	*(struct held *)array_add((void **)&h->v, &h->n, &h->room, sizeof(*h->v)) =
		(struct held){ *step, usec, place, at };
}

static int number_cmp(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int held_cmp(const void *a, const void *b)
{
	const struct held *x = a, *y = b;
	int r = number_cmp(x->step.packet, y->step.packet) ?: number_cmp(x->step.back, y->step.back);
	int place = number_cmp(x->place, y->place);

	return r ?: (x->step.back ? -place : place) ?: number_cmp(x->at, y->at);
}

void held_sort(struct held_steps *h)
{
	if (h->n)
		qsort(h->v, h->n, sizeof(*h->v), held_cmp);
}

void held_clear(struct held_steps *h)
{
	h->n = 0;
	arena_done(&h->arena);
}

void held_done(struct held_steps *h)
{
	held_clear(h);
	free(h->v);
	*h = (struct held_steps){ 0 };
}
