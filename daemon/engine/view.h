/* SPDX-License-Identifier: MIT */
/* view.h - the present state of a topology. */
#pragma once
#include "engine.h"

/* Observes what the topology declares, and who owns it; valid until the engine's next call. */
int engine_observe(struct engine *g, const char *name, const struct model **ret_declared,
		   const struct model **ret_observed, struct err *e);
