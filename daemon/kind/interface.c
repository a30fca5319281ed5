/* SPDX-License-Identifier: MIT */
/* interface.c - interfaces that exist already and are only managed (eth0, lo), and how interfaces of
 * all kinds are found in a namespace. */
#include "kernel/observer.h"
#include "kernel/sysfs.h"
#include "model/owner.h"
#include "base/suggest.h"
#include "link.h"
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static const struct field fields[] = { LINK_FIELDS("1500"), PORT_FIELDS };

static void on_link(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	struct object *o = link_read(obs, h);

	if (!o)
		return;
	if (obs->n_links % 64 == 0)
		obs->links = must(realloc(obs->links, (obs->n_links + 64) * sizeof(*obs->links)));
	obs->links[obs->n_links++] = o;
}

static void on_restart(void *arg)
{
	((struct observer *)arg)->n_links = 0;
}

static int by_index(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

	return x->handle < y->handle ? -1 : x->handle > y->handle;
}

/* Reads one link by its name, or by its number; NULL and 0: all. */
static int observe_link(struct observer *obs, const char *name, uint32_t index, struct err *e)
{
	struct ifinfomsg i = { .ifi_index = (int)index };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETLINK, 0, &i, sizeof(i));
	int r;

	msg_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (!name && !index)
		return rtnl_dump(obs->nl, m, on_link, on_restart, obs, e);
	if (name)
		msg_put_string(m, IFLA_IFNAME, name);
	r = rtnl_ask(obs->nl, m, on_link, obs, e);
	return r == -ENODEV ? 0 : r;
}

static int observe_links(struct observer *obs, struct err *e)
{
	const char *const *name = obs->extent.only;
	int r = name ? 0 : observe_link(obs, NULL, 0, e);

	for (; name && *name && r == 0; name++)
		r = observe_link(obs, *name, 0, e);
	return r;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* If links are read one by one, their masters and what their rows name may belong to anybody: only
 * their names are requested. */
static int observe_masters(struct observer *obs, struct err *e)
{
	_cleanup_(freep) uint32_t *missing = must(calloc(obs->n_links + 1, (1 + LINK_NAMED_MAX) * sizeof(*missing)));
	size_t n = 0, n_links = obs->n_links;
	int r = 0;

	for (size_t i = 0; i < n_links; i++) {
		const struct link *l = (const struct link *)obs->links[i];

		if (l->master_index && !observer_link(obs, l->master_index))
			missing[n++] = l->master_index;
		for (size_t k = 0; k < LINK_NAMED_MAX && !l->lower_away; k++)
			if (l->named[k] && !observer_link(obs, l->named[k]))
				missing[n++] = l->named[k];
	}
	qsort(missing, n, sizeof(*missing), by_number);
	for (size_t i = 0; i < n && r == 0; i++)
		if (i == 0 || missing[i] != missing[i - 1])
			r = observe_link(obs, NULL, missing[i], e);
	obs->masters = obs->links + n_links;
	obs->n_masters = obs->n_links - n_links;
	obs->n_links = n_links;
	return r;
}

static bool master_forwards(const struct observer *obs, const struct link *port)
{
	const struct object *master = port->master ? model_find_ref(obs->observed, "link", port->master) : NULL;

	for (size_t i = 0; !master && port->master && i < obs->n_links + obs->n_masters; i++)
		if (obs->links[i]->handle == port->master_index)
			master = obs->links[i];
	return master && link_kind(master)->forwards && link_kind(master)->forwards(master);
}

static void add_altname(struct observer *obs, const struct link *l)
{
	struct object *o = object_new(obs->observed, &kind_interface, obs->ns->name, l->altname);

	o->alias_of = l->object.name;
	o->managed = false;
	observer_add(obs, o);
}

/* One that netnsd derived is as good as none. */
static bool is_derived(const struct observer *obs, const struct object *o)
{
	const struct extent *x = &obs->extent;
	uint8_t mac[6];

	if (!x->identity || !o->sign.topology)
		return false;
	mac_derive(x->identity, x->macs ? x->macs(x->macs_arg, o->sign.topology) : o->sign.topology, o->place, mac);
	return !memcmp(mac, ((const struct link *)o)->mac, sizeof(mac));
}

static void find_given_macs(struct observer *obs)
{
	_cleanup_(closep) int fd = sysfs_open();

	for (size_t i = 0; i < obs->n_links; i++) {
		struct link *l = (struct link *)obs->links[i];

		l->mac_is_given = sysfs_mac_is_set(fd, l->object.name) && !is_derived(obs, &l->object);
	}
}

/* The loopback carries the mark of its namespace. */
static int interface_observe(struct observer *obs, struct err *e)
{
	struct object *netns = model_netns(obs->observed, obs->ns->name);

	if (observe_links(obs, e) < 0)
		return err_prefix(e, "interfaces of %s", obs->ns->name);
	if (obs->n_links)
		qsort(obs->links, obs->n_links, sizeof(*obs->links), by_index);
	if (obs->extent.only && observe_masters(obs, e) < 0)
		return err_prefix(e, "interfaces of %s", obs->ns->name);
	if (obs->extent.unsaid && !obs->extent.links)
		find_given_macs(obs);
	for (size_t n = 0; n < obs->n_links; n++) {
		struct link *l = (struct link *)obs->links[n];

		l->master = l->master_index ? observer_link(obs, l->master_index) : NULL;
		l->forwards = l->forwards || !master_forwards(obs, l);
		link_read_names(obs, &l->object);
		/* Of a veth pair that is the far end. */
		if (l->object.kind == &kind_interface && l->lower && !l->lower_away && l->lower != l->object.handle)
			l->base = observer_link(obs, l->lower);
		observer_add(obs, &l->object);
		if (l->altname)
			add_altname(obs, l);
		if (is_loopback(l->object.name) && netns)
			netns->sign = l->object.sign;
	}
	return 0;
}

static const char *interface_base(const struct object *o)
{
	return ((const struct link *)o)->base;
}

static void interface_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct object *netns = model_netns(m, o->netns);

	if (!is_loopback(o->name) && netns && !netns->managed)
		problem_add(p, EINVAL, &o->where,
			    "%s is created by netnsd and has no interface yet: give %s a \"kind\"", o->netns, o->name);
}

