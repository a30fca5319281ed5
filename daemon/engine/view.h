/* SPDX-License-Identifier: MIT */
/* view.h - what there is of a topology now. */
#pragma once
#include "engine.h"

/* What the kernel has now of what the topology declares, and its models' ownership;
 * valid until the engine's next call. */
int engine_observe(struct engine *g, const char *name, const struct model **ret_declared, const struct model **ret_observed,
		struct err *e);
