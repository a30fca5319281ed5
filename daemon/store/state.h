/* SPDX-License-Identifier: MIT */
/* state.h - what netnsd remembers over a restart: one file a topology in the run
 * directory, replaced as a whole, so that each moment has exactly one truth. */
#pragma once
#include "record.h"

struct state {
	int known, pending, pins;	/* directories */
	int lock, netns_lock;
	char dir[256];			/* they are in it */
};

/* Takes the lock of the network namespace, then makes @dir and the directories below it and
 * takes theirs; -EBUSY: another netnsd has one of them. */
int state_open(struct state *s, const char *dir, struct err *e);
void state_close(struct state *s);

/* Writes the record of a change that is about to begin. */
int state_begin(const struct state *s, const struct record *r, struct err *e);
/* The change is done: what was pending is known from now on. */
int state_commit(const struct state *s, const char *name, struct err *e);
/* Where the change of @name keeps the namespaces that lose their names (netns_pin.c). */
void state_pins(const struct state *s, const char *name, char *ret, size_t size);
/* Lets go of what changes that have been decided kept. */
void state_release(const struct state *s);
/* The change was taken back, or never began. */
int state_abandon(const struct state *s, const char *name, struct err *e);
/* Writes a record that no change stands behind. */
int state_store(const struct state *s, const struct record *r, struct err *e);
int state_forget(const struct state *s, const char *name, struct err *e);

/* Puts the path of the record of @name before @e, which is wrong with it, and behind it what helps. */
int state_refuse(const struct state *s, bool pending, const char *name, struct err *e);
/* Calls @each with every record; a file that is none, in whatever respect, is passed as an
 * error that has its path, with the name in @r. */
int state_read(const struct state *s, bool pending, const struct kinds *kinds,
	       void (*each)(void *arg, struct record *r, const struct err *e), void *arg, struct err *e);
