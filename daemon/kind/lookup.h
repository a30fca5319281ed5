/* SPDX-License-Identifier: MIT */
/* lookup.h - how a kind looks up objects of another one, by the names of their fields. */
#pragma once
#include "model/kind.h"
#include "model/model.h"

/* The value that @m declares for @key of a namespace, or of the interface @link unless NULL; NULL: none. */
const char *lookup_sysctl(const struct model *m, const char *netns, const char *link, const char *key);
/* Whether @o is an IPv6 address. */
bool lookup_is_ipv6(const struct object *o);
