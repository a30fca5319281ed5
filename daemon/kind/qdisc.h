/* SPDX-License-Identifier: MIT */
/* qdisc.h - what the queueing disciplines of an interface share: where they are attached, their mark, and values in the
 * units of tc(8). */
#pragma once
#include "model/kind.h"
#include "model/model.h"
#include <netlink/attr.h>
#include <netlink/msg.h>

/* The head of each kind's own struct. */
struct qdisc {
	struct object object;
	const char *parent; /* "NS/IF": the interface whose netem it is attached to; NULL: it is the root */
	uint32_t number;    /* tcm_handle of an observed one */
};

/* What a kind knows of its own TCA_OPTIONS. */
struct qdisc_options {
	/* Sets all fields of @q from the attribute, which may be NULL. */
	void (*read)(struct observer *obs, struct qdisc *q, struct nlattr *options);
	/* Adds TCA_OPTIONS for @q; @before is what it replaces, or NULL. */
	void (*put)(struct nl_msg *m, const struct qdisc *q, const struct qdisc *before);
	bool is_child; /* it may be attached to a netem */
	bool is_last;  /* of those in the table of kinds: what none of them is, none is */
};

/* Reads those of @kind, where they are declared, and what has taken their place. */
int qdisc_observe(struct observer *obs, const struct kind *kind, const struct qdisc_options *options, struct err *e);
int qdisc_encode(struct batch *b, struct op *op, const struct qdisc_options *options, struct err *e);
int qdisc_mark(struct batch *b, struct op *op, const struct qdisc_options *options, struct err *e);
/* As in struct kind. */
size_t qdisc_slots(const struct object *o, struct slot ret[SLOTS_MAX]);
const char *qdisc_in_the_way(struct batch *b, const struct object *o, struct arena *a);

/* The C type in the object: */
extern const struct type type_tc_time, /* uint64_t, in nanoseconds */
	type_tc_rate,                  /* uint64_t, in bytes a second */
	type_tc_size,                  /* uint32_t, in bytes */
	type_tc_percent,               /* uint32_t, UINT32_MAX is 100 % */
	type_tc_extras;                /* uint8_t, bits that field.words names */

enum { NSEC_PER_SECOND = 1000000000 };
