/* SPDX-License-Identifier: MIT */
/* graph_live.h - adds to an answer of Graph what no topology declares: from facts, in small steps. */
#pragma once
#include "inspect/facts.h"
#include <json-c/json.h>

struct graph_live;

/* Takes over @answer; @f must outlive it. */
struct graph_live *graph_live_begin(const struct facts *f, struct json_object *answer);
/* Takes the next step: a namespace; true: there is more. */
bool graph_live_step(struct graph_live *g);
/* The answer, which the caller then owns. */
struct json_object *graph_live_take(struct graph_live *g);
/* Frees it; @g may be NULL. */
void graph_live_end(struct graph_live *g);
