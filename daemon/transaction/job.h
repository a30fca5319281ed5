/* SPDX-License-Identifier: MIT */
/* job.h - one change of one topology, from the first observation to the commit, or the rollback: passes over its
 * namespaces, and the records around them. */
#pragma once
#include "pass.h"
#include "store.h"
#include "model/outcomes.h"
#include "kernel/fd_reserve.h"

/* In two of these the caller of job_step may first do its own part, and continues at once, as nobody else handles
 * events in between.  JOB_OBSERVE: it is about to observe.  JOB_COMMIT: everything is done except that. */
enum job_phase { JOB_PREPARE, JOB_OBSERVE, JOB_EXECUTE, JOB_WAIT, JOB_VERIFY, JOB_COMMIT, JOB_DONE };

/* What a plan is for. */
enum job_round { ROUND_FIRST, ROUND_VERIFY, ROUND_WAIT, ROUND_BACK };

struct job {
	const struct store *store;
	struct record next; /* the record afterwards; its saved values grow */
	struct declaration desired, last;
	struct claim *claims; /* of other topologies; owned by the job, but not what they refer to */
	size_t n_claims;
	struct model owned; /* what the topologies declare that create what this one only manages */
	struct model given; /* what would revert, but other topologies still declare it */
	char pins[400];     /* where unlinked namespaces are pinned; empty: nowhere */
	bool same;          /* the same topology is up already: nothing written if nothing to do */
	bool no_disrupt;    /* refused if a step interrupts traffic */
	bool guarded;       /* refused if a step may lock out an administrator */
	bool adopt;         /* objects exist as declared, and are only to be marked (adopt.h) */
	bool beside;        /* routes of others in the place of ours are no conflict: ours existed */
	bool quiet;         /* not requested: heal or rollback; nothing written if nothing to do */

	enum job_phase phase;
	enum job_round round;
	bool rolling_back;
	unsigned rounds;
	const char **names;
	struct pass pass;
	struct model before;
	struct fd_reserve fd_reserve;
	struct {
		uint64_t began, next; /* CLOCK_BOOTTIME, in microseconds: of JOB_WAIT, and when to observe again */
		struct err refused;   /* of the step that waits */
		struct err keeps;     /* what prevents it */
		unsigned tries;
		bool said, told;  /* that something prevents it: by the last observation, and by job_waits_for */
		const char *ends; /* why a change that would wait is rolled back instead; NULL: it waits */
	} wait;
	bool written, completed, noted;

	struct {
		/* the steps first to done-1 of the first plan have just been done; equal: none */
		size_t first, done;
	} taken;
	size_t created, changed, removed; /* of the first plan */
	int result;                       /* 0, or the code of the first failure */
	enum outcome_code outcome;        /* the code of a failure other than OUTCOME_REFUSED; OUTCOME_DONE: none */
	struct problems problems;         /* [0] the failure, [1] why the rollback failed */
	struct problems doubts;           /* what of the desired topology may not be meant as it is written */
	size_t n_first;                   /* of problems: those before the rollback */
	unsigned rollback_tries;
	char others[512]; /* objects of others that the change removes, in words */
	char lost[512];   /* of those, what a rollback does not restore */
	struct netns_user *users;
	size_t n_users;
};

/* Takes over @next and @last, whose models are then the job's. */
void job_init(struct job *j, const struct machine *machine, const struct store *store);
void job_done(struct job *j);
/* Observes and plans, and does no more; the plan is then in @j->pass. */
int job_plan(struct job *j);
/* Begins the rollback of an interrupted change that had recorded @delta. */
void job_recover(struct job *j, const struct model *delta);
/* Takes a phase, or a batch of it; false when it is JOB_DONE. */
bool job_step(struct job *j);
/* In JOB_COMMIT: refuses the commit. */
void job_refuse(struct job *j, const struct err *e);
/* Whether a step before @j->wait.next is pointless. */
bool job_waits(const struct job *j);
/* What the kernel has to finish first, once; NULL: nothing that was not reported already. */
const char *job_waits_for(struct job *j);
/* Returns when a step can do something; for callers that have nothing else to do. */
void job_rest(const struct job *j);

/* job_open.c: the part of job.c that opens namespaces. */
/* Opens all the namespaces that the change is about. */
int job_open(struct job *j, struct err *e);
/* Before the first observation: restores the names of unlinked namespaces, and removes placeholders. */
int job_clear(struct job *j, struct err *e);

/* job_wait.c: the part of job.c that waits for the kernel: an address, say, cannot be the source of a route until
 * duplicate address detection has finished. */
/* A step was deferred: @j waits; false if that happened too often. */
bool job_await(struct job *j);
/* Checks the plan that was just made.  -EAGAIN: it still has to wait; 0: nothing to wait for; else the kernel will
 * never be ready, as @e says of @ret. */
int job_wait_check(struct job *j, const struct object **ret, struct err *e);
/* The wait is over.  The time to confirm starts only now, when the effect is visible. */
void job_waited(struct job *j);
/* Whether @op, which the kernel has refused with -ENODEV, only restores what may be gone: then all has to be observed
 * again.  NULL: no. */
bool job_lost(struct job *j, const struct op *op);
/* Describes a step that the kernel accepted, and that has to be executed once more. */
void job_not_settled(const struct op *op, struct err *e);
