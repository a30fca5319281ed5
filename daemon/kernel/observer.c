/* SPDX-License-Identifier: MIT */
/* observer.c - helpers for kinds that read a namespace. */
#include "observer.h"

static int index_cmp(const void *key, const void *element)
{
	uint32_t index = *(const uint32_t *)key, have = (*(struct object *const *)element)->handle;

	return index < have ? -1 : index > have;
}

/* Assumed objects come before all observed ones (scope.c). */
static const char *assumed_link(const struct observer *obs, uint32_t ifindex)
{
	for (size_t i = 0; i < obs->observed->n; i++) {
		const struct object *o = obs->observed->objects[i];

		if (!o->assumed)
			break;
		if (o->handle == ifindex && object_is(o, "link") && !strcmp(o->netns, obs->ns->name))
			return o->place;
	}
	return NULL;
}

const char *observer_link(const struct observer *obs, uint32_t ifindex)
{
	struct object **o = obs->n_links ? bsearch(&ifindex, obs->links, obs->n_links, sizeof(*o), index_cmp) : NULL;

	if (!o && obs->n_masters)
		o = bsearch(&ifindex, obs->masters, obs->n_masters, sizeof(*o), index_cmp);
	return o ? (*o)->place : assumed_link(obs, ifindex);
}

static void on_restart(void *arg)
{
	struct observer *obs = arg;

	model_truncate(obs->observed, obs->first);
}

int observer_dump(struct observer *obs, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *obs),
		  struct err *e)
{
	obs->first = obs->observed->n;
	return rtnl_dump(obs->nl, m, each, on_restart, obs, e);
}

void observer_add(struct observer *obs, struct object *o)
{
	model_add(obs->observed, o, NULL);
}
