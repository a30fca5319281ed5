/* SPDX-License-Identifier: MIT */
/* scope.h - the part of a topology that a heal looks at. */
#pragma once
#include "watched.h"

/* A namespace, or some links of it, that is looked at. */
struct scope_part {
	struct watched *watched;
	bool found;			/* its name was given back */
	bool crowded;			/* others may have routes beside ours */
	bool unrouted;			/* a route that came with an address may have gone */
	bool all;			/* links, else those in only */
	bool whole;			/* all that are declared are in only */
	uint32_t pid;			/* of who is behind what was heard, 0: unknown */
	const char **only;		/* names, up to a NULL */
	size_t n;
	struct arena arena;
};

/* What is looked at of one topology. */
struct scope {
	struct env *env;
	struct topology *topology;
	struct scope_part *parts;		/* in order of name */
	size_t n;
	const char **names;
	struct model desired;
	struct claim *claims;		/* of others, as they are when it is looked */
	size_t n_claims;
};

/* Takes what is marked of @t over into @s, or a part of it. */
void scope_take(struct scope *s, struct env *env, struct topology *t);
void scope_done(struct scope *s);
/* NULL: it is not looked at. */
struct scope_part *scope_find(const struct scope *s, const char *netns);
/* Adds the place of @o; false if it is in already. */
bool scope_add(struct scope *s, const struct object *o, bool whole);
/* Opens the namespaces of the scope for @p. */
int scope_open(struct scope *s, struct pass *p, struct err *e);
/* Observes; what the scope refers to and does not contain is taken to be as declared. */
int scope_observe(struct scope *s, struct pass *p, struct err *e);