/* If a name refers to an existing interface and one of @names was meant, the interface would be
 * waited for in vain. */
static void refuse_near(const struct object *o, const char *const *names, size_t n, struct problems *p)
{
	struct suggest suggest = suggest_counted(o->name, &p->compared);

	for (size_t i = 0; i < n && suggest.distance > 1; i++)
		suggest_try(&suggest, names[i]);
	if (suggest.best)
		problem_add(p, EINVAL, &o->where, "%s is not declared; did you mean %s?", o->name, suggest.best);
}

/* Ends of veth pairs that only their peers name are few, and mostly none. */
static void interface_check_netns(_unused_ const struct model *m, const struct object *netns, struct problems *p)
{
	_cleanup_(freep) const char **names = NULL;
	size_t n = 0;

	for (const struct object *o = netns->first; o; o = o->next) {
		if (!object_is(o, "link") || !((const struct link *)o)->only_named)
			continue;
		if (!(n & (n - 1)))
			names = must(realloc(names, (n ? 2 * n : 1) * sizeof(*names)));
		names[n++] = o->name;
	}
	for (const struct object *o = n ? netns->first : NULL; o && p->compared < COMPARED_MAX; o = o->next)
		if (o->kind == &kind_interface && !is_loopback(o->name))
			refuse_near(o, names, n, p);
}

static const struct link_kind existing = { .check_in = interface_check_in };

const struct kind kind_interface = LINK_KIND(
	link, .name = "interface", .link = &existing,
	.doc = "an existing interface: the former values of what the file sets are saved, and restored when the "
	       "topology is brought down",
	.managed = true, .awaitable = true, .groups = { RTNLGRP_LINK }, .check_netns = interface_check_netns,
	.observe = interface_observe, .base = interface_base);
