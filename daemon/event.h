/* SPDX-License-Identifier: MIT */
/* event.h - what happens to topologies, told once where it happens: to the journal,
 * to the log, and to whoever monitors. */
#pragma once
#include "../include/base.h"

struct engine;

enum event_type {
	EVENT_APPLIED,		/* brought up, or changed */
	EVENT_DOWN,
	EVENT_REFUSED,		/* an apply, up or down that changed nothing */
	EVENT_ROLLED_BACK,	/* by a person, or because nobody confirmed in time */
	EVENT_CONFIRMED,
	EVENT_DRIFT,		/* an object is not as declared: was, is, by */
	EVENT_HEALED,		/* and is again */
	EVENT_CONTESTED,	/* healed so often that healing it now waits */
	EVENT_WAITING,		/* for an interface or namespace that others make */
	EVENT_FAILED,		/* netnsd could not do what it should: message says why */
};

/* One event; what is not known is NULL.  The strings belong to the caller. */
struct event {
	enum event_type type;
	uint64_t time_usec;	/* CLOCK_REALTIME; 0: now */
	const char *topology;
	const char *kind;	/* the word of a plan: "address" */
	const char *object;	/* "ns1/veth-ns", "ns1" */
	const char *was;	/* as declared: "10.0.0.2/24"; NULL: it is not declared */
	const char *is;		/* as found; NULL: it is not there */
	const char *by;		/* who did it, as far as known: "pid 4711 (ip)", "uid 0, pid 12 (netnsctl)" */
	const char *message;	/* one line for people, without the topology's name */
	int code;		/* errno of a refusal, or 0 */
};

/* Tells everybody. */
void engine_tell(struct engine *g, const struct event *ev);
