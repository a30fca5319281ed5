/* SPDX-License-Identifier: MIT */
/* interface.c - interfaces that are there already and are only managed (eth0, lo),
 * and how the interfaces of all kinds are read from the kernel. */
#include "kernel/look.h"
#include "model/owner.h"
#include "base/suggest.h"
#include "link.h"
#include <linux/if.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

static const struct field fields[] = { LINK_FIELDS };

static void read_rows(struct object *o, enum nla_place place, struct nlattr **attributes, int max)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		const struct nlattr *a = f->nla && f->nla <= max && f->place == place ? attributes[f->nla] : NULL;

		if (!a || nla_len(a) < (int)(f->width ? f->width : f->type->size))
			continue;
		if (f->type == &type_bool)
			*(bool *)object_at(o, i) = f->width == 4 ? nla_get_u32(a) : nla_get_u8(a);
		else
			memcpy(object_at(o, i), nla_data(a), f->type->size);
		o->set |= bit(i);
	}
}

static void read_addrgen(struct link *l, struct nlattr *af_spec)
{
	struct nlattr *inet6 = af_spec ? nla_find(nla_data(af_spec), nla_len(af_spec), AF_INET6) : NULL;
	struct nlattr *mode = inet6 ? nla_find(nla_data(inet6), nla_len(inet6), IFLA_INET6_ADDR_GEN_MODE) : NULL;

	/* Without IPv6, as below an MTU of 1280, it is what it will begin with. */
	l->addrgen = mode ? nla_get_u8(mode) : IN6_ADDR_GEN_MODE_EUI64;
	OBJECT_SET(&l->object, link, addrgen);
}

/* The values of net.ipv4.conf as they stand in inet_fill_link_af, net/ipv4/devinet.c. */
static bool read_promotes(struct nlattr *af_spec)
{
	struct nlattr *inet = af_spec ? nla_find(nla_data(af_spec), nla_len(af_spec), AF_INET) : NULL;
	struct nlattr *conf = inet ? nla_find(nla_data(inet), nla_len(inet), IFLA_INET_CONF) : NULL;
	uint32_t values[IPV4_DEVCONF_PROMOTE_SECONDARIES] = { 0 };

	if (conf && nla_len(conf) >= (int)sizeof(values))
		memcpy(values, nla_data(conf), sizeof(values));
	return values[IPV4_DEVCONF_PROMOTE_SECONDARIES - 1];
}

/* While it runs the kernel disables no port. */
static bool read_disabled(const struct ifinfomsg *i, struct nlattr **info)
{
	bool port = info[IFLA_INFO_SLAVE_KIND] && info[IFLA_INFO_SLAVE_DATA] && !strcmp(nla_data(info[IFLA_INFO_SLAVE_KIND]), "bridge");
	const struct nlattr *state = port ? nla_find(nla_data(info[IFLA_INFO_SLAVE_DATA]), nla_len(info[IFLA_INFO_SLAVE_DATA]),
						     IFLA_BRPORT_STATE) :
					    NULL;

	return state && i->ifi_flags & IFF_RUNNING && nla_get_u8(state) == BR_STATE_DISABLED;
}

static void read_state(struct link *l, const struct ifinfomsg *i, struct nlattr **a)
{
	l->arp = !(i->ifi_flags & IFF_NOARP);
	l->multicast = i->ifi_flags & IFF_MULTICAST;
	OBJECT_SET(&l->object, link, arp);
	OBJECT_SET(&l->object, link, multicast);
	OBJECT_SET(&l->object, link, forwards);
	l->up = i->ifi_flags & IFF_UP;
	l->carrier = i->ifi_flags & IFF_LOWER_UP;
	l->lower = a[IFLA_LINK] ? nla_get_u32(a[IFLA_LINK]) : 0;
	l->lower_away = a[IFLA_LINK_NETNSID];
	l->master_index = a[IFLA_MASTER] ? nla_get_u32(a[IFLA_MASTER]) : 0;
	/* Until it has its alias (link_settle) it is not done, whatever it looks like. */
	if (!link_is_half_made(&l->object))
		OBJECT_SET(&l->object, link, up);
	OBJECT_SET(&l->object, link, carrier);
	OBJECT_SET(&l->object, link, master);
}

