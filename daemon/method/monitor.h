/* SPDX-License-Identifier: MIT */
/* monitor.h - the methods of the table that report events: new ones, and those in the
 * log; @arg is a struct method_context. */
#pragma once
#include "context.h"

void method_monitor(struct call *c, const void *in, void *arg);
void method_log(struct call *c, const void *parameters, void *arg);

/* The parameters of Log. */
extern const struct json_struct log_takes;
