/* SPDX-License-Identifier: MIT */
/* finding.h - what a check is, and what it finds. */
#pragma once
#include "facts.h"

enum { FINDINGS_MAX = 1000 };

enum severity {
	SEVERITY_NOTE,    /* nothing is wrong yet */
	SEVERITY_WARNING, /* something may not work */
	SEVERITY_ERROR,   /* something does not work */
};

struct diagnosis;

struct check {
	const char *id;
	enum severity severity;
	const char *about;    /* the group in the manual: "links", "forwarding" */
	const char *sentence; /* what it finds */
	const char *why;      /* why that matters: a clause */
	const char *remedy;   /* what to do, in general */
	void (*judge)(struct diagnosis *d, const struct check *c);
};

struct finding {
	const struct check *check;
	const char *topology; /* that it is about; NULL: the machine */
	const char *object;   /* "ns1/veth-ns", "ns1" */
	const char *message;  /* what is wrong, with the objects of others in it */
	const char *veiled;   /* the same for those who are not told about these; NULL: there are none in it */
	const char *command;  /* repairs it; NULL: no single one does */
};

/* The findings, in the order of the table; at most FINDINGS_MAX, and cut if there are more.  Texts belong to the
 * diagnosis, or to the facts. */
struct diagnosis {
	const struct facts *f;
	struct arena arena;
	struct finding *v;
	size_t n, room, next; /* next: the check that comes next */
	bool cut;
};
