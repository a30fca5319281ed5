/* SPDX-License-Identifier: MIT */
/* change.h - a change that somebody asks for, and what becomes of it. */
#pragma once
#include "model/outcomes.h"
#include "kernel/netns_users.h"
#include "topology/env.h"

struct engine;

/* What became of one topology in a change. */
struct outcome {
	enum outcome_code code;
	char name[65];
	size_t created, changed, removed;
	uint64_t duration_usec;
	char source[SOURCE_SIZE];		/* of OUTCOME_NAME_IN_USE */
	uint64_t confirm_usec;			/* of its record; 0: nothing to confirm */
	bool persisted;				/* what was applied is there at boot too */
	char others[512];			/* what it took along of others, in words; may be empty */
	const char *boot_file;			/* it comes again at boot, from this file that is not netnsd's */
	struct problems problems;
	struct netns_user *users;
	size_t n_users;
	const char *user;		/* of OUTCOME_REFUSED: the topology that has to go first, or NULL */
	bool superseded;			/* nothing that anybody need be told */
};

enum change_type { CHANGE_APPLY, CHANGE_UP, CHANGE_DOWN, CHANGE_CONFIRM, CHANGE_ROLLBACK, CHANGE_ADOPT };

/* A change somebody asks for.  The callbacks may be NULL. */
struct change {
	enum change_type type;
	char name[65];
	struct json_object *topology;	/* of CHANGE_APPLY, and of CHANGE_ADOPT unless known: a reference that the engine takes */
	char source[SOURCE_SIZE];		/* of @topology */
	bool replace;			/* of CHANGE_APPLY */
	bool no_disrupt;		/* of CHANGE_APPLY: refused if a step interrupts traffic */
	unsigned confirm_seconds;	/* of CHANGE_APPLY: taken back unless confirmed in time; 0: it stays */
	bool forget;			/* of CHANGE_DOWN */
	bool persist;			/* of CHANGE_APPLY: there at boot too, once it is done and confirmed */
	bool unpersist;			/* of CHANGE_DOWN: not there at boot (boot.c) */
	char by[80];			/* who asks: "uid 0, pid 12 (netnsctl)"; may be empty */
	bool of_user;			/* other than root: comes after all else */
	bool quiet;			/* who asks says what became of it: not for the journal too */
	bool overdue;			/* of CHANGE_ROLLBACK: nobody confirmed in time */
	bool awaited;			/* of CHANGE_UP: something has come that it waited for */
	bool from_boot;			/* the topology is as a file of the boot directories has it (boot.c) */
	void *arg;
	/* After each batch: steps first to done-1 of total have been taken. */
	void (*progress)(void *arg, const struct plan *plan, size_t first, size_t done);
	/* Exactly once; @o is the engine's. */
	void (*done)(void *arg, const struct outcome *o);
};
