/* SPDX-License-Identifier: MIT */
/* rule.h - the parts of the kind of policy routing rules: its values, and their types. */
#pragma once
#include "kernel/observer.h"
#include "format/route_table.h"

/* As the kernel has it: a packet matches if its mark, masked, is the value.  mask 0: every packet does. */
struct fwmark {
	uint32_t value, mask;
};

/* Ports, or numbers of users. */
struct range {
	uint32_t first, last;
	uint32_t given; /* 0: there is none */
};

/* One more than the longest prefix that is suppressed; 0: none is. */
typedef uint32_t suppress;

struct rule {
	struct object object;
	uint32_t priority, table;
	uint8_t family;       /* where no address shows it */
	uint8_t family_key;   /* always */
	bool both;            /* of a file: for both families, and this one stands for IPv4 */
	struct inet from, to; /* family 0: all */
	const char *iif, *oif;
	struct fwmark fwmark;
	uint8_t ipproto;
	struct range sport, dport, uidrange;
	uint8_t action;
	suppress suppress_prefixlength;
	uint8_t protocol; /* of an observed one */
};

/* rule_type.c */
extern const struct type type_priority, type_selector, type_fwmark, type_ipproto, type_ports, type_uids, type_suppress;

extern const struct kind kind_rule;

/* kind.identify */
void rule_identify(struct object *o);

/* rule_read.c */
int rule_observe(struct observer *obs, struct err *e);
/* kind.export */
bool rule_export(struct model *observed, struct object *o, struct unsaid *u);
