/* SPDX-License-Identifier: MIT */
/* trace.h - the method Trace: what really happens to the packets of one flow, for a while. */
#pragma once
#include "context.h"

void method_trace(struct call *c, const void *parameters, void *arg);
/* Ends one at once. */
void trace_free(struct trace *t);

/* Its parameters. */
extern const struct json_struct trace_takes;
