/* SPDX-License-Identifier: MIT */
/* scope.h - the part of a topology that a heal observes. */
#pragma once
#include "watched.h"

/* A namespace, or some of its links, that is observed. */
struct scope_part {
	struct watched *watched;
	bool restored;          /* its name */
	bool crowded;           /* others may have routes that coexist with ours */
	bool unrouted;          /* a route that came with an address may be missing */
	bool all;               /* all links, else those in only */
	bool whole;             /* only has all that are declared */
	char by[PROCESS_WORDS]; /* who caused the events; empty: unknown */
	const char **only;      /* names, up to a NULL */
	size_t n;
	struct arena arena;
};

/* The observed part of one topology. */
struct scope {
	struct env *env;
	struct topology *topology;
	struct scope_part *parts; /* in order of name */
	size_t n;
	const char **names;
	struct extent *extents; /* of the namespaces that are open */
	struct model desired;
	struct claim *claims; /* of others, at the time of the observation */
	size_t n_claims;
};

/* Moves what is marked of @t, or a part of it, to @s. */
void scope_take(struct scope *s, struct env *env, struct topology *t);
void scope_done(struct scope *s);
/* NULL: it is not in the scope. */
struct scope_part *scope_find(const struct scope *s, const char *netns);
/* Adds the place of @o; false if it is in the scope already. */
bool scope_add(struct scope *s, const struct object *o, bool whole);
/* Opens the namespaces of the scope for @p. */
int scope_open(struct scope *s, struct pass *p, struct err *e);
/* Observes; what the scope refers to and does not contain is assumed to be as declared. */
int scope_observe(struct scope *s, struct pass *p, struct err *e);
