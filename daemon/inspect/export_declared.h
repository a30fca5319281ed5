/* SPDX-License-Identifier: MIT */
/* export_declared.h - what the kernel's state alone does not show: what rules, and lines of files, were made of. */
#pragma once
#include "kernel/netns.h"
#include "model/model.h"
#include "model/unsaid.h"

/* Adds to @observed what @topology declares of such things in namespace @at of the set, if they are like that; what is
 * not, and cannot be told otherwise, is added to @u. */
void export_declared(struct model *observed, const struct netns_set *set, size_t at, const char *topology,
		     const struct model *declared, struct unsaid *u);
