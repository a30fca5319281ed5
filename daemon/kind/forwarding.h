/* SPDX-License-Identifier: MIT */
/* forwarding.h - what switching a namespace's forwarding does to its interfaces. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

/* Whether @netns, which may be NULL, belongs to others and the file sets its forwarding. */
bool netns_says_forwarding(const struct object *netns);

/* Keys of an interface, below net., that the kernel then resets on all of them
 * (Documentation/networking/ip-sysctl.rst), or we do. */
extern const char *const forwarding_keys[];
enum { FORWARDING_KEYS = 3 };
/* Keys of the namespace, likewise. */
extern const char *const forwarding_shared[];
enum { FORWARDING_SHARED = 3 };
