/* SPDX-License-Identifier: MIT */
/* method.h - the methods of io.netnsd. */
#pragma once
#include "engine/reconcile.h"
#include "control/service.h"

/* What the methods work on. */
struct method_context {
	struct engine *engine;
	/* There is work for engine_step now. */
	void (*work)(void *arg);
	/* A reload begins, or has ended. */
	void (*reloading)(void *arg, bool on);
	void *arg;
};

/* The interface with its text; @m must outlive the socket. */
struct interface method_interface(struct method_context *m);
