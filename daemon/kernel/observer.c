/* SPDX-License-Identifier: MIT */
/* observer.c - what the kinds need while they read a namespace. */
#include "observer.h"

static int index_cmp(const void *key, const void *element)
{
	uint32_t index = *(const uint32_t *)key, have = (*(struct object *const *)element)->handle;

	return index < have ? -1 : index > have;
}

/* What is taken to be as declared comes before all that is looked at (scope.c). */
static const char *assumed_link(const struct look *look, uint32_t ifindex)
{
	for (size_t i = 0; i < look->observed->n; i++) {
		const struct object *o = look->observed->objects[i];

		if (!o->assumed)
			break;
		if (o->handle == ifindex && object_is(o, "link") && !strcmp(o->netns, look->ns->name))
			return o->place;
	}
	return NULL;
}

const char *look_link(const struct look *look, uint32_t ifindex)
{
	struct object **o = look->n_links ? bsearch(&ifindex, look->links, look->n_links, sizeof(*o), index_cmp) : NULL;

	if (!o && look->n_masters)
		o = bsearch(&ifindex, look->masters, look->n_masters, sizeof(*o), index_cmp);
	return o ? (*o)->place : assumed_link(look, ifindex);
}

static void on_restart(void *arg)
{
	struct look *look = arg;

	model_truncate(look->observed, look->first);
}

int look_dump(struct look *look, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *look), struct err *e)
{
	look->first = look->observed->n;
	return rtnl_dump(look->nl, m, each, on_restart, look, e);
}

void look_add(struct look *look, struct object *o)
{
	model_add(look->observed, o, NULL);
}
