/* SPDX-License-Identifier: MIT */
/* change.h - one change of the fake kernel, as job.c carries it out on the real one. */
#pragma once
#include "fake.h"
#include "format/load.h"

struct change {
	struct fake *kernel;
	struct model *desired, *last; /* not owned */
	struct model saved;       /* of the topology; taken over by the next change */
	struct model observed, before, delta, noted;
	struct plan plan;
	struct problems problems;
	bool completed, rolling_back;
	size_t rounds;            /* of looking again that found something */
	const struct op *refused; /* the step that the kernel refused */
};

/* Plans from what is in @kernel to @desired; takes @saved. */
int change_plan(struct change *c, struct fake *kernel, struct model *desired, struct model *last,
		struct model *saved);
/* Notes what to go back to; after the plan, before the first step. */
void change_write_down(struct change *c);
/* Carries out what is left of the plan from step @first, and looks again. */
int change_run(struct change *c, size_t first);
int change_commit(struct change *c);
/* Goes back on @kernel, a copy of c->kernel; @crashed: without the plan, as after a restart. */
int change_back(const struct change *c, struct fake *kernel, bool crashed, struct change *ret);
/* While the change is at work, another program puts a route of its own beside one that was there before, the one from
 * number @from on; also on @before, with which the state after the way back is compared. */
void change_intrude(const struct change *c, struct fake *kernel, struct fake *before, size_t from);
void change_done(struct change *c);

/* The plan as text, one step a line, those that plan_step hides left out; the caller frees it. */
char *change_text(const struct plan *p);
