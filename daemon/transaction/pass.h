/* SPDX-License-Identifier: MIT */
/* pass.h - one round towards a model: observe namespaces, or some links of them, find out whose what is there is, plan,
 * execute.  Nothing else changes the kernel.  Between its steps the caller does what only he knows of: how many rounds
 * there are, what is written down, what of the plan is left out, what is told. */
#pragma once
#include "machine.h"

struct pass {
	const struct machine *machine;
	struct netns_set set;		/* what is observed and changed */
	struct wish wish;
	struct model observed;
	struct plan plan;
	struct problems problems;	/* of the plan: what cannot be had */
	struct execution execution;
	bool executing;			/* the plan, or a part of it, is carried out */
};

void pass_init(struct pass *p, const struct machine *m);
void pass_done(struct pass *p);

/* Opens namespaces (machine.open), whose names must outlive the pass.  Those that were open are closed. */
int pass_open(struct pass *p, const char **names, size_t n, const char *pins, struct err *e);
/* Takes away the empty files that a create of ours left behind at the names of those namespaces that @is_ours says. */
int pass_clear(struct pass *p, bool (*is_ours)(const void *arg, const char *netns), const void *arg, struct err *e);
/* Gives @ns its name; all that are in @state theirs. */
int pass_name(struct pass *p, struct netns *ns, struct err *e);
int pass_name_all(struct pass *p, enum netns_state state, struct err *e);

/* Observes, and finds out whose what is there is.  What @observed has of namespaces in which nothing was changed since
 * is as good as new, and what it has as assumed stays so. */
int pass_observe(struct pass *p, const struct wish *w, struct err *e);
/* Plans from what was observed; as plan_make, with the problems in the pass. */
int pass_plan(struct pass *p);
/* Carries the plan out, a batch at a time; as execute_step. */
int pass_execute(struct pass *p, const struct op **ret_op, struct err *e);
/* The plan, which the caller may have rewritten, is carried out from its first step on. */
void pass_rewind(struct pass *p);
/* Has the namespace that @o is in, and those it reaches into, observed anew; NULL: all. */
void pass_doubt(struct pass *p, const struct object *o);
