/* SPDX-License-Identifier: MIT */
/* reconcile.h - the one loop: desired, observed, plan, execute.  Holds all known
 * topologies; carries out one change at a time, a batch per engine_step, and
 * lets the others wait in line. */
#pragma once
#include "change.h"

struct engine;

struct engine_options {
	const char *run_dir;		/* "/run/netnsd": what is active now */
	const char *netns_dir;		/* "/run/netns": where names stand */
	const char *topologies_dir;	/* "/etc/netnsd/topologies": what is up at boot; NULL: nothing is */
	const char *state_dir;		/* "/var/lib/netnsd": what was persisted */
	bool stay;			/* listen, and keep things so; else only changes are carried out */
	unsigned heal_burst, heal_seconds;	/* more heals of one object in that time are a fight; 0: the usual */
	void (*alive)(void);		/* called again and again while engine_new is at work; may be NULL */
};

/* Takes the lock of the run directory (-EBUSY: another netnsd has it), reads what
 * is active and takes back what was interrupted. */
int engine_new(struct engine **ret, const struct engine_options *options, const struct kinds *kinds, struct err *e);
void engine_free(struct engine *g);

/* Puts a copy of @c in line. */
void engine_submit(struct engine *g, const struct change *c);
/* One batch of work; false when there is nothing to do. */
bool engine_step(struct engine *g);

/* Where there is no event loop: returns when engine_step has something to do. */
void engine_rest(const struct engine *g);


/* When engine_tick is next to be called, in CLOCK_BOOTTIME; UINT64_MAX: never. */
uint64_t engine_deadline(const struct engine *g);
/* Puts in line what is due. */
void engine_tick(struct engine *g);

/* Plans @c, a CHANGE_APPLY, whose topology stays the caller's; the plan belongs to the
 * engine until its next call. */
void engine_plan(struct engine *g, const struct change *c, const struct plan **ret_plan, struct outcome *ret);

/* What is watched for the engine. */
struct env *engine_env(struct engine *g);
/* Whether the topology @name has the namespace, and it is there. */
bool engine_has_netns(const struct engine *g, const char *name, const char *netns);
/* What happens to topologies is told here. */
struct events *engine_events(const struct engine *g);
/* The known topologies in order of name; valid until the engine's next call. */
size_t engine_topologies(const struct engine *g, const struct topology *const **ret);
const struct topology *engine_find(const struct engine *g, const char *name);
