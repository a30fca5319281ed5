/* SPDX-License-Identifier: MIT */
/* pass.h - one round towards a model: observe namespaces, or some of their links, resolve owners, plan, execute.
 * Nothing else changes the kernel.  Between its steps the caller does its own part: the number of rounds, records, what
 * the plan leaves out, and reports. */
#pragma once
#include "machine.h"

struct pass {
	const struct machine *machine;
	struct netns_set set; /* what is observed and changed */
	struct wish wish;
	struct model observed;
	struct plan plan;
	struct problems problems; /* of the plan: conflicts */
	struct execution execution;
	bool executing; /* the plan, or a part of it, is being executed */
};

void pass_init(struct pass *p, const struct machine *m);
void pass_done(struct pass *p);
/* Keeps nothing of the namespaces open; they go if they are deleted. */
void pass_release(struct pass *p);

/* Opens namespaces (machine.open), whose names must outlive the pass.  Those that were open are closed. */
int pass_open(struct pass *p, const char **names, size_t n, const char *pins, struct err *e);
/* Removes what an interrupted change of ours has left: placeholders at the names of those namespaces that @is_ours
 * selects, and what machine.clear knows. */
int pass_clear(struct pass *p, bool (*is_ours)(const void *arg, const char *netns), const void *arg, struct err *e);
/* Names @ns; all that are in @state. */
int pass_name(struct pass *p, struct netns *ns, struct err *e);
int pass_name_all(struct pass *p, enum netns_state state, struct err *e);

/* Observes, and resolves owners.  What @observed has of namespaces in which nothing was changed since is as good as
 * new, and what it has as assumed stays. */
int pass_observe(struct pass *p, const struct wish *w, struct err *e);
/* Plans from the observation; as plan_make, with the problems in the pass. */
int pass_plan(struct pass *p);
/* Executes the plan, a batch at a time; as execute_step. */
int pass_execute(struct pass *p, const struct op **ret_op, struct err *e);
/* Executes the plan, which the caller may have rewritten, from its first step on. */
void pass_rewind(struct pass *p);
/* Has the namespace that @o is in, and those it reaches into, observed again; NULL: all. */
void pass_doubt(struct pass *p, const struct object *o);
