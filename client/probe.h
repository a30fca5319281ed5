/* SPDX-License-Identifier: MIT */
/* probe.h - tries, again and again, whether something is reached. */
#pragma once
#include "loop.h"
#include "place.h"
#include "format/expect.h"

struct probe;

/* What is tried.  A try that cannot be made is no answer; probe.why says why. */
struct probe_type {
	/* Tries again.  -errno if it can never be tried. */
	int (*again)(struct probe *p, struct err *e);
};
extern const struct probe_type probe_ping, probe_tcp, probe_udp, probe_route;

/* One round trip of a measurement. */
struct trip {
	uint32_t usec;
	bool back;
};

struct probe {
	struct watch watch;
	const struct probe_type *type;
	const struct place *place;
	const struct expectation *x;
	int loop;
	struct inet to;
	uint16_t port;
	bool echo;                          /* the other end sends back what it receives … */
	uint64_t secret;                    /* … ^ this */
	uint64_t nonce;                     /* so that no other answer is taken for ours */
	uint64_t since_usec, patience_usec; /* of a connection that is being made */
	uint64_t told_usec;                 /* the time between the try and its answer */
	bool reached;
	int why;         /* errno of the last try; 0: it was not answered */
	char words[128]; /* likewise, more than that; empty: nothing */
	uint16_t id, seq;
	struct trip *trips; /* of a measurement; NULL: none */
	uint32_t n_trips, sent;
};

/* The place, the type and where to must be set. */
int probe_again(struct probe *p, struct err *e);
void probe_end(struct probe *p);
/* Notes that it is reached. */
void probe_reached(struct probe *p, uint64_t usec);
/* A connected socket for @p, above 0.  0: there is none now, p->why says why; -errno: there can never be one. */
int probe_connect(struct probe *p, int type, int protocol, struct err *e);
