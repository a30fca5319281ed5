/* SPDX-License-Identifier: MIT */
/* event.h - what happens to topologies, told once where it happens: to the journal,
 * to the log that netnsctl log shows, and to whoever monitors. */
#pragma once
#include "base.h"
#include "model/event_type.h"
#include "model/why_not.h"

struct events;
struct json_object;
struct json_struct;

/* One event; what is not known is NULL.  The strings belong to the caller. */
struct event {
	enum event_type type;
	uint64_t time_usec;	/* CLOCK_REALTIME; 0: now */
	const char *topology;
	const char *kind;	/* the word of a plan: "address" */
	const char *object;	/* "ns1/veth-ns", "ns1" */
	const char *expected;	/* as declared: "10.0.0.2/24"; NULL: it is not declared */
	const char *actual;		/* as found; NULL: it is not there */
	const char *by;		/* who did it, as far as known: "pid 4711 (ip)", "uid 0, pid 12 (netnsctl)" */
	enum why_not why;	/* it is not healed, or not yet */
	const char *message;	/* one line for people, without the topology's name */
	int code;		/* errno of a refusal, or 0 */
	bool quiet;		/* not for the journal: who asked says it already */
};

/* The Event of the interface text. */
extern const struct json_struct event_struct;
/* Tells everybody. */
void events_tell(struct events *e, const struct event *ev);

/* Somebody who is told of each event, as the Event of the interface text. */
struct subscriber {
	/* @event is the caller's.  May unsubscribe @s, and nobody else. */
	void (*told)(struct subscriber *s, struct json_object *event);
	struct subscriber *next;
};
/* @s is told from now on, and must stay where it is until it unsubscribes. */
void events_subscribe(struct events *e, struct subscriber *s);
void events_unsubscribe(struct events *e, struct subscriber *s);

enum { EVENTS_MAX = 1000 };
/* The last @limit events, or as many as are kept, of @topology (NULL: of all), the
 * newest last: a list that the caller owns. */
struct json_object *events_last(const struct events *e, const char *topology, size_t limit);

/* The newest events, those of before a restart too.  What is
 * in @dir and cannot be read or written is no error: it is only missed. */
struct events *events_new(const char *dir);
void events_free(struct events *e);
