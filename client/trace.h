/* SPDX-License-Identifier: MIT */
/* trace.h - netnsctl explain --trace. */
#pragma once
#include "ctl.h"

/* Calls Trace with the parameters of Explain, which it takes, and prints what comes; an exit code. */
int trace_run(const struct ctl *c, struct json_object *parameters);
