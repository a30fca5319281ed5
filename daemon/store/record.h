/* SPDX-License-Identifier: MIT */
/* record.h - what is written down of a topology, as JSON.  What is read again is checked
 * like what a client sends: a record that netnsd cannot have written is refused as a whole. */
#pragma once
#include "format/load.h"

enum topology_state {
	STATE_UP,
	STATE_DOWN,
	STATE_FAILED,
	STATE_WAITING,	/* for what others make */
};

enum { CONFIRM_SECONDS_MAX = 86400 };

/* What a client says where a file came from: a path, and the end of the string. */
enum { SOURCE_SIZE = 4097 };

/* A known topology, or one about to be changed. */
struct record {
	char name[65], source[SOURCE_SIZE];
	enum topology_state state;
	uint64_t since_usec;		/* CLOCK_REALTIME */
	uint32_t healed;
	struct json_object *topology;	/* as declared; a reference */
	struct model saved;		/* what was there before us of what others own */
	struct model delta;		/* of a pending change: what its steps started from (revert.h) */
	bool had;			/* of a pending change: there was a record before */
	uint64_t confirm_usec;		/* CLOCK_BOOTTIME: taken back then, unless confirmed; 0: never */
	bool adopt;			/* of a pending change: marks are put on what is there already (adopt.h) */
	bool persist;			/* is to be there at boot, as soon as it is confirmed, and is not yet */
	bool forget;			/* of a change that takes it down: not known afterwards */
	struct json_object *previous;	/* what a rollback leads to (confirm.c), NULL: it was not known; a reference */
};
/* What record.previous is as JSON; the texts belong to that. */
struct previous {
	const char *source;
	enum topology_state state;	/* STATE_UP or STATE_DOWN */
	struct json_object *topology;
};
struct json_object *previous_json(const struct previous *p);
int previous_read(struct json_object *in, struct previous *ret, struct err *e);

void record_done(struct record *r);
struct json_object *record_json(const struct record *r);
/* Reads @text of @size bytes, the record of @r->name; the words say which field is wrong and how. */
int record_parse(struct record *r, const char *text, size_t size, const struct kinds *kinds, struct err *e);
