/* SPDX-License-Identifier: MIT */
/* explain.h - the method Explain; @arg is a struct method_context. */
#pragma once
#include "context.h"

void method_explain(struct call *c, const void *parameters, void *arg);

/* Its parameters. */
extern const struct json_struct explain_takes;
