/* SPDX-License-Identifier: MIT */
/* machine.h - what a pass observes and changes: the kernel, or the fake one of the unit tests; and the target of a
 * pass. */
#pragma once
#include "execute.h"
#include "kernel/observer.h"

/* What another topology declares of others' objects. */
struct claim {
	const char *topology;
	const struct model *model;
	bool pending; /* of a running change, which may fail */
};

/* The target. */
struct wish {
	const char *topology;
	const char *macs;  /* the name that MAC addresses are derived from; NULL: @topology */
	const char *marks; /* the name in the marks of steps that only put one; NULL: @topology */
	struct model *desired;
	struct model *last; /* as it was applied last */
	/* what a change has tried to create: where that carries our mark it is ours; NULL: nothing */
	const struct model *tried;
	const struct claim *claims;
	size_t n_claims;
	const struct extent *extents; /* of the open namespaces, in their order; NULL: all of each */
	bool adopt;                   /* what is declared and carries no mark is taken to carry ours (adopt.h) */
};

struct machine {
	const struct kinds *kinds;
	const char *identity; /* distinguishes it from others, for MAC addresses */
	uint32_t *next_index; /* above all numbers that links of ours have had */
	void *arg;
	/* Opens the namespaces called @names, which are sorted and may repeat.  @pins: where unlinked ones are pinned
	 * (netns.h), and may have been left; NULL: nowhere. */
	int (*open)(void *arg, struct netns_set *set, const char **names, size_t n, const char *pins, struct err *e);
	/* Removes what an interrupted step has left of namespaces of @set; may be NULL. */
	void (*clear)(void *arg, const struct netns_set *set);
	/* Reads @ns, of @set, into @observed; if it does not exist, what exists without it. */
	int (*observe)(void *arg, const struct netns_set *set, const struct netns *ns, const struct wish *w,
		       struct model *observed, struct err *e);
	/* As execute_step. */
	int (*execute)(void *arg, struct execution *x, const struct op **ret_op, struct err *e);
	/* Names @ns, which is fresh or has lost its name. */
	int (*name)(void *arg, struct netns_set *set, struct netns *ns, struct err *e);
};

/* The kernel; @arg of machine_open: the directory of names. */
int machine_open(void *dir, struct netns_set *set, const char **names, size_t n, const char *pins, struct err *e);
void machine_clear(void *arg, const struct netns_set *set);
int machine_observe(void *arg, const struct netns_set *set, const struct netns *ns, const struct wish *w,
		    struct model *observed, struct err *e);
int machine_execute(void *arg, struct execution *x, const struct op **ret_op, struct err *e);
int machine_name(void *arg, struct netns_set *set, struct netns *ns, struct err *e);
