/* SPDX-License-Identifier: MIT */
/* survey_link.c - interfaces as facts: whatever kind they are of, and whoever created them. */
#include "survey.h"
#include "rtnl.h"
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>

/* What a kind is to what it is connected to; one that is not listed is LINK_PLAIN.  overhead: bytes that a tunnel adds
 * to each packet, over IPv4. */
static const struct {
	const char *kind;
	enum link_class class;
	uint32_t overhead;
} classes[] = {
	{ "veth", LINK_PAIR },      { "bridge", LINK_BRIDGE },        { "vrf", LINK_VRF },
	{ "vlan", LINK_CHILD },     { "macvlan", LINK_CHILD },        { "macvtap", LINK_CHILD },
	{ "ipvlan", LINK_CHILD },   { "vxlan", LINK_TUNNEL, 50 },     { "geneve", LINK_TUNNEL, 50 },
	{ "gre", LINK_TUNNEL, 24 }, { "gretap", LINK_TUNNEL, 38 },    { "ipip", LINK_TUNNEL, 20 },
	{ "sit", LINK_TUNNEL, 20 }, { "wireguard", LINK_TUNNEL, 60 },
};

/* The attribute of a kind that has the number of its VLAN; IFLA_VLAN_PROTOCOL has the protocol of its tag. */
static const struct {
	const char *kind;
	int attribute;
} numbered[] = {
	{ "vlan", IFLA_VLAN_ID },
};

/* The protocol of tags, as it stands in struct link_fact. */
static uint32_t tag_protocol(struct nlattr *data, int attribute)
{
	struct nlattr *a = nla_find(nla_data(data), nla_len(data), attribute);

	return (uint32_t)(a ? ntohs(nla_get_u16(a)) : ETH_P_8021Q) << 16;
}

static void read_vlan(struct link_fact *l, struct nlattr *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(numbered); i++)
		if (!strcmp(l->kind, numbered[i].kind)) {
			struct nlattr *a = nla_find(nla_data(data), nla_len(data), numbered[i].attribute);

			l->vlan = a ? tag_protocol(data, IFLA_VLAN_PROTOCOL) | nla_get_u16(a) : 0;
		}
}

static void read_class(struct link_fact *l, const char *kind)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(kind, classes[i].kind)) {
			l->class = classes[i].class;
			l->overhead = classes[i].overhead;
		}
}

/* As a port of a bridge. */
static void read_port(struct link_fact *l, struct nlattr *kind, struct nlattr *data)
{
	struct nlattr *a[IFLA_BRPORT_MAX + 1];
	struct link_fact master = { .class = LINK_PLAIN };

	if (!kind || !data)
		return;
	read_class(&master, nla_data(kind));
	if (master.class != LINK_BRIDGE || nla_parse_nested(a, IFLA_BRPORT_MAX, data, NULL) < 0)
		return;
	l->port_state = a[IFLA_BRPORT_STATE] ? nla_get_u8(a[IFLA_BRPORT_STATE]) : 0;
	l->isolated = a[IFLA_BRPORT_ISOLATED] && nla_get_u8(a[IFLA_BRPORT_ISOLATED]);
	l->locked = a[IFLA_BRPORT_LOCKED] && nla_get_u8(a[IFLA_BRPORT_LOCKED]);
}

static void read_info(struct survey *s, struct link_fact *l, struct nlattr *in)
{
	struct nlattr *info[IFLA_INFO_MAX + 1], *vlans = NULL;

	l->kind = "";
	if (!in || nla_parse_nested(info, IFLA_INFO_MAX, in, NULL) < 0)
		return;
	read_port(l, info[IFLA_INFO_SLAVE_KIND], info[IFLA_INFO_SLAVE_DATA]);
	if (!info[IFLA_INFO_KIND])
		return;
	l->kind = arena_strdup(&s->arena, nla_data(info[IFLA_INFO_KIND]));
	read_class(l, l->kind);
	if (info[IFLA_INFO_DATA])
		read_vlan(l, info[IFLA_INFO_DATA]);
	if (l->class == LINK_BRIDGE && info[IFLA_INFO_DATA])
		vlans = nla_find(nla_data(info[IFLA_INFO_DATA]), nla_len(info[IFLA_INFO_DATA]), IFLA_BR_VLAN_FILTERING);
	l->filters_vlans = vlans && nla_get_u8(vlans);
	if (l->filters_vlans)
		l->vlan_protocol = tag_protocol(info[IFLA_INFO_DATA], IFLA_BR_VLAN_PROTOCOL);
}

