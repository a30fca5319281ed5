/* SPDX-License-Identifier: MIT */
/* explain.h - the method Explain; @arg is a struct method_context. */
#pragma once
#include "context.h"

void method_explain(struct call *c, const void *parameters, void *arg);

/* Its parameters. */
extern const struct json_struct explain_takes;

/* The protocol of a flow, as Trace has it, too; its word, and IPPROTO_*, 0: a ping. */
enum flow_proto { FLOW_ANY, FLOW_ICMP, FLOW_TCP, FLOW_UDP };
const char *flow_proto_word(unsigned i);
uint8_t flow_proto_number(enum flow_proto p);
