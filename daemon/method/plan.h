/* SPDX-License-Identifier: MIT */
/* plan.h - the method Plan; @arg is a struct method_context. */
#pragma once
#include "context.h"

extern const struct json_struct plan_takes;
void method_plan(struct call *c, const void *parameters, void *arg);
