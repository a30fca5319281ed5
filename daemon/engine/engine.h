/* SPDX-License-Identifier: MIT */
/* engine.h - what the modules of the engine share. */
#pragma once
#include "queue.h"
#include "topology/topology.h"
#include "topology/claims.h"

struct engine {
	struct env env;
	struct queue queue;
	struct job job; /* of the running change */
	uint64_t began_usec;
	struct job planned; /* of engine_plan and engine_observe */

	struct boot *boot;   /* NULL: there are no boot directories */
	void (*alive)(void); /* of engine_options */
};