/* One that a topology takes for the name of an interface. */
static const char *read_altname(const struct look *look, struct nlattr *list)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, list, left) {
		char place[160], id[512];

		if (nla_type(a) != IFLA_ALT_IFNAME)
			continue;
		snprintf(place, sizeof(place), "%s/%.60s", look->ns->name, (const char *)nla_data(a));
		ref_id("link", place, id);
		if (model_find(look->desired, id) || model_find(look->last, id))
			return arena_strdup(&look->observed->arena, strchr(place, '/') + 1);
	}
	return NULL;
}

static void on_link(const struct nlmsghdr *h, void *arg)
{
	struct look *look = arg;
	struct nlattr *a[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1] = { 0 }, *data[64] = { 0 };
	const struct ifinfomsg *i = nlmsg_data(h);
	const struct kind *k = NULL;
	struct object *o;

	if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, IFLA_MAX, NULL) < 0 ||
	    !a[IFLA_IFNAME])
		return;
	if (a[IFLA_LINKINFO] && nla_parse_nested(info, IFLA_INFO_MAX, a[IFLA_LINKINFO], NULL) == 0 && info[IFLA_INFO_KIND])
		k = kinds_find(look->observed->kinds, "link", nla_data(info[IFLA_INFO_KIND]));
	o = object_new(look->observed, k ? k : &kind_interface, look->ns->name, nla_data(a[IFLA_IFNAME]));
	o->handle = (uint32_t)i->ifi_index;
	o->managed = false;
	o->sign = sign_of_link(a[IFLA_GROUP] ? nla_get_u32(a[IFLA_GROUP]) : 0,
			       a[IFLA_IFALIAS] ? arena_strdup(&look->observed->arena, nla_data(a[IFLA_IFALIAS])) : NULL);
	o->sign.half = o->sign.hash && !o->sign.alias && !(i->ifi_flags & IFF_UP) && o->handle >= INDEX_MIN && o->handle < INDEX_MAX;
	read_rows(o, NLA_MESSAGE, a, IFLA_MAX);
	if (info[IFLA_INFO_DATA] && nla_parse_nested(data, ARRAY_SIZE(data) - 1, info[IFLA_INFO_DATA], NULL) == 0)
		read_rows(o, NLA_INFO_DATA, data, ARRAY_SIZE(data) - 1);
	((struct link *)o)->forwards = !read_disabled(i, info);
	((struct link *)o)->altname = a[IFLA_PROP_LIST] ? read_altname(look, a[IFLA_PROP_LIST]) : NULL;
	((struct link *)o)->vrf = info[IFLA_INFO_KIND] && !strcmp(nla_data(info[IFLA_INFO_KIND]), "vrf");
	read_state((struct link *)o, i, a);
	read_addrgen((struct link *)o, a[IFLA_AF_SPEC]);
	((struct link *)o)->promotes = read_promotes(a[IFLA_AF_SPEC]);
	if (look->n_links % 64 == 0)
		look->links = must(realloc(look->links, (look->n_links + 64) * sizeof(*look->links)));
	look->links[look->n_links++] = o;
}

static void on_restart(void *arg)
{
	((struct look *)arg)->n_links = 0;
}

static int by_index(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

	return x->handle < y->handle ? -1 : x->handle > y->handle;
}

/* One link by its name, or by its number; NULL and 0: all. */
static int look_at_link(struct look *look, const char *name, uint32_t index, struct err *e)
{
	struct ifinfomsg i = { .ifi_index = (int)index };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETLINK, 0, &i, sizeof(i));
	int r;

	msg_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (!name && !index)
		return rtnl_dump(look->nl, m, on_link, on_restart, look, e);
	if (name)
		msg_put_string(m, IFLA_IFNAME, name);
	r = rtnl_ask(look->nl, m, on_link, look, e);
	return r == -ENODEV ? 0 : r;
}

