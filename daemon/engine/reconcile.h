/* SPDX-License-Identifier: MIT */
/* reconcile.h - the one loop: desired, observed, plan, execute.  Holds all known
 * topologies; carries out one change at a time, a batch per engine_step, and
 * lets the others wait in line. */
#pragma once
#include "format/load.h"
#include "kernel/linger.h"
#include "model/plan.h"
#include "store/state.h"

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

enum outcome_code {
	OUTCOME_DONE,
	OUTCOME_INVALID,		/* problems */
	OUTCOME_REFUSED,		/* problems.v[0] */
	OUTCOME_CONFLICT,		/* problems.v[0] with object and owner */
	OUTCOME_NO_SUCH_TOPOLOGY,	/* name */
	OUTCOME_NAME_IN_USE,		/* name, source */
	OUTCOME_WAITING,		/* problems: what is not there yet, each awaited */
	OUTCOME_BUSY,			/* name: waits to be confirmed */
	OUTCOME_NOTHING_TO_CONFIRM,	/* name */
	OUTCOME_DISRUPTS,		/* problems: a step each */
	OUTCOME_DIFFERS,		/* problems: what is not as declared */
	OUTCOME_NOT_PERSISTED,		/* problems.v[0]: done, but what is there at boot is as it was */
	OUTCOME_ROLLBACK_FAILED,	/* problems.v[0] the refusal, v[1] what stands in the way */
};

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
	struct lingerer *lingering;
	size_t n_lingering;
	const char *user;		/* of OUTCOME_REFUSED: the topology that has to go first, or NULL */
	bool moot;			/* nothing that anybody need be told */
};
void outcome_done(struct outcome *o);
/* What an OUTCOME_WAITING waits for: "link host/eth0, namespace isp". */
void outcome_awaited(const struct outcome *o, char *ret, size_t size);

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

/* netnsd is about to leave: what root asked for is still done; what users have in line, and what
 * the start found, is not begun. */
void engine_leave(struct engine *g);
/* Whether topologies that the start found in the boot directories are still to be applied. */
bool engine_is_starting(const struct engine *g);

/* When engine_tick is next to be called, in CLOCK_BOOTTIME; UINT64_MAX: never. */
uint64_t engine_deadline(const struct engine *g);
/* Puts in line what is due. */
void engine_tick(struct engine *g);

/* Plans @c, a CHANGE_APPLY, whose topology stays the caller's; the plan belongs to the
 * engine until its next call. */
void engine_plan(struct engine *g, const struct change *c, const struct plan **ret_plan, struct outcome *ret);

/* The file of a boot directory, against what is applied. */
enum on_disk {
	ON_DISK_SAME,			/* or there is none */
	ON_DISK_NEW,			/* nothing of it is applied yet */
	ON_DISK_CHANGED,
	ON_DISK_OTHER,			/* what is applied came from elsewhere, and says something else */
	ON_DISK_INVALID,
};

/* A topology that the engine knows. */
struct known {
	char name[65], source[SOURCE_SIZE];
	enum topology_state state;
	bool awaiting;			/* not brought up yet, as something is not there (await.h) */
	size_t namespaces, links, healed;
	uint64_t since_usec;		/* CLOCK_REALTIME */
	uint64_t confirm_usec;		/* CLOCK_BOOTTIME: taken back then, unless confirmed; 0: never */
	bool boot;			/* a file of a boot directory, boot_file, has it */
	const char *boot_file;
	enum on_disk on_disk;
	const struct problem *on_disk_problem;	/* of ON_DISK_INVALID, if something else is applied */
	bool unapplied;			/* there is only the file: it was never up, whatever state says */
	struct json_object *json;	/* as declared */
	struct problems problems;	/* the last, if state is STATE_FAILED or STATE_WAITING */
};
/* Whether what it declares is there, well or not. */
static inline bool known_is_up(const struct known *k)
{
	return k->state != STATE_DOWN && !k->awaiting && !k->unapplied && k->json;
}
/* The known topologies in order of name; valid until the engine's next call. */
size_t engine_known(const struct engine *g, const struct known *const **ret);
/* An object of a topology that is not as declared, or that others keep changing. */
struct drifted {
	const char *kind, *object;	/* in the words of a plan */
	const char *was, *is;		/* as declared, as found last; NULL: it is not */
	const char *by;			/* who did it last; NULL: unknown */
	bool open;			/* it is so now */
	bool contested;
	uint64_t heal_usec;		/* it is healed after that time; 0: at once, or not at all */
};
/* The next one from @i on, which is 0 first; false: there are no more. */
bool engine_drifted(const struct engine *g, const char *name, size_t *i, struct drifted *ret);
/* What is left of the time until @confirm_usec, at least 1; 0 if that is 0. */
uint64_t confirm_left(uint64_t confirm_usec);
const struct known *engine_find(const struct engine *g, const char *name);
/* What the kernel has now of what the topology declares, and its models' ownership;
 * valid until the engine's next call. */
int engine_look(struct engine *g, const char *name, const struct model **ret_desired, const struct model **ret_observed,
		struct err *e);
