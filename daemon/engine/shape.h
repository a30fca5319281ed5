/* SPDX-License-Identifier: MIT */
/* shape.h - problems, drift, summaries and steps as the JSON of the interface text. */
#pragma once
#include "drifted.h"
#include "engine.h"

struct json_object *shape_problem(const struct problem *p);
struct json_object *shape_drifted(const struct drifted *d);
struct json_object *shape_summary(const struct outcome *o);
struct json_object *shape_step(const struct step *s);
/* Lists; of a plan the steps @first to @end-1. */
struct json_object *shape_problems(const struct problems *p);
struct json_object *shape_steps(const struct plan *plan, size_t first, size_t end);
