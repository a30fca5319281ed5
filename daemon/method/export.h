/* SPDX-License-Identifier: MIT */
/* export.h - the method Export; @arg is a struct method_context. */
#pragma once
#include "context.h"

extern const struct json_struct export_takes;
void method_export(struct call *c, const void *parameters, void *arg);
