/* SPDX-License-Identifier: MIT */
/* plan.h - the method Plan. */
#pragma once
#include "context.h"
#include "model/plan.h"
#include "base/json_struct.h"

extern const struct json_struct plan_takes;
void method_plan(struct call *c, const void *parameters, void *arg);
