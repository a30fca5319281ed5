/* SPDX-License-Identifier: MIT */
/* suite.h - the expectations of one topology, and what became of them. */
#pragma once
#include "probe.h"
#include "format/load.h"

enum verdict {
	VERDICT_PENDING,
	VERDICT_HOLDS,
	VERDICT_FAILS,
	VERDICT_NOT_RUN, /* it could not be tried: neither of the two */
	N_VERDICTS
};

struct test {
	const struct expectation *x;
	const char *from, *what; /* "ns1", "ping 10.0.0.1" */
	const char *owner;       /* the namespace of the topology that has the target; NULL: none */
	enum verdict verdict;
	const char *detail;
	uint64_t usec; /* until it was decided */
	/* While it is tried: */
	struct place *place;
	struct probe probe;
	uint64_t again_usec;
	uint32_t tries;
	/* Of a measurement; trips 0: there was none. */
	uint32_t trips, lost, rtt_usec;
	uint64_t rate; /* in bits a second; 0: none was measured */
};

struct suite {
	const char *name; /* of the topology */
	struct declaration topology;
	struct test *tests;
	size_t n, count[N_VERDICTS];
	uint64_t usec;
	struct arena arena;
};

/* Reads the expectations of a topology that was checked before; -errno with a message. */
int suite_init(struct suite *ret, const char *name, struct json_object *topology, struct err *e);
void suite_done(struct suite *s);
/* Ends a test. */
void test_end(struct suite *s, struct test *t, enum verdict verdict, const char *fmt, ...) _printf_(4, 5);
/* Where the target is: its address.  -errno with a message.  @ret_owner: see struct test. */
int target_find(const struct suite *s, const struct expectation *x, const struct target *t, struct inet *ret,
		const char **ret_owner, struct err *e);
/* The exit code of all of them. */
int suites_exit(const struct suite *s, size_t n);
