/* SPDX-License-Identifier: MIT */
/* graph.h - the method Graph; @arg is a struct method_context. */
#pragma once
#include "context.h"

void method_graph(struct call *c, const void *parameters, void *arg);

/* Its parameters. */
extern const struct json_struct graph_takes;
