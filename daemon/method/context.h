/* SPDX-License-Identifier: MIT */
/* context.h - what the methods work on. */
#pragma once
#include "control/service.h"
#include "engine/reconcile.h"

/* What the methods work on. */
struct method_context {
	struct engine *engine;
	/* There is work for engine_step now. */
	void (*work)(void *arg);
	/* A reload begins, or has ended. */
	void (*reloading)(void *arg, bool on);
	void *arg;
};
