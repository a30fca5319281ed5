/* SPDX-License-Identifier: MIT */
/* job.h - one change of one topology, from the look at what is there to the commit,
 * or back. */
#pragma once
#include "execute.h"
#include "kernel/fd_reserve.h"
#include "store/state.h"

enum job_phase { JOB_PREPARE, JOB_EXECUTE, JOB_WAIT, JOB_VERIFY, JOB_COMMIT, JOB_DONE };

struct job {
	const struct kinds *kinds;
	const struct state *state;
	const char *netns_dir, *machine;
	/* Called with @owner, if they are there: when the namespaces have been opened; before
	 * each look of a change; after it, when it is known whose things are. */
	void *owner;
	void (*opened)(void *owner, struct netns_set *set);
	void (*looking)(void *owner, struct job *j);
	/* And when all is done but the commit; refusing takes it back. */
	int (*committing)(void *owner, struct job *j, struct err *e);
	void (*looked)(void *owner, struct job *j);
	/* Once, when all that would go back is in @desired: takes out what is to stay. */
	void (*reverting)(void *owner, struct job *j);
	/* The kernel has to finish something first, @what, before the change can go on. */
	void (*waiting)(void *owner, struct job *j, const char *what);
	uint32_t next_index;		/* links get numbers from it on; 0: from what was seen */

	struct record next;		/* what is to be known afterwards; its saved values grow */
	struct topology desired, last;
	bool same;			/* asked for what is known to be up: nothing is written if nothing is to do */
	bool no_disrupt;		/* refused, with @disrupts, if a step interrupts traffic */
	bool adopt;			/* what is declared is there, and only to be marked (adopt.h) */
	bool beside;			/* routes of others where ours are to be are no conflict: ours have been there */
	bool quiet;			/* nobody asked: heal or take back; not written if nothing is to do */

	enum job_phase phase;
	bool rolling_back;
	unsigned rounds;
	struct netns_set set;
	const char **names;
	char pins[400];		/* where namespaces are kept that lose their names */
	struct model observed, before;
	struct plan plan;
	struct execution execution;
	struct fd_reserve fd_reserve;
	struct {
		uint64_t began, next;	/* CLOCK_BOOTTIME, in microseconds: of JOB_WAIT, and when to look again */
		struct err refused;	/* of the step that waits */
		unsigned tries;
		bool said;
		const char *ends;	/* why what would wait is rolled back instead; NULL: it waits */
	} wait;
	bool executing, written, completed, noted;

	size_t created, changed, removed;	/* of the first plan */
	int result;			/* 0, or of the first failure */
	bool conflict, disrupts, differs, rollback_failed;
	struct problems problems;	/* [0] the failure, [1] what stood in the way back */
	size_t n_first;			/* of problems: those of the way forth */
	unsigned back_tries;
	char others[512];	/* what the change takes along of others, in words */
	char lost[512];		/* of that, what stays gone after a rollback */
	struct netns_user *users;
	size_t n_users;
	void (*progress)(void *arg, const struct plan *plan, size_t first, size_t done);
	void *arg;
};

/* Takes what is in @next and @last, whose models are then the job's. */
void job_init(struct job *j, const struct kinds *kinds, const struct state *state, const char *netns_dir,
	      const char *machine);
void job_done(struct job *j);
/* Looks and plans, and goes no further; the plan is then in @j->plan. */
int job_plan(struct job *j);
/* Starts on the way back from a change that was cut off after it had written @delta down. */
void job_recover(struct job *j, const struct model *delta);
/* One batch; false when the phase is JOB_DONE. */
bool job_step(struct job *j);
/* Whether a step before @j->wait.next is of no use. */
bool job_waits(const struct job *j);
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
