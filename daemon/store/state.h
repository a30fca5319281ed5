/* SPDX-License-Identifier: MIT */
/* state.h - what survives a restart of netnsd: one file per topology in the run directory,
 * replaced as a whole, so that there is exactly one truth at any time. */
#pragma once
#include "record.h"

struct state {
	int known, pending, pins; /* directories */
	int lock, netns_lock;
	char dir[256]; /* their common path */
};

/* Takes the lock of the network namespace, then creates @dir and the directories below it
 * and takes theirs; -EBUSY: another netnsd has one of them. */
int state_open(struct state *s, const char *dir, struct err *e);
void state_close(struct state *s);

/* Writes the record of a change that is about to begin. */
int state_begin(const struct state *s, const struct record *r, struct err *e);
/* The change is done: makes its pending record the known one. */
int state_commit(const struct state *s, const char *name, struct err *e);
/* The directory where the change of @name pins the namespaces that it unlinks (netns_pin.c). */
void state_pins(const struct state *s, const char *name, char *ret, size_t size);
/* Releases what changes that have been decided had pinned. */
void state_release(const struct state *s);
/* The change was rolled back, or never began: removes its record. */
int state_abandon(const struct state *s, const char *name, struct err *e);
/* Writes a record without a change. */
int state_store(const struct state *s, const struct record *r, struct err *e);
int state_forget(const struct state *s, const char *name, struct err *e);

/* Adds to @e, which is wrong with the record of @name, its path in front and the remedy behind. */
int state_refuse(const struct state *s, bool pending, const char *name, struct err *e);
/* Calls @each with every record; a file that is not a valid one is passed as an error that
 * has its path, with the name in @r. */
int state_read(const struct state *s, bool pending, const struct kinds *kinds,
	       void (*each)(void *arg, struct record *r, const struct err *e), void *arg, struct err *e);
