/* SPDX-License-Identifier: MIT */
/* look.c - what the kinds need while they read a namespace. */
#include "look.h"

static int index_cmp(const void *key, const void *element)
{
	uint32_t index = *(const uint32_t *)key, have = (*(struct object *const *)element)->handle;

	return index < have ? -1 : index > have;
}

const char *look_link(const struct look *look, uint32_t ifindex)
{
	struct object **o = look->n_links ? bsearch(&ifindex, look->links, look->n_links, sizeof(*o), index_cmp) : NULL;

	return o ? (*o)->place : NULL;
}

void look_add(struct look *look, struct object *o)
{
	model_add(look->observed, o, NULL);
}
