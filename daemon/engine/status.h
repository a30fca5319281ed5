/* SPDX-License-Identifier: MIT */
/* status.h - what the engine knows, as the JSON of the interface text. */
#pragma once
#include "engine.h"

struct json_object *status_problem(const struct problem *p);
struct json_object *status_summary(const struct outcome *o);
struct json_object *status_step(const struct step *s);
/* Output of Status and List; the caller owns @ret.  -ENOENT: no such topology. */
int status_topologies(struct engine *g, const char *name, struct json_object **ret, struct err *e);
int status_list(struct engine *g, struct json_object **ret, struct err *e);
