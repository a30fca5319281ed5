/* SPDX-License-Identifier: MIT */
/* shape.h - problems, summaries and steps as the JSON of the interface text. */
#pragma once
#include "engine.h"

struct json_object *shape_problem(const struct problem *p);
struct json_object *shape_summary(const struct outcome *o);
struct json_object *shape_step(const struct step *s);
