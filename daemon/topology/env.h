/* SPDX-License-Identifier: MIT */
/* env.h - what the modules that work on topologies are handed: the topologies, and the
 * means to observe, change and report. */
#pragma once
#include "base/histogram.h"
#include "kernel/listen.h"
#include "model/drift.h"
#include "model/why_not.h"
#include "store/event.h"
#include "store/identity.h"
#include "transaction/job.h"

/* Anybody may give a namespace a number of nine digits: a table indexed by it would be too long. */
enum { HEARD_CHAINS = 4096 };

/* What takes time, and is measured: changes, and passes over what was marked dirty. */
enum reconcile {
	RECONCILE_APPLY,
	RECONCILE_UP,
	RECONCILE_DOWN,
	RECONCILE_ROLLBACK,
	RECONCILE_ADOPT,
	RECONCILE_HEAL,  /* a pass that repaired something, or could not */
	RECONCILE_CHECK, /* one that found everything as declared, or left it alone */
	RECONCILE_N
};

/* For most names one lookup shows that no other has the same mark. */
enum { MARK_BUCKETS = 1 << 16 };

/* The file of a boot directory, compared with what is applied. */
enum on_disk {
	ON_DISK_SAME, /* or there is none */
	ON_DISK_NEW,  /* never applied */
	ON_DISK_CHANGED,
	ON_DISK_OTHER, /* what is applied came from elsewhere, and differs */
	ON_DISK_INVALID,
};

/* A topology that netnsd has, as the interface shows it and as the next change needs it. */
struct topology {
	char name[65], source[SOURCE_SIZE];
	char macs[65], renames[65]; /* as in its record (record.h) */
	enum topology_state state;
	bool awaiting; /* not brought up yet, as something is missing (await.h) */
	size_t namespaces, links, healed;
	uint64_t since_usec;   /* CLOCK_REALTIME */
	uint64_t applied_usec; /* likewise: when it was last applied, brought up, adopted or rolled back; 0: unknown */
	uint64_t confirm_usec; /* CLOCK_BOOTTIME: when it is rolled back unless confirmed; 0: never */
	bool boot;             /* it is in a file of a boot directory, boot_file */
	const char *boot_file;
	enum on_disk on_disk;
	const struct problem *on_disk_problem; /* of ON_DISK_INVALID, if something else is applied */
	bool unapplied;                        /* there is only the file: it was never up, whatever state says */
	struct json_text *json;                /* as declared */
	struct json_text *names;               /* likewise, as in its record (record.h) */
	struct problems problems;              /* the last, if state is STATE_FAILED or STATE_WAITING */

	struct model saved;
	bool visited;        /* scratch of one walk */
	struct model claims; /* what it declares of others' objects (claims.c) */

	/* watched.c: what is watched; empty unless it is up. */
	struct model declared;
	enum on_drift on_drift;
	struct object **places;  /* of declared, in order of namespace and interface */
	struct watched *watched; /* its namespaces, in order of name */
	size_t n_watched;
	struct drifts drifts;
	bool broken; /* a change could be neither done nor rolled back: netnsd leaves it alone */
	bool heal_failed;
	enum why_not said; /* the last logged reason to leave all of it alone, and when (CLOCK_BOOTTIME) */
	uint64_t said_usec;
	bool forgot;                /* that a link was ours by its number: a running job has to forget it, too */
	uint64_t again_usec;        /* CLOCK_BOOTTIME: when to observe again after a failure; 0: no failure */
	struct json_text *previous; /* as in its record (record.h) */
	bool persist;
	uint64_t due_usec; /* CLOCK_BOOTTIME: when the rollback is due; UINT64_MAX: it is queued already */
	unsigned refusals; /* failed rollbacks, one after the other */
};

/* The name that its MAC addresses are derived from. */
static inline const char *topology_macs(const struct topology *t)
{
	return *t->macs ? t->macs : t->name;
}

/* Whether what it declares exists, complete or not. */
static inline bool topology_is_up(const struct topology *k)
{
	return k->state != STATE_DOWN && !k->awaiting && !k->unapplied && k->json;
}

struct env {
	const struct kinds *kinds;
	char netns_dir[256], identity[IDENTITY_SIZE];
	struct machine machine;
	struct state state;
	struct store store;
	struct events *events;
	struct topology **topologies; /* in order of name */
	size_t n_topologies;
	uint16_t marks[MARK_BUCKETS];        /* topologies for each remainder of topology_hash */
	bool marked;                         /* some topology may be marked (watched_is_marked); if false, none is */
	bool outside_changed;                /* since the files of namespaces were watched last (watch_etc.h) */
	struct listener *listener;           /* NULL: nothing is watched, only applied once */
	struct watched *heard[HEARD_CHAINS]; /* by watched_chain of the nsid */
	struct drifts drifts;                /* what those of new topologies start from */
	uint32_t next_index;                 /* above all numbers that links of ours have had */
	size_t turn;                         /* the topology to be healed next */
	struct job *changing;                /* the running change; NULL: there is none */
	struct histogram durations[RECONCILE_N]; /* since netnsd was started */
};
