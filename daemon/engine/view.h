/* SPDX-License-Identifier: MIT */
/* view.h - the present state of a topology. */
#pragma once
#include "engine.h"

/* A chain of other programs that drops what a namespace forwards (nft_obstacle.h, xt_obstacle.h). */
struct obstacle {
	const char *netns, *chain, *how; /* "host", "table ip filter, chain FORWARD", "policy drop" */
	const char *command;             /* that shows it: "nft list chain ip filter FORWARD" */
	bool certain;                    /* false: it may let everything pass */
};

/* What is there of a topology; valid until the engine's next call. */
struct view {
	const struct model *declared, *observed; /* interfaces are linked in the order of the file */
	struct object **namespaces;              /* those of observed, likewise; the host comes first */
	size_t n_namespaces;
	struct obstacle *obstacles;
	size_t n_obstacles;
	struct arena arena; /* of the obstacles and the list */
};

/* Observes what the topology declares, and who owns it.  @ret is to be freed with view_done in any case. */
int engine_observe(struct engine *g, const char *name, struct view *ret, struct err *e);
void view_done(struct view *v);
