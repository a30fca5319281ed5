/* SPDX-License-Identifier: MIT */
/* link_export.c - what of an observed interface a topology has to say: not what the kernel or netnsd does by itself. */
#include "base/utf8.h"
#include "link.h"
#include "model/unsaid.h"

static void forget(struct object *o, size_t i)
{
	o->set &= ~bit(i);
}

/* Whether the topology creates the namespace that it is in: everything there has to be of a known kind. */
static bool is_created(const struct model *m, const struct object *o)
{
	const struct object *netns = model_netns(m, o->netns);

	return netns && !netns->managed;
}

static bool alien_export(const struct model *m, const struct object *o, struct unsaid *u)
{
	const struct link *l = (const struct link *)o;

	if (!is_created(m, o))
		return true;
	if (*l->alien)
		unsaid_add(u, "%s: no topology can declare an interface of kind %s; it and what is on it are left out",
			   o->place, l->alien);
	else
		unsaid_add(u, "%s: a device that no topology can create; it and what is on it are left out", o->place);
	return false;
}

/* In a new namespace it is up, on the host it always is. */
static void loopback_export(const struct model *m, struct object *o)
{
	const struct link *l = (const struct link *)o;

	if (l->up || !is_created(m, o))
		forget(o, LINK_UP);
	if (l->mtu == 65536)
		forget(o, LINK_MTU);
}

/* The kernel takes any bytes, JSON does not. */
const char *link_name_problem(const char *name, struct err *e)
{
	size_t n = 0;

	for (size_t at = 0, left = strlen(name); left; at += n, left -= n) {
		n = utf8_length(name + at, left);
		if (!n)
			return err_set(e, EINVAL, "is not UTF-8"), e->text;
	}
	return ifname_problem(name, e);
}

bool link_export(struct model *observed, struct object *o, struct unsaid *u)
{
	struct link *l = (struct link *)o;
	struct err e;

	if (o->alias_of)
		return false;
	if (link_name_problem(o->name, &e)) {
		unsaid_add(u, "%s: the name %s; it and what is on it are left out", o->place, e.text);
		return false;
	}
	/* What exists already keeps it. */
	if (l->extra && is_created(observed, o))
		unsaid_add(u, "link %s: no topology can declare %s", o->place, l->extra);
	if (!l->mac_is_given || is_loopback(o->name))
		forget(o, LINK_MAC);
	if (is_loopback(o->name)) {
		loopback_export(observed, o);
		return true;
	}
	if (o->kind == &kind_interface && !alien_export(observed, o, u))
		return false;
	return !link_kind(o)->export || link_kind(o)->export(observed, o, u);
}
