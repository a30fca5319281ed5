/* SPDX-License-Identifier: MIT */
/* outcomes.h - the outcomes that a change can have: one row each, for the event, the answer
 * to the client, netnsctl's sentence and exit code, and netnsd --once. */
#pragma once
#include "base.h"
#include "event_type.h"
#include "netnsd.h"
#include "why_not.h"

enum outcome_code {
	OUTCOME_DONE,
	OUTCOME_INVALID,
	OUTCOME_REFUSED,
	OUTCOME_CONFLICT,
	OUTCOME_NO_SUCH_TOPOLOGY,
	OUTCOME_NAME_IN_USE,
	OUTCOME_WAITING,
	OUTCOME_BUSY,
	OUTCOME_NOTHING_TO_CONFIRM,
	OUTCOME_DISRUPTS,
	OUTCOME_LOCKS_OUT,
	OUTCOME_DIFFERS,
	OUTCOME_NOT_PERSISTED,
	OUTCOME_ROLLBACK_FAILED,
};
enum { OUTCOMES = OUTCOME_ROLLBACK_FAILED + 1 };

/* The parameters of an error; each is a bit of outcome_row.parameters. */
enum outcome_parameter {
	OUTCOME_NAME,     /* of the topology */
	OUTCOME_SOURCE,   /* the source of the topology that has the name */
	OUTCOME_FOR,      /* what is missing: "link host/eth0, namespace isp" */
	OUTCOME_OBJECT,   /* of the first conflict */
	OUTCOME_OWNER,    /* likewise */
	OUTCOME_PROBLEM,  /* the first */
	OUTCOME_AFTER,    /* the second: why the rollback failed */
	OUTCOME_PROBLEMS, /* all */
	OUTCOME_OTHERS,   /* objects of others that the change removed, if any */
};
enum { OUTCOME_PARAMETERS = OUTCOME_OTHERS + 1 };

/* In the sentences {x} is parameter x.  Events and the journal put the topology's name in front,
 * so a {name} at the beginning of a sentence is left out there. */
struct outcome_row {
	const char *error; /* of the interface text; NULL: not an error */
	unsigned parameters;
	enum event_type event;
	enum why_not why; /* the topology is left alone after it */
	enum exit_code exit;
	bool named;           /* the name of the topology that was sent precedes the sentence */
	const char *sentence; /* for the caller, below the problems */
	const char *planned;  /* the same of a plan; NULL: the sentence */
	const char *told;     /* in the event; NULL: the sentence */
	/* instead of the problems, for netnsd --once, which lacks netnsctl's options; NULL: the problems */
	const char *once;
};

const struct outcome_row *outcome_row(enum outcome_code code);
/* The row of an error; NULL if the error is not an outcome of a change. */
const struct outcome_row *outcome_row_of(const char *error);
