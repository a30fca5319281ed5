/* SPDX-License-Identifier: MIT */
/* drifted.h - what of a topology is not as declared, or is fought over. */
#pragma once
#include "engine.h"
#include "model/why_not.h"

/* An object of a topology that is not as declared, or that others keep changing. */
struct drifted {
	const char *kind, *object;	/* in the words of a plan */
	const char *expected, *actual;		/* as declared, as found last; NULL: it is not */
	const char *by;			/* who did it last; NULL: unknown */
	bool open;			/* it is so now */
	bool contested;
	enum why_not why;		/* it is not healed; WHY_NOT_NONE: it is about to be */
	uint64_t heal_usec;		/* it is healed after that time; 0: at once, or not at all */
};
/* Why nothing of the topology is healed now; WHY_NOT_NONE: it is. */
enum why_not engine_left_alone(const struct engine *g, const char *name);
/* The next one from @i on, which is 0 first; false: there are no more. */
bool engine_drifted(const struct engine *g, const char *name, size_t *i, struct drifted *ret);
