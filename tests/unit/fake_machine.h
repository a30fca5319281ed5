/* SPDX-License-Identifier: MIT */
/* fake_machine.h - what a job is handed in the unit tests: the fake kernel, and a store that holds one record as it
 * would be on disk.  Any of its steps can be refused, and netnsd interrupted there. */
#pragma once
#include "fake.h"
#include "transaction/job.h"

#define NEVER SIZE_MAX

struct fake_machine {
	struct machine machine;
	struct store store;
	struct fake *kernel;
	struct model saved; /* of the last record that was committed, or transferred */
	char *pending;      /* the record of the running change; NULL: there is none */
	uint32_t next_index;
	size_t steps;    /* done, or refused, so far */
	size_t fails[2]; /* the steps that are refused; NEVER */
	/* how many steps after a refused one, in its namespace, may have been in the same batch */
	size_t more;
	bool commit_fails; /* once */
	bool cuts_off;     /* netnsd is interrupted where the first of these fails */
	bool goes_back;    /* something has failed */
	bool cut_off;      /* interrupted: nothing is done any more */
};

void fake_machine_init(struct fake_machine *m, struct fake *k, const struct model *saved);
void fake_machine_done(struct fake_machine *m);

/* A change of the fake kernel from @last to @desired, each as a file has it; NULL: nothing. */
void fake_job(struct job *j, const struct fake_machine *m, struct json_object *desired, struct json_object *last);
/* Continues until there is a plan, or none will be. */
void fake_job_plan(struct job *j);
/* Restores the state before, after netnsd was interrupted: the job that a restart makes of the pending record. */
void fake_job_recover(struct job *j, struct fake_machine *m, struct json_object *last);

/* The plan as text, one step a line, without those that plan_step hides; the caller frees it. */
char *fake_plan_text(const struct plan *p);
