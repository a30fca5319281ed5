/* SPDX-License-Identifier: MIT */
/* link_read.c - makes an interface of any kind from the kernel's message about it. */
#include "kernel/observer.h"
#include "model/owner.h"
#include "link.h"
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>

static void read_addrgen(struct link *l, struct nlattr *af_spec)
{
	struct nlattr *inet6 = af_spec ? nla_find(nla_data(af_spec), nla_len(af_spec), AF_INET6) : NULL;
	struct nlattr *mode = inet6 ? nla_find(nla_data(inet6), nla_len(inet6), IFLA_INET6_ADDR_GEN_MODE) : NULL;

	/* Without IPv6, as below an MTU of 1280, it is the initial value. */
	l->addrgen = mode ? nla_get_u8(mode) : IN6_ADDR_GEN_MODE_EUI64;
	OBJECT_SET(&l->object, link, addrgen);
}

/* The values of net.ipv4.conf in the order of inet_fill_link_af, net/ipv4/devinet.c. */
static bool read_promotes(struct nlattr *af_spec)
{
	struct nlattr *inet = af_spec ? nla_find(nla_data(af_spec), nla_len(af_spec), AF_INET) : NULL;
	struct nlattr *conf = inet ? nla_find(nla_data(inet), nla_len(inet), IFLA_INET_CONF) : NULL;
	uint32_t values[IPV4_DEVCONF_PROMOTE_SECONDARIES] = { 0 };

	if (conf && nla_len(conf) >= (int)sizeof(values))
		memcpy(values, nla_data(conf), sizeof(values));
	return values[IPV4_DEVCONF_PROMOTE_SECONDARIES - 1];
}

/* The master's kind knows what it stores about its ports. */
static void read_port(struct observer *obs, struct link *l, const struct ifinfomsg *i, struct nlattr **info)
{
	const struct kind *k = info[IFLA_INFO_SLAVE_KIND]
				       ? kinds_find(obs->observed->kinds, "link", nla_data(info[IFLA_INFO_SLAVE_KIND]))
				       : NULL;

	l->forwards = true;
	l->port_of = k ? k->link : NULL;
	if (l->port_of && l->port_of->read_port && info[IFLA_INFO_SLAVE_DATA])
		l->port_of->read_port(obs, l, i, info[IFLA_INFO_SLAVE_DATA]);
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
	l->lower_nsid = l->lower_away ? (int)nla_get_u32(a[IFLA_LINK_NETNSID]) : -1;
	l->master_index = a[IFLA_MASTER] ? nla_get_u32(a[IFLA_MASTER]) : 0;
	/* A link of ours is incomplete until it has its alias (link_settle), whatever it looks like. */
	if (!link_is_half_made(&l->object))
		OBJECT_SET(&l->object, link, up);
	OBJECT_SET(&l->object, link, carrier);
	OBJECT_SET(&l->object, link, master);
}

/* Whether a topology uses it as the name of an interface. */
static const char *read_altname(const struct observer *obs, struct nlattr *list)
{
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, list, left) {
		char place[160], id[512];

		if (nla_type(a) != IFLA_ALT_IFNAME)
			continue;
		snprintf(place, sizeof(place), "%s/%.60s", obs->ns->name, (const char *)nla_data(a));
		ref_id("link", place, id);
		if (model_find(obs->desired, id) || model_find(obs->last, id))
			return arena_strdup(&obs->observed->arena, strchr(place, '/') + 1);
	}
	return NULL;
}

/* What rows do not read. Promiscuous is what somebody set, not what bridges and captures do. */
static const char *read_extra(const struct object *o, const struct ifinfomsg *i, struct nlattr *names,
			      struct arena *arena)
{
	const char *all = "";
	struct nlattr *a;
	int left = 0;

