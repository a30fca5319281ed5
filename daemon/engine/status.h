/* SPDX-License-Identifier: MIT */
/* status.h - the topologies, as the JSON of the interface text. */
#pragma once
#include "engine.h"

/* Output of Status and List; the caller owns @ret.  -ENOENT: no such topology. */
int status_topologies(struct engine *g, const char *name, struct json_object **ret, struct err *e);
int status_list(struct engine *g, struct json_object **ret, struct err *e);
