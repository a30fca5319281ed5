/* SPDX-License-Identifier: MIT */
/* route.c - a route of ours: routes that routing daemons and people add next to it under
 * their own protocol are never read. */
#include "address.h"
#include "route.h"
#include "link.h"
#include "sysctl.h"
#include "kernel/observer.h"
#include "model/owner.h"
#include "kernel/batch.h"
#include <arpa/inet.h>
#include <linux/icmpv6.h>
#include <linux/rtnetlink.h>

// clang-format off: keeps its rows
static const struct word types[] = {
	{ "unicast", RTN_UNICAST },
	{ "local", RTN_LOCAL },
	{ "broadcast", RTN_BROADCAST },
	{ "multicast", RTN_MULTICAST },
	{ "blackhole", RTN_BLACKHOLE },
	{ "unreachable", RTN_UNREACHABLE },
	{ "prohibit", RTN_PROHIBIT },
	{ "throw", RTN_THROW },
	{ NULL, 0 },
};
// clang-format on

static const struct word prefs[] = {
	{ "medium", ICMPV6_ROUTER_PREF_MEDIUM },
	{ "high", ICMPV6_ROUTER_PREF_HIGH },
	{ "low", ICMPV6_ROUTER_PREF_LOW },
	{ NULL, 0 },
};

#define METRIC(m, attribute, ...) \
	FIELD(route, m, u32, .nla = attribute, .place = NLA_METRICS, .kernel_default = "null", __VA_ARGS__)
#define METRIC_HIDDEN(m, attribute) METRIC(m, attribute, .flags = FIXED | USUAL | HIDDEN | SHOWN, .doc = "")

