/* SPDX-License-Identifier: MIT */
/* context.h - what the methods operate on. */
#pragma once
#include "control/service.h"
#include "engine/reconcile.h"

struct costly;

/* What the methods operate on. */
struct method_context {
	struct engine *engine;
	struct costly *costly; /* questions about the whole machine */
	/* engine_step has something to do now. */
	void (*work)(void *arg);
	/* A reload begins, or has ended. */
	void (*reloading)(void *arg, bool on);
	void *arg;
};
