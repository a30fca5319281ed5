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

const struct object *observer_next(const struct observer *obs, size_t *at, const struct object *o)
{
	o = o ? o->next : NULL;
	while (!o && *at <= ARRAY_SIZE(obs->wanted)) {
		const struct object *netns = *at < ARRAY_SIZE(obs->wanted) ? obs->wanted[*at]
					     : obs->tried                  ? model_netns(obs->tried, obs->ns->name)
									   : NULL;

		o = netns ? netns->first : NULL;
		(*at)++;
	}
	return o;
}

const struct object *observer_find(const struct observer *obs, const char *class, const char *place)
{
	const struct model *models[] = { obs->desired, obs->last, obs->tried };
	const struct object *o = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(models) && !o; i++)
		o = models[i] ? model_find_ref(models[i], class, place) : NULL;
	return o;
}

bool observer_wants(const struct observer *obs, const char *class)
{
	const struct object *o = NULL;

	for (size_t at = 0; (o = observer_next(obs, &at, o));)
		if (object_is(o, class))
			return true;
	return obs->extent.adopting;
}

bool observer_knows(const struct observer *obs, const char *id)
{
	const struct model *models[] = { obs->desired, obs->last, obs->tried };

	for (size_t i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i] && model_find(models[i], id))
			return true;
	return false;
}

void observer_add(struct observer *obs, struct object *o)
{
	model_add(obs->observed, o, NULL);
}
