/* SPDX-License-Identifier: MIT */
/* event.h - what happens to topologies, reported once where it happens: to the journal,
 * to the log that netnsctl log shows, and to all who monitor. */
#pragma once
#include "base.h"
#include "model/event_type.h"
#include "model/why_not.h"

struct events;
struct json_object;
struct json_struct;

/* One event; what is unknown is NULL. The strings belong to the caller. */
struct event {
	enum event_type type;
	uint64_t time_usec; /* CLOCK_REALTIME; 0: now */
	const char *topology;
	const char *kind;     /* the word of a plan: "address" */
	const char *object;   /* "ns1/veth-ns", "ns1" */
	const char *expected; /* as declared: "10.0.0.2/24"; NULL: it is not declared */
	const char *actual;   /* as observed; NULL: it does not exist */
	const char *by;       /* who did it, if known: "pid 4711 (ip)", "uid 0, pid 12 (netnsctl)" */
	enum why_not why;     /* it is not healed, or not yet */
	const char *message;  /* one line for people, without the topology's name */
	const char *verb;     /* what is in front of the message in the journal, which lacks the type: "applied" */
	int code;             /* errno of a refusal, or 0 */
	bool quiet;           /* not for the journal: the caller reports it already */
};

/* The Event of the interface text. */
extern const struct json_struct event_struct;
/* Reports an event to everybody. */
void events_tell(struct events *e, const struct event *ev);

/* Gives the stored events of the topology @from the name @to. */
void events_rename(struct events *e, const char *from, const char *to);

/* A subscriber, which receives each event as the Event of the interface text. */
struct subscriber {
	/* @event is the caller's.  May unsubscribe @s, and nobody else. */
	void (*told)(struct subscriber *s, struct json_object *event);
	struct subscriber *next;
};
/* @s receives events from now on, and must stay where it is until it unsubscribes. */
void events_subscribe(struct events *e, struct subscriber *s);
void events_unsubscribe(struct events *e, struct subscriber *s);

enum { EVENTS_MAX = 1000 };
/* The last @limit events, or as many as are stored, of @topology (NULL: of all), the
 * newest last: a list that the caller owns. */
struct json_object *events_last(const struct events *e, const char *topology, size_t limit);

/* Opens the newest events, including those from before a restart.  If something in @dir
 * cannot be read or written that is no error: it is only missing. */
struct events *events_new(const char *dir);
void events_free(struct events *e);
