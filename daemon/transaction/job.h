/* SPDX-License-Identifier: MIT */
/* job.h - one change of one topology, from the first observation to the commit, or back: passes over its namespaces, and
 * what is written down around them. */
#pragma once
#include "pass.h"
#include "store.h"
#include "model/outcomes.h"
#include "kernel/fd_reserve.h"

/* In two of these whoever steps the job may first see to what is his, and goes on at once: what is heard in between is
 * taken care of by nobody else.  JOB_OBSERVE: it is about to observe.  JOB_COMMIT: all is done but that. */
enum job_phase { JOB_PREPARE, JOB_OBSERVE, JOB_EXECUTE, JOB_WAIT, JOB_VERIFY, JOB_COMMIT, JOB_DONE };

/* What a plan is for. */
enum job_round { ROUND_FIRST, ROUND_VERIFY, ROUND_WAIT, ROUND_BACK };

struct job {
	const struct store *store;
	struct record next;		/* what is to be known afterwards; its saved values grow */
	struct declaration desired, last;
	struct claim *claims;		/* of other topologies; the job's, what they refer to is not */
	size_t n_claims;
	char pins[400];			/* where namespaces are kept that lose their names; empty: nowhere */
	bool same;			/* asked for what is known to be up: nothing is written if nothing is to do */
	bool no_disrupt;		/* refused if a step interrupts traffic */
	bool adopt;			/* what is declared is there, and only to be marked (adopt.h) */
	bool beside;			/* routes of others where ours are to be are no conflict: ours have been there */
	bool quiet;			/* nobody asked: heal or take back; not written if nothing is to do */

	enum job_phase phase;
	enum job_round round;
	bool rolling_back;
	unsigned rounds;
	const char **names;
	struct pass pass;
	struct model before;
	struct fd_reserve fd_reserve;
	struct {
		uint64_t began, next;	/* CLOCK_BOOTTIME, in microseconds: of JOB_WAIT, and when to look again */
		struct err refused;	/* of the step that waits */
		struct err keeps;	/* what keeps it */
		unsigned tries;
		bool said, told;	/* that it is kept: by the last look, and by job_waits_for */
		const char *ends;	/* why what would wait is rolled back instead; NULL: it waits */
	} wait;
	bool written, completed, noted;

	struct {
		size_t first, done;	/* the steps first to done-1 of the first plan have just been taken; the same: none */
	} taken;
	size_t created, changed, removed;	/* of the first plan */
	int result;			/* 0, or of the first failure */
	enum outcome_code outcome;	/* what else than OUTCOME_REFUSED a failure is; OUTCOME_DONE: nothing else */
	struct problems problems;	/* [0] the failure, [1] what stood in the way back */
	size_t n_first;			/* of problems: those of the way forth */
	unsigned rollback_tries;
	char others[512];	/* what the change takes along of others, in words */
	char lost[512];		/* of that, what stays gone after a rollback */
	struct netns_user *users;
	size_t n_users;
};

/* Takes what is in @next and @last, whose models are then the job's. */
void job_init(struct job *j, const struct machine *machine, const struct store *store);
void job_done(struct job *j);
/* Looks and plans, and goes no further; the plan is then in @j->pass. */
int job_plan(struct job *j);
/* Starts on the way back from a change that was cut off after it had written @delta down. */
void job_recover(struct job *j, const struct model *delta);
/* A phase, or a batch of it; false when it is JOB_DONE. */
bool job_step(struct job *j);
/* In JOB_COMMIT: it is not to be. */
void job_refuse(struct job *j, const struct err *e);
/* Whether a step before @j->wait.next is of no use. */
bool job_waits(const struct job *j);
/* What the kernel has to finish first, once; NULL: nothing that was not told already. */
const char *job_waits_for(struct job *j);
/* Where nothing else is to be done meanwhile: returns when one is of use. */
void job_rest(const struct job *j);

/* job_open.c: the part of job.c that opens namespaces. */
/* All the namespaces that the change is about. */
int job_open(struct job *j, struct err *e);
/* Before the first look: what lost its name has it again, and no empty file is left at one. */
int job_clear(struct job *j, struct err *e);

/* job_wait.c: the parts of job.c that wait for the kernel: an address, say, whose duplicates
 * are looked for is no source of a route until that is done. */
/* A step was deferred: @j waits; false if that was too often. */
bool job_await(struct job *j);
/* In the plan that was just made.  -EAGAIN: it still has to; 0: nothing is waited for; else it
 * never will, as @e says of @ret. */
int job_wait_check(struct job *j, const struct object **ret, struct err *e);
/* The wait is over.  The time to confirm in begins with what a person sees. */
void job_waited(struct job *j);
/* What to say of a step that the kernel took, and that is to be taken once more. */
void job_not_settled(const struct op *op, struct err *e);
