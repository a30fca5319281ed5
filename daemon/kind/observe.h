/* SPDX-License-Identifier: MIT */
/* observe.h - what the kernel has, as a model. */
#pragma once
#include "kernel/look.h"

/* Reads every namespace of @set that there is into @observed, which is empty, or takes
 * it from @before, which is then used up, where nothing was changed since that look.
 * @desired and @last say what beyond links, addresses and our routes is asked about. */
int observe(struct model *observed, struct netns_set *set, struct model *desired, struct model *last, struct model *before,
	    struct err *e);
