/* SPDX-License-Identifier: MIT */
/* lookup.c - looks up objects of other kinds. */
#include "lookup.h"
#include <sys/socket.h>

static const void *field_value(const struct object *o, const char *name)
{
	int i = kind_field(o->kind, name);

	return i >= 0 && object_has(o, (size_t)i) ? object_at(o, (size_t)i) : NULL;
}

const char *lookup_sysctl(const struct model *m, const char *netns, const char *link, const char *key)
{
	const char *const *value;
	const struct object *o;
	char ref[320];

	snprintf(ref, sizeof(ref), "%s%s%s %s", netns, link ? "/" : "", link ? link : "", key);
	o = model_find_ref(m, "sysctl", ref);
	value = o ? field_value(o, "value") : NULL;
	return value ? *value : NULL;
}

bool lookup_is_ipv6(const struct object *o)
{
	const struct inet *address = object_is(o, "address") ? field_value(o, "address") : NULL;

	return address && address->family == AF_INET6;
}