/* One of the values of net.*.conf.IF, which the kernel lists as 32-bit numbers. */
static int32_t conf(struct nlattr *list, size_t i)
{
	int32_t v = 0;

	if (list && (size_t)nla_len(list) >= (i + 1) * sizeof(v))
		memcpy(&v, (const char *)nla_data(list) + i * sizeof(v), sizeof(v));
	return v;
}

static struct nlattr *nested(struct nlattr *in, int type)
{
	return in ? nla_find(nla_data(in), nla_len(in), type) : NULL;
}

static void read_sysctls(struct link_fact *l, struct nlattr *af_spec)
{
	struct nlattr *v4 = nested(nested(af_spec, AF_INET), IFLA_INET_CONF);
	struct nlattr *v6 = nested(nested(af_spec, AF_INET6), IFLA_INET6_CONF);

	l->rp_filter = (uint8_t)conf(v4, IPV4_DEVCONF_RP_FILTER - 1);
	l->proxy_arp = conf(v4, IPV4_DEVCONF_PROXY_ARP - 1);
	l->proxy_ndp = conf(v6, DEVCONF_PROXY_NDP);
	l->forwards4 = conf(v4, IPV4_DEVCONF_FORWARDING - 1);
	l->has_ipv6 = v6 && !conf(v6, DEVCONF_DISABLE_IPV6);
	l->forwards6 = conf(v6, DEVCONF_FORWARDING);
	l->accept_ra = (uint8_t)conf(v6, DEVCONF_ACCEPT_RA);
}

static uint32_t number(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

void survey_on_link(const struct nlmsghdr *h, void *survey)
{
	struct nlattr *a[IFLA_MAX + 1];
	const struct ifinfomsg *i = nlmsg_data(h);
	struct survey *s = survey;
	struct link_fact *l;

	if (h->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, IFLA_MAX, NULL) < 0 || !a[IFLA_IFNAME])
		return;
	l = ARRAY_ADD(s, links);
	*l = (struct link_fact){
		.index = (uint32_t)i->ifi_index,
		.name = arena_strdup(&s->arena, nla_data(a[IFLA_IFNAME])),
		.alias = a[IFLA_IFALIAS] ? arena_strdup(&s->arena, nla_data(a[IFLA_IFALIAS])) : NULL,
		.group = number(a[IFLA_GROUP]),
		.mtu = number(a[IFLA_MTU]),
		.master = number(a[IFLA_MASTER]),
		.lower = number(a[IFLA_LINK]),
		.lower_nsid = a[IFLA_LINK_NETNSID] ? (int)nla_get_u32(a[IFLA_LINK_NETNSID]) : -1,
		.operstate = a[IFLA_OPERSTATE] ? nla_get_u8(a[IFLA_OPERSTATE]) : 0,
		.up = i->ifi_flags & IFF_UP,
		.carrier = i->ifi_flags & IFF_LOWER_UP,
		.loopback = i->ifi_flags & IFF_LOOPBACK,
		.peer_netns = -1,
		.peer = -1,
		.counters = s->depth == SURVEY_COUNTERS ? survey_counters(s, a) : NULL,
	};
	if (a[IFLA_ADDRESS] && nla_len(a[IFLA_ADDRESS]) == sizeof(l->mac)) {
		memcpy(l->mac, nla_data(a[IFLA_ADDRESS]), sizeof(l->mac));
		l->has_mac = true;
	}
	read_info(s, l, a[IFLA_LINKINFO]);
	read_sysctls(l, a[IFLA_AF_SPEC]);
}
