/* SPDX-License-Identifier: MIT */
/* observe.h - reads the state of the kernel into a model. */
#pragma once
#include "kernel/observer.h"

/* Reads @extent of the namespace @ns of @set into @observed.  @desired and @last, whose namespaces are linked
 * (model_link), determine what is read besides links, addresses and our routes. */
int observe_netns(struct model *observed, const struct netns *ns, const struct netns_set *set, const char *topology,
		  struct extent extent, struct model *desired, struct model *last, struct err *e);
/* Removes what an interrupted step has left of a namespace, outside of it. */
void observe_clear(const struct netns_set *set);
