/* SPDX-License-Identifier: MIT */
/* observe.h - what the kernel has, as a model. */
#pragma once
#include "kernel/observer.h"

/* Reads the namespace @ns of @set into @observed.  @desired and @last, whose namespaces are linked (model_link), say what
 * beyond links, addresses and our routes is asked about. */
int observe_netns(struct model *observed, const struct netns *ns, const struct netns_set *set, struct model *desired,
		  struct model *last, struct err *e);
