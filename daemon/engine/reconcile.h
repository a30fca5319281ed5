/* SPDX-License-Identifier: MIT */
/* reconcile.h - the one loop: desired, observed, plan, execute.  Holds all topologies;
 * carries out one change at a time, a batch per engine_step, and queues the others. */
#pragma once
#include "change.h"

struct engine;

struct engine_options {
	const char *run_dir;               /* "/run/netnsd": what is active now */
	const char *netns_dir;             /* "/run/netns": the directory of names */
	const char *topologies_dir;        /* "/etc/netnsd/topologies": what is brought up at boot; NULL: nothing is */
	const char *state_dir;             /* "/var/lib/netnsd": what was persisted */
	bool stay;                         /* watch and heal; else changes are carried out, and that is all */
	unsigned heal_burst, heal_seconds; /* more repairs of one object in that time: a fight; 0: default */
	void (*alive)(void);               /* called again and again while engine_new runs; may be NULL */
};

/* Takes the lock of the run directory (-EBUSY: another netnsd has it), reads the active
 * topologies and rolls back interrupted changes. */
int engine_new(struct engine **ret, const struct engine_options *options, const struct kinds *kinds, struct err *e);
void engine_free(struct engine *g);

/* Queues a copy of @c. */
void engine_submit(struct engine *g, const struct change *c);
/* Takes one step; false when there is nothing to do. */
bool engine_step(struct engine *g);

/* Where there is no event loop: returns when engine_step has something to do. */
void engine_rest(const struct engine *g);

/* When engine_tick is to be called next, in CLOCK_BOOTTIME; UINT64_MAX: never. */
uint64_t engine_deadline(const struct engine *g);
/* Queues what is due. */
void engine_tick(struct engine *g);

/* Plans @c, a CHANGE_APPLY or CHANGE_ROLLBACK with .preview, whose topology remains the caller's; what would refuse the
 * change refuses the plan (preview.c).  The plan belongs to the engine until its next call, and @ret to the caller.  If
 * the change is possible, the problems of @ret are warnings. */
void engine_plan(struct engine *g, const struct change *c, const struct plan **ret_plan, struct outcome *ret);

/* The environment that is watched for the engine. */
struct env *engine_env(struct engine *g);
/* Whether the topology @name has the namespace, and it exists. */
bool engine_has_netns(const struct engine *g, const char *name, const char *netns);
/* Where the events of topologies are reported. */
struct events *engine_events(const struct engine *g);
/* All topologies in order of name; valid until the engine's next call. */
size_t engine_topologies(const struct engine *g, const struct topology *const **ret);
const struct topology *engine_find(const struct engine *g, const char *name);
