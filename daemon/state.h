/* SPDX-License-Identifier: MIT */
/* state.h - what netnsd remembers over a restart: one file a topology in the run
 * directory, replaced as a whole, so that each moment has exactly one truth. */
#pragma once
#include "load.h"

enum topology_state {
	STATE_UP,
	STATE_DOWN,
	STATE_FAILED,
	STATE_WAITING,	/* for what others make */
};

/* What a client says where a file came from: a path, and the end of the string. */
enum { SOURCE_SIZE = 4097 };

/* A known topology, or one about to be changed. */
struct record {
	char name[65], source[SOURCE_SIZE];
	enum topology_state state;
	uint64_t since_usec;		/* CLOCK_REALTIME */
	uint32_t healed;
	struct json_object *topology;	/* as declared; a reference */
	struct model originals;		/* what was there before us of what others own */
	struct model delta;		/* of a pending change: what its steps started from (back.h) */
	bool had;			/* of a pending change: there was a record before */
	uint64_t confirm_usec;		/* CLOCK_BOOTTIME: taken back then, unless confirmed; 0: never */
	bool adopt;			/* of a pending change: marks are put on what is there already (adopt.h) */
	bool persist;			/* is to be there at boot, as soon as it is confirmed, and is not yet */
	bool forget;			/* of a change that takes it down: not known afterwards */
	struct json_object *previous;	/* what a rollback leads to (confirm.c), NULL: it was not known; a reference */
};
void record_done(struct record *r);

struct state {
	int known, pending, held;	/* directories */
	int lock;
	char held_path[256];
};

/* Makes the directories below @dir and takes the lock; -EBUSY: another netnsd has it. */
int state_open(struct state *s, const char *dir, struct err *e);
void state_close(struct state *s);

/* Writes the record of a change that is about to begin. */
int state_begin(const struct state *s, const struct record *r, struct err *e);
/* The change is done: what was pending is known from now on. */
int state_commit(const struct state *s, const char *name, struct err *e);
/* Where the change of @name keeps the namespaces that lose their names (held.h). */
void state_held(const struct state *s, const char *name, char *ret, size_t size);
/* Lets go of what changes that have been decided kept. */
void state_release(const struct state *s);
/* The change was taken back, or never began. */
int state_abandon(const struct state *s, const char *name, struct err *e);
/* Writes a record that no change stands behind. */
int state_store(const struct state *s, const struct record *r, struct err *e);
int state_forget(const struct state *s, const char *name, struct err *e);

/* Calls @each with every record; a file that cannot be read is passed as an error,
 * with the name in @r. */
int state_read(const struct state *s, bool pending, const struct kinds *kinds,
	       void (*each)(void *arg, struct record *r, const struct err *e), void *arg, struct err *e);
