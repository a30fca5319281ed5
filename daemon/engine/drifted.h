/* SPDX-License-Identifier: MIT */
/* drifted.h - the drift of a topology, contested objects included. */
#pragma once
#include "engine.h"
#include "model/why_not.h"

/* An object of a topology that is not as declared, or that others keep changing. */
struct drifted {
	const char *kind, *object;     /* in the words of a plan */
	const char *expected, *actual; /* as declared, as last observed; NULL: there is none */
	const char *by;                /* who changed it last; NULL: unknown */
	bool open;                     /* it is not as declared now */
	bool contested;
	enum why_not why;   /* why it is not healed; WHY_NOT_NONE: it is about to be */
	uint64_t heal_usec; /* it is healed after that time; 0: at once, or not at all */
};
/* Why nothing of the topology is healed now; WHY_NOT_NONE: it is. */
enum why_not engine_left_alone(const struct engine *g, const char *name);
/* The next one from @i on, which is 0 first; false: there are no more. */
bool engine_drifted(const struct engine *g, const char *name, size_t *i, struct drifted *ret);
