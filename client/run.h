/* SPDX-License-Identifier: MIT */
/* run.h - one run of the tests of a suite: what the parts of judge.h share. */
#pragma once
#include "loop.h"
#include "suite.h"
#include "usec.h"

struct run {
	struct suite *s;
	int loop;
	struct listeners *listeners;
	struct place *places;
	size_t n_places;
	uint64_t until_usec;
	const volatile bool *stop;
};

static inline bool run_is_over(const struct run *r)
{
	return loop_now() >= r->until_usec || (r->stop && *r->stop);
}

static inline bool run_has_rate(const struct test *t)
{
	return EXPECTS(t->x, rate_min) || EXPECTS(t->x, rate_max);
}

/* The namespace of that name, opened once. */
struct place *run_place(struct run *r, const char *name, struct err *e);
/* Ends a test, unless one of its namespaces is gone: that answers nothing, and what another one of its name would do
 * nobody knows. */
void run_decide(struct run *r, struct test *t, enum verdict verdict, const char *text);
/* Measures the rates that are still to be judged, one after the other: each takes all that there is. */
void run_rates(struct run *r);
