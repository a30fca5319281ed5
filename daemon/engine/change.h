/* SPDX-License-Identifier: MIT */
/* change.h - a change that somebody asks for, and its outcome. */
#pragma once
#include "model/outcomes.h"
#include "kernel/netns_users.h"
#include "topology/env.h"

struct engine;

/* The outcome of a change for one topology. */
struct outcome {
	enum outcome_code code;
	char name[65];
	size_t created, changed, removed;
	uint64_t duration_usec;
	char source[SOURCE_SIZE]; /* of OUTCOME_NAME_IN_USE; of a rename the former name */
	uint64_t confirm_usec;    /* of its record; 0: nothing to confirm */
	bool persisted;           /* the topology was saved for boot */
	char others[512];         /* objects of others that it removed, in words; may be empty */
	const char *boot_file;    /* it comes up again at boot, from this file that is not netnsd's */
	struct problems problems;
	struct problems
		warnings; /* of a topology that was given: what of it may not be meant; of a plan also what its steps lack */
	struct netns_user *users;
	size_t n_users;
	const char *user; /* of OUTCOME_REFUSED: the topology to be brought down first, or NULL */
	bool superseded;  /* need not be reported */
	bool down;        /* a rollback has taken down what was up */
	bool forgotten;   /* there is no record of it any more */
};

enum change_type { CHANGE_APPLY, CHANGE_UP, CHANGE_DOWN, CHANGE_CONFIRM, CHANGE_ROLLBACK, CHANGE_ADOPT, CHANGE_RENAME };

/* A change that somebody asks for.  The callbacks may be NULL. */
struct change {
	enum change_type type;
	char name[65];
	char to[65];                  /* of CHANGE_RENAME: the new name */
	struct json_object *topology; /* of CHANGE_APPLY, and CHANGE_ADOPT unless netnsd has it: taken */
	char source[SOURCE_SIZE];     /* of @topology */
	bool replace;                 /* of CHANGE_APPLY */
	bool no_disrupt;              /* of CHANGE_APPLY: refused if a step interrupts traffic */
	bool guarded;                 /* likewise: refused if a step may lock out an administrator */
	unsigned confirm_seconds;     /* of CHANGE_APPLY, CHANGE_UP: rolled back unless confirmed in time; 0: stays */
	bool forget;                  /* of CHANGE_DOWN */
	bool persist;                 /* of CHANGE_APPLY: saved for boot, once it is done and confirmed */
	bool unpersist;               /* of CHANGE_DOWN: no longer brought up at boot (boot.c) */
	char by[80];                  /* who asked: "uid 0, pid 12 (netnsctl)"; may be empty */
	bool of_user;                 /* other than root: comes after everything else */
	bool quiet;                   /* the caller reports the outcome: not for the journal, too */
	bool overdue;                 /* of CHANGE_ROLLBACK: nobody confirmed in time */
	bool unconfirmed;             /* of CHANGE_ROLLBACK: refused unless the topology still awaits confirmation */
	bool awaited;                 /* of CHANGE_UP: something has appeared that it waited for */
	bool preview;                 /* it is only planned: @progress gets the plan, and nothing is written */
	bool from_boot;               /* the topology comes from a file of the boot directories (boot.c) */
	void *arg;
	/* After each batch: steps first to done-1 of total are done. */
	void (*progress)(void *arg, const struct plan *plan, size_t first, size_t done);
	/* Called exactly once; @o is the engine's. */
	void (*done)(void *arg, const struct outcome *o);
};