	if (i->ifi_flags & IFF_PROMISC)
		all = ", promisc on";
	if (i->ifi_flags & IFF_ALLMULTI)
		all = arena_fmt(arena, "%s, allmulticast on", all);
	if (o->sign.taken && o->sign.group)
		all = arena_fmt(arena, "%s, group %u", all, o->sign.group);
	if (o->sign.taken && o->sign.alias)
		all = arena_fmt(arena, "%s, alias %.256s", all, o->sign.alias);
	for (a = names ? nla_data(names) : NULL, left = names ? nla_len(names) : 0; a && nla_ok(a, left);
	     a = nla_next(a, &left))
		if (nla_type(a) == IFLA_ALT_IFNAME)
			all = arena_fmt(arena, "%s, altname %.128s", all, (const char *)nla_data(a));
	return *all ? all + 2 : NULL;
}

/* Others have VRFs, too. */
static bool has_own_table(const struct object *o, struct nlattr **info)
{
	return link_kind(o)->own_table || (info[IFLA_INFO_KIND] && !strcmp(nla_data(info[IFLA_INFO_KIND]), "vrf"));
}

struct object *link_read(struct observer *obs, const struct nlmsghdr *h)
{
	struct nlattr *a[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1] = { 0 }, *data[64] = { 0 };
	const struct ifinfomsg *i = nlmsg_data(h);
	const struct kind *k = NULL;
	struct object *o;

	if (h->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, IFLA_MAX, NULL) < 0 || !a[IFLA_IFNAME])
		return NULL;
	if (a[IFLA_LINKINFO] && nla_parse_nested(info, IFLA_INFO_MAX, a[IFLA_LINKINFO], NULL) == 0 &&
	    info[IFLA_INFO_KIND])
		k = kinds_find(obs->observed->kinds, "link", nla_data(info[IFLA_INFO_KIND]));
	o = object_new(obs->observed, k ? k : &kind_interface, obs->ns->name, nla_data(a[IFLA_IFNAME]));
	o->handle = (uint32_t)i->ifi_index;
	o->managed = false;
	if (!k)
		((struct link *)o)->alien =
			info[IFLA_INFO_KIND] ? arena_strdup(&obs->observed->arena, nla_data(info[IFLA_INFO_KIND])) : "";
	o->sign = sign_of_link(a[IFLA_GROUP] ? nla_get_u32(a[IFLA_GROUP]) : 0,
			       a[IFLA_IFALIAS] ? arena_strdup(&obs->observed->arena, nla_data(a[IFLA_IFALIAS])) : NULL);
	o->sign.half = o->sign.hash && !o->sign.alias && !(i->ifi_flags & IFF_UP) && o->handle >= INDEX_MIN &&
		       o->handle < INDEX_MAX;
	link_read_rows(obs, o, NLA_MESSAGE, a, ARRAY_SIZE(a));
	if (info[IFLA_INFO_DATA] && nla_parse_nested(data, ARRAY_SIZE(data) - 1, info[IFLA_INFO_DATA], NULL) == 0) {
		link_read_rows(obs, o, NLA_INFO_DATA, data, ARRAY_SIZE(data));
		if (link_kind(o)->read_data)
			link_kind(o)->read_data(obs, o, data, ARRAY_SIZE(data));
	}
	/* What the kernel does not report has its default. */
	object_set_usual(o);
	read_port(obs, (struct link *)o, i, info);
	((struct link *)o)->altname = a[IFLA_PROP_LIST] ? read_altname(obs, a[IFLA_PROP_LIST]) : NULL;
	if (obs->extent.unsaid)
		((struct link *)o)->extra = read_extra(o, i, a[IFLA_PROP_LIST], &obs->observed->arena);
	((struct link *)o)->own_table = has_own_table(o, info);
	read_state((struct link *)o, i, a);
	read_addrgen((struct link *)o, a[IFLA_AF_SPEC]);
	((struct link *)o)->promotes = read_promotes(a[IFLA_AF_SPEC]);
	return o;
}
