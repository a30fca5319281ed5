/* SPDX-License-Identifier: MIT */
/* record.h - what is stored of a topology, as JSON. It is checked when read like what a client
 * sends: a record that netnsd cannot have written is refused as a whole. */
#pragma once
#include "base/json_text.h"
#include "format/load.h"

enum topology_state {
	STATE_UP,
	STATE_DOWN,
	STATE_FAILED,
	STATE_WAITING, /* for what others create */
};

enum { CONFIRM_SECONDS_MAX = 86400 };

/* The source of a topology as a client gives it: a path, and the end of the string. */
enum { SOURCE_SIZE = 4097 };

/* A topology, or a change of one that is about to begin. */
struct record {
	char name[65], source[SOURCE_SIZE];
	char macs[65];    /* the name that MAC addresses are derived from; empty: @name */
	char renames[65]; /* the former name, until nothing is left under it (engine/rename.c); empty: none */
	enum topology_state state;
	uint64_t since_usec; /* CLOCK_REALTIME */
	uint32_t healed;
	struct json_text *topology; /* as declared; a reference */
	struct json_text *names; /* what names in it stood for when it was loaded (load.h), NULL: none; a reference */
	struct model saved;      /* values of others' objects from before netnsd */
	struct model delta;      /* of a pending change: what its steps started from (revert.h) */
	bool had;                /* of a pending change: there was a record before */
	uint64_t confirm_usec;   /* CLOCK_BOOTTIME: when it is rolled back unless confirmed; 0: never */
	bool adopt;              /* of a pending change: existing objects are marked (adopt.h) */
	bool persist;            /* to be saved for boot as soon as it is confirmed */
	bool forget;             /* of a change to down: the record is deleted afterwards */
	struct json_text *previous; /* what a rollback leads to (confirm.c), NULL: nothing; a reference */
};
/* What record.previous says. */
struct previous {
	char source[SOURCE_SIZE];
	enum topology_state state;          /* STATE_UP or STATE_DOWN */
	struct json_text *topology, *names; /* references */
};
void previous_done(struct previous *p);
/* The text of @p; the caller owns a reference. */
struct json_text *previous_text(const struct previous *p);
/* -EINVAL if it cannot be one; the caller owns @ret. */
int previous_read(const struct json_text *text, struct previous *ret, struct err *e);

void record_done(struct record *r);
struct json_object *record_json(const struct record *r);
/* Reads @text of @size bytes, the record of @r->name; the error says which field is wrong and how. */
int record_parse(struct record *r, const char *text, size_t size, const struct kinds *kinds, struct err *e);
