/* SPDX-License-Identifier: MIT */
/* context.h - what the methods operate on. */
#pragma once
#include "control/service.h"
#include "engine/reconcile.h"

struct costly;
struct trace;

/* What the methods operate on. */
struct method_context {
	struct engine *engine;
	struct costly *costly; /* questions about the whole machine */
	sd_event *event;       /* the main loop */
	struct trace *trace;   /* the one that runs; NULL: none */
	/* engine_step has something to do now. */
	void (*work)(void *arg);
	/* A reload begins, or has ended. */
	void (*reloading)(void *arg, bool on);
	void *arg;
};