// clang-format off: keeps its rows
static const struct field fields[] = {
	FIELD(route, type, word, .words = types, .flags = FIXED | BARE, .kernel_default = "\"unicast\"",
	      .doc = "what happens to the packets; unicast by default (rtm_type)"),
	FIELD(route, to, dest, .flags = KEY | BARE | NEEDED,
	      .doc = "default, or a network, or an address; default is of the family of \"via\", 0.0.0.0/0 of IPv4 (RTA_DST)"),
	FIELD(route, via, gateway, .flags = FIXED | LATE, .kernel_default = "null",
	      .doc = "the gateway, for an IPv4 route also one of IPv6; without \"dev\" it is reached over the interface that has its "
		     "network (RTA_GATEWAY, RTA_VIA)"),
	FIELD(route, dev, link, .refs = "link", .flags = FIXED, .doc = "the outgoing interface (RTA_OIF)"),
	FIELD(route, src, ip, .flags = FIXED, .kernel_default = "null", .doc = "the source address to prefer, one of the namespace (RTA_PREFSRC)"),
	FIELD(route, metric, u32, .flags = WRITTEN,
	      .doc = "the lowest wins; 0 for IPv4, 1024 for IPv6 by default (RTA_PRIORITY)"),
	FIELD(route, table, table, .flags = WRITTEN, .min = 1, .kernel_default = "254",
	      .doc = "its number, or its name in /etc/iproute2/rt_tables; main by default (RTA_TABLE)"),
	FIELD(route, scope, word, .words = scope_words, .flags = FIXED, .doc = "how far it reaches (rtm_scope); IPv4 only"),
	FIELD(route, onlink, bool, .flags = FIXED | USUAL, .kernel_default = "false",
	      .doc = "the gateway is a neighbour on \"dev\", whatever the addresses are (RTNH_F_ONLINK); needs both;"
	      " one of several next hops has its own"),
	METRIC(mtu, RTAX_MTU, .flags = FIXED | USUAL, .min = 68, .max = ROUTE_MTU_MAX, .doc = "path MTU, in bytes (RTAX_MTU)"),
	METRIC(advmss, RTAX_ADVMSS, .flags = FIXED | USUAL, .min = 1, .max = ROUTE_ADVMSS_MAX,
	       .doc = "the largest segment that TCP announces to the other side, in bytes (RTAX_ADVMSS)"),
	METRIC(hoplimit, RTAX_HOPLIMIT, .flags = FIXED | USUAL, .min = 1, .max = 255,
	       .doc = "how many routers a packet may pass (RTAX_HOPLIMIT)"),
	METRIC(initcwnd, RTAX_INITCWND, .flags = FIXED | USUAL, .min = 1,
	       .doc = "the congestion window that TCP begins with, in segments (RTAX_INITCWND)"),
	METRIC(initrwnd, RTAX_INITRWND, .flags = FIXED | USUAL, .min = 1,
	       .doc = "the receive window that TCP begins with, in segments (RTAX_INITRWND)"),
	FIELD(route, nexthops, nexthops, .flags = FIXED | LATE, .kernel_default = "null",
	      .doc = "several next hops: a list of {\"via\", \"dev\", \"weight\", \"onlink\"} (RTA_MULTIPATH)"),
	FIELD(route, key, route_key, .flags = KEY | HIDDEN, .doc = ""),
	/* No file sets it: none of it. */
	METRIC_HIDDEN(window, RTAX_WINDOW),
	METRIC_HIDDEN(rtt, RTAX_RTT),
	METRIC_HIDDEN(rttvar, RTAX_RTTVAR),
	METRIC_HIDDEN(ssthresh, RTAX_SSTHRESH),
	METRIC_HIDDEN(cwnd, RTAX_CWND),
	METRIC_HIDDEN(reordering, RTAX_REORDERING),
	METRIC_HIDDEN(features, RTAX_FEATURES),
	METRIC_HIDDEN(rto_min, RTAX_RTO_MIN),
	METRIC_HIDDEN(quickack, RTAX_QUICKACK),
	METRIC_HIDDEN(fastopen_no_cookie, RTAX_FASTOPEN_NO_COOKIE),
	FIELD(route, lock, metric_lock, .nla = RTAX_LOCK, .place = NLA_METRICS, .flags = FIXED | USUAL | HIDDEN | SHOWN,
	      .kernel_default = "null", .doc = ""),
	FIELD(route, congctl, string, .flags = FIXED | HIDDEN | SHOWN, .kernel_default = "null", .doc = ""),
	FIELD(route, pref, word, .words = prefs, .nla = RTA_PREF, .flags = FIXED | USUAL | HIDDEN | SHOWN, .kernel_default = "\"medium\"",
	      .doc = ""),
	FIELD(route, expires, expires, .flags = FIXED | USUAL | HIDDEN | SHOWN, .kernel_default = "null", .doc = ""),
	FIELD(route, realm, u32, .nla = RTA_FLOW, .flags = FIXED | USUAL | HIDDEN | SHOWN, .kernel_default = "null", .doc = ""),
	FIELD(route, nhid, u32, .flags = FIXED | USUAL | HIDDEN | SHOWN, .kernel_default = "null", .doc = ""),
	FIELD(route, encap, encap, .flags = FIXED | HIDDEN | SHOWN, .kernel_default = "null", .doc = ""),
	FIELD(route, shape, u32, .flags = FIXED | HIDDEN, .doc = ""),
};
// clang-format on

static bool is_set(const struct route *r, const char *field)
{
	return object_says(&r->object, field);
}

static uint8_t family_of(const struct route *r)
{
	/* The kernel has reported the family of an observed one: a default route without
	 * a gateway does not show it. */
	const struct inet known = { .family = (uint8_t)r->key.family };
	const struct inet *tell[] = { &known, &r->to, &r->via, &r->src,
				      r->nexthops.n ? &r->nexthops.v[0].via : &r->via };

	for (size_t i = 0; i < ARRAY_SIZE(tell); i++)
		if (tell[i]->family)
			return tell[i]->family;
	return AF_INET;
}

/* The kernel identifies routes by family, destination, metric and table. */
void route_finish(struct route *r)
{
	uint8_t family = family_of(r);

	r->key = (struct route_key){
		.family = family,
		.metric = is_set(r, "metric") && (r->metric || family == AF_INET) ? r->metric
			  : family == AF_INET6                                    ? 1024
										  : 0,
		.table = is_set(r, "table") ? r->table : RT_TABLE_MAIN,
	};
	if (r->to.len == 0)
		r->to = (struct inet){ 0 }; /* "0.0.0.0/0" is "default" */
	OBJECT_SET(&r->object, route, key);
}

static uint8_t scope_of(const struct route *r)
{
	return is_set(r, "scope") ? r->scope : route_usual_scope(r);
}

