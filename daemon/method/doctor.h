/* SPDX-License-Identifier: MIT */
/* doctor.h - the method Doctor; @arg is a struct method_context. */
#pragma once
#include "context.h"

void method_doctor(struct call *c, const void *parameters, void *arg);

/* Its parameters. */
extern const struct json_struct doctor_takes;
