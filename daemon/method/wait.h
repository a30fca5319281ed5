/* SPDX-License-Identifier: MIT */
/* wait.h - the method Wait; @arg is a struct method_context. */
#pragma once
#include "context.h"

void method_wait(struct call *c, const void *parameters, void *arg);

/* Its parameters. */
extern const struct json_struct wait_takes;