static int route_check(struct object *o, struct err *e)
{
	struct route *r = (struct route *)o;

	if (r->nexthops.n == 1 && !r->via.family && !r->dev)
		route_set_hops(r, r->nexthops.v, 1);
	route_set_onlink(r);
	route_finish(r);
	object_set_usual(o);
	OBJECT_SET(o, route, congctl);
	OBJECT_SET(o, route, encap);
	OBJECT_SET(o, route, src);
	route_set_shape(r, scope_of(r));
	return route_check_form(r, e);
}

uint8_t route_usual_scope(const struct route *r)
{
	if (r->key.family == AF_INET6 || r->to.family == AF_INET6 || r->via.family == AF_INET6)
		return RT_SCOPE_UNIVERSE;
	if (r->type == RTN_LOCAL)
		return RT_SCOPE_HOST;
	if (r->type == RTN_BROADCAST)
		return RT_SCOPE_LINK;
	return (!r->type || r->type == RTN_UNICAST) && !r->via.family && !r->nexthops.n ? RT_SCOPE_LINK
											: RT_SCOPE_UNIVERSE;
}

static size_t route_slots(const struct object *o, struct slot ret[SLOTS_MAX])
{
	const struct route *r = (const struct route *)o;

	ret[0] = (struct slot){ r->to, r->key.family, r->key.metric, r->key.table };
	return 1;
}

/* IPv6 refuses an address of the namespace as a gateway, IPv4 chooses another interface for it. */
static bool route_avoids(const struct object *o, size_t i, struct slot *ret)
{
	const struct nexthop *hops;
	struct nexthop one;
	size_t n = route_hops((const struct route *)o, &one, &hops);

	if (i >= n)
		return false;
	*ret = (struct slot){ hops[i].via, hops[i].via.family, 0, RT_TABLE_LOCAL };
	ret->to.len = hops[i].via.family == AF_INET ? 32 : 128;
	return true;
}

static void put_inet(struct nl_msg *m, int type, const struct inet *i)
{
	if (i->family)
		msg_put(m, type, i->addr, i->family == AF_INET ? 4 : 16);
}

/* A gateway of the other family has an attribute of its own (struct rtvia). */
static void put_gateway(struct nl_msg *m, const struct route *r, const struct inet *via)
{
	uint8_t data[sizeof(uint16_t) + sizeof(via->addr)] = { 0 };
	uint16_t family = via->family;

	if (!via->family || via->family == r->key.family) {
		put_inet(m, RTA_GATEWAY, via);
		return;
	}
	memcpy(data, &family, sizeof(family));
	memcpy(data + sizeof(family), via->addr, sizeof(via->addr));
	msg_put(m, RTA_VIA, data, sizeof(family) + (family == AF_INET ? 4U : 16U));
}

static void put_nexthops(const struct batch *b, const struct route *r, struct nl_msg *m)
{
	struct nlattr *all = nla_nest_start(m, RTA_MULTIPATH);

	for (size_t i = 0; i < r->nexthops.n; i++) {
		const struct nexthop *n = &r->nexthops.v[i];
		struct rtnexthop *h = must(nlmsg_reserve(m, sizeof(*h), NLMSG_ALIGNTO));

		*h = (struct rtnexthop){
			.rtnh_hops = (unsigned char)(n->weight ? n->weight - 1 : 0),
			.rtnh_flags = r->onlink || n->onlink ? RTNH_F_ONLINK : 0,
			.rtnh_ifindex = n->dev ? (int)batch_ifindex(b, n->dev) : 0,
		};
		put_gateway(m, r, &n->via);
		h->rtnh_len = (unsigned short)((char *)nlmsg_tail(nlmsg_hdr(m)) - (char *)h);
	}
	nla_nest_end(m, all);
}

/* Where it leads; a nexthop object covers all of it. */
static void put_ways(const struct batch *b, const struct route *r, struct nl_msg *m)
{
	uint32_t index = r->dev && !r->nhid ? batch_ifindex(b, r->dev) : 0;

	if (r->nhid) {
		msg_put_u32(m, RTA_NH_ID, r->nhid);
		return;
	}
	put_gateway(m, r, &r->via);
	if (index)
		msg_put_u32(m, RTA_OIF, index);
	if (r->nexthops.n)
		put_nexthops(b, r, m);
}