static int look_at_links(struct look *look, struct err *e)
{
	const char *const *name = look->ns->only;
	int r = name ? 0 : look_at_link(look, NULL, 0, e);

	for (; name && *name && r == 0; name++)
		r = look_at_link(look, *name, 0, e);
	return r;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of links that are looked at one by one, the masters may be anybody's: only their names
 * are asked for. */
static int look_at_masters(struct look *look, struct err *e)
{
	_cleanup_(freep) uint32_t *missing = must(calloc(look->n_links + 1, sizeof(*missing)));
	size_t n = 0, n_links = look->n_links;
	int r = 0;

	for (size_t i = 0; i < n_links; i++) {
		uint32_t master = ((struct link *)look->links[i])->master_index;

		if (master && !look_link(look, master))
			missing[n++] = master;
	}
	qsort(missing, n, sizeof(*missing), by_number);
	for (size_t i = 0; i < n && r == 0; i++)
		if (i == 0 || missing[i] != missing[i - 1])
			r = look_at_link(look, NULL, missing[i], e);
	look->masters = look->links + n_links;
	look->n_masters = look->n_links - n_links;
	look->n_links = n_links;
	return r;
}

/* Whether its port may be expected to forward: it is up, and no protocol decides. */
static bool master_forwards(const struct look *look, const struct link *port)
{
	const struct object *master = port->master ? model_find_ref(look->observed, "link", port->master) : NULL;
	int stp;

	for (size_t i = 0; !master && port->master && i < look->n_links + look->n_masters; i++)
		if (look->links[i]->handle == port->master_index)
			master = look->links[i];
	stp = master ? kind_field(master->kind, "stp_state") : -1;
	return stp >= 0 && ((const struct link *)master)->up && !*(const bool *)object_at(master, (size_t)stp);
}

static void add_altname(struct look *look, const struct link *l)
{
	struct object *o = object_new(look->observed, &kind_interface, look->ns->name, l->altname);

	o->alias_of = l->object.name;
	o->managed = false;
	look_add(look, o);
}

/* The loopback carries the mark of its namespace. */
static int interface_observe(struct look *look, struct err *e)
{
	struct object *netns = model_netns(look->observed, look->ns->name);

	if (look_at_links(look, e) < 0)
		return err_prefix(e, "interfaces of %s", look->ns->name);
	if (look->n_links)
		qsort(look->links, look->n_links, sizeof(*look->links), by_index);
	if (look->ns->only && look_at_masters(look, e) < 0)
		return err_prefix(e, "interfaces of %s", look->ns->name);
	for (size_t n = 0; n < look->n_links; n++) {
		struct link *l = (struct link *)look->links[n];

		l->master = l->master_index ? look_link(look, l->master_index) : NULL;
		l->forwards = l->forwards || !master_forwards(look, l);
		/* Of a cable that is the far end. */
		if (l->object.kind == &kind_interface && l->lower && !l->lower_away && l->lower != l->object.handle)
			l->base = look_link(look, l->lower);
		look_add(look, &l->object);
		if (l->altname)
			add_altname(look, l);
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

	link_check_in(m, o, p);
	if (!is_loopback(o->name) && netns && !netns->managed)
		problem_add(p, EINVAL, &o->where, "%s is made by netnsd, so nothing is there yet: say what %s is by its \"kind\"",
			    o->netns, o->name);
}

/* Where a name stands for an interface that is there already and one of @names was meant,
 * the interface would be waited for in vain. */
static void refuse_near(const struct object *o, const char *const *names, size_t n, struct problems *p)
{
	struct suggest g = guess_counted(o->name, &p->guesses);

	for (size_t i = 0; i < n && g.distance > 1; i++)
		suggest_try(&g, names[i]);
	if (g.best)
		problem_add(p, EINVAL, &o->where, "%s is declared nowhere; did you mean %s?", o->name, g.best);
}

/* The ends of cables that only their peers name are few, and mostly none. */
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
	for (const struct object *o = n ? netns->first : NULL; o && p->guesses < GUESSES_MAX; o = o->next)
		if (o->kind == &kind_interface && !is_loopback(o->name))
			refuse_near(o, names, n, p);
}

const struct kind kind_interface = {
	.name = "interface",
	.class = "link",
	.label = "link",
	.doc = "an interface that is there already: what is said of it is kept, and put back when the topology goes",
	.section = "interfaces",
	.form = FORM_MAP,
	.managed = true,
	.awaitable = true,
	.size = sizeof(struct link),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_LINK },
	.check = link_check,
	.complete = link_complete,
	.check_in = interface_check_in,
	.check_netns = interface_check_netns,
	.observe = interface_observe,
	.encode = link_encode,
	.takes = link_takes,
	.base = interface_base,
	.note_mark = link_note_mark,
	.say_damage = link_say_damage,
	.mark = link_mark,
	.apply = link_apply,
};
