/* SPDX-License-Identifier: MIT */
/* observe.h - reads the state of the kernel into a model. */
#pragma once
#include "kernel/observer.h"

/* Reads @extent of the namespace @ns of @set into @observed.  @desired and @last, whose namespaces are linked
 * (model_link), determine what is read besides links, addresses and our routes. */
int observe_netns(struct model *observed, const struct netns *ns, const struct netns_set *set, const char *topology,
		  struct extent extent, struct model *desired, struct model *last, struct err *e);
/* The same in slices: begins.  What it is given has to outlive it. */
struct observing;
struct observing *observing_begin(struct model *observed, const struct netns *ns, const struct netns_set *set,
				  const char *topology, struct extent extent, struct model *desired,
				  struct model *last);
/* A slice; 1: there is more. */
int observing_step(struct observing *o, struct err *e);
void observing_end(struct observing *o);
/* Removes what an interrupted step has left of a namespace, outside of it. */
void observe_clear(const struct netns_set *set);