static int route_send(struct batch *b, struct op *op, const struct route *r, int flags, uint8_t protocol, struct err *e)
{
	bool create = flags;
	struct rtmsg i = {
		.rtm_family = (uint8_t)r->key.family,
		.rtm_dst_len = r->to.len,
		.rtm_table = r->key.table < 256 ? (uint8_t)r->key.table : RT_TABLE_UNSPEC,
		.rtm_protocol = protocol,
		.rtm_scope = !create ? (uint8_t)RT_SCOPE_NOWHERE : scope_of(r),
		.rtm_type = r->type ? r->type : (uint8_t)RTN_UNICAST,
		.rtm_flags = r->onlink && !r->nexthops.n ? RTNH_F_ONLINK : 0,
	};
	struct nl_msg *m = msg_new(create ? RTM_NEWROUTE : RTM_DELROUTE, flags, &i, sizeof(i));

	put_inet(m, RTA_DST, &r->to);
	put_inet(m, RTA_PREFSRC, &r->src);
	msg_put_u32(m, RTA_TABLE, r->key.table);
	/* A removal names everything: the route of a router may be next to ours. */
	if (r->key.metric || !create)
		msg_put_u32(m, RTA_PRIORITY, r->key.metric);
	if (create)
		route_put_options(r, m);
	put_ways(b, r, m);
	return batch_send(b, r->object.netns, m, op, e);
}

static int route_encode(struct batch *b, struct op *op, struct err *e)
{
	const struct route *r = (const struct route *)(op->after ? op->after : op->before);

	/* A route that existed before may have been joined by those of others since, and
	 * is restored next to them. */
	int beside = !b->set->exclusive || (op->after && op->after->crowded) ? 0 : NLM_F_EXCL;

	return route_send(b, op, r, op->after ? NLM_F_CREATE | beside : 0, PROTOCOL, e);
}

/* The only place where a route is replaced: it was read, and differs in its owner only. */
static int route_mark(struct batch *b, struct op *op, struct err *e)
{
	uint8_t protocol = op->mark == MARK_PUT ? PROTOCOL : ((const struct route *)op->before)->protocol;

	return route_send(b, op, (const struct route *)op->before, NLM_F_REPLACE, protocol, e);
}

static void check_dev(const struct model *m, const struct route *r, const char *field, const struct nexthop *hop,
		      struct problems *p)
{
	const char *dev = hop->dev;
	const struct object *link = dev ? model_find_ref(m, "link", dev) : NULL;
	const struct object *o = &r->object;

	if (dev && !ref_is_in(dev, o->netns))
		object_problem(p, EINVAL, o, field,
			       "%s is in another namespace; a route and its interface must be in the same one", dev);
	else if (dev && !link && r->nexthops.n)
		object_problem(p, EINVAL, o, field, "%s is not an interface that this file declares", dev);
	if (!link)
		return;
	if (r->key.family == AF_INET6 || hop->via.family == AF_INET6)
		sysctl_check_ipv6(m, o, link, field, p);
	/* A local route may be on one that is down. */
	if (link_is_down(link) && !(r->key.family == AF_INET && r->type == RTN_LOCAL))
		object_problem(p, EINVAL, o, field, "%s is down (\"up\": false); a route needs its interface up", dev);
}

static void route_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	const struct route *r = (const struct route *)o;
	const struct nexthop *hops;
	struct nexthop one;

	for (size_t i = 0, n = route_hops(r, &one, &hops); i < n; i++)
		check_dev(m, r, r->nexthops.n ? "nexthops" : "dev", &hops[i], p);
}

/* IPv6 accepts no source address whose duplicate address detection has not finished. */
static int route_ready(const struct model *observed, const struct object *want, unsigned *ret_seconds, struct err *e)
{
	const struct route *r = (const struct route *)want;

	if (r->src.family != AF_INET6)
		return 0;
	return observed ? address_ready(observed, want->netns, &r->src, ret_seconds, e) : -EAGAIN;
}

const struct kind kind_route = {
	.name = "route",
	.class = "route",
	.label = "route",
	.doc = "a route",
	.section = "routes",
	.form = FORM_LIST,
	.size = sizeof(struct route),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.groups = { RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE },
	.tells_who = true,
	.check = route_check,
	.check_in = route_check_in,
	.check_netns = route_check_netns,
	.slots = route_slots,
	.avoids = route_avoids,
	.observe = route_observe,
	.dump = route_dump,
	.export = route_export,
	.out_of_order = "on another interface than its gateway",
	.encode = route_encode,
	.in_the_way = route_in_the_way,
	.mark = route_mark,
	.ready = route_ready,
};
