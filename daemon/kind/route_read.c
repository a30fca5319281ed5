/* SPDX-License-Identifier: MIT */
/* route_read.c - reads our routes and, unless asked otherwise, only ours: a namespace
 * that runs a router may have a hundred thousand others. */
#include "kernel/observer.h"
#include "model/owner.h"
#include "route.h"
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

static uint8_t bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

static size_t hop_size(const struct rtnexthop *h)
{
	return ((size_t)h->rtnh_len + 3) & ~(size_t)3; /* RTNH_ALIGNTO */
}

static struct rtnexthop *next_hop(struct rtnexthop *h)
{
	return (struct rtnexthop *)((char *)h + hop_size(h));
}

/* Also a link that was not read; the thread is in the namespace. */
static const char *link_name(const struct observer *obs, uint32_t ifindex)
{
	const char *known = observer_link(obs, ifindex);
	char name[IF_NAMESIZE];

	return known || !if_indextoname(ifindex, name) ? known
						       : arena_fmt(&obs->observed->arena, "%s/%s", obs->ns->name, name);
}

static void read_nexthops(struct observer *obs, struct route *r, uint8_t family, struct nlattr *from)
{
	struct rtnexthop *h = nla_data(from);
	size_t left = (size_t)nla_len(from), n = 0;

	for (struct rtnexthop *c = h; left >= sizeof(*c) && c->rtnh_len >= sizeof(*c) && c->rtnh_len <= left;
	     c = next_hop(c)) {
		left -= left < hop_size(c) ? left : hop_size(c);
		n++;
	}
	r->nexthops = (struct nexthops){ n, arena_alloc(&obs->observed->arena, (n + 1) * sizeof(struct nexthop)) };
	for (size_t i = 0; i < n; i++, h = next_hop(h)) {
		struct nlattr *gateway = nla_find((struct nlattr *)(h + 1),
						  (int)h->rtnh_len - (int)sizeof(struct rtnexthop), RTA_GATEWAY);
		struct nlattr *via =
			nla_find((struct nlattr *)(h + 1), (int)h->rtnh_len - (int)sizeof(struct rtnexthop), RTA_VIA);
		struct nexthop *to = &r->nexthops.v[i];

		to->via = msg_gateway(family, gateway, via);
		to->dev = link_name(obs, (uint32_t)h->rtnh_ifindex);
		to->weight = (uint16_t)(h->rtnh_hops + 1);
		to->onlink = h->rtnh_flags & RTNH_F_ONLINK;
	}
	route_set_onlink(r);
	OBJECT_SET(&r->object, route, nexthops);
}

static void read_next(struct observer *obs, struct route *r, const struct rtmsg *i, struct nlattr **a)
{
	r->onlink = i->rtm_flags & RTNH_F_ONLINK && !a[RTA_MULTIPATH];
	r->via = msg_gateway(i->rtm_family, a[RTA_GATEWAY], a[RTA_VIA]);
	if (r->via.family)
		OBJECT_SET(&r->object, route, via);
	if (a[RTA_OIF])
		r->dev = (r->protocol == PROTOCOL ? observer_link : link_name)(obs, nla_get_u32(a[RTA_OIF]));
	if (r->dev)
		OBJECT_SET(&r->object, route, dev);
	if (a[RTA_MULTIPATH])
		read_nexthops(obs, r, i->rtm_family, a[RTA_MULTIPATH]);
	OBJECT_SET(&r->object, route, onlink);
}

/* Routes of the kernel and of router advertisements cannot be adopted. */
static bool is_asked_for(const struct observer *obs, uint8_t protocol)
{
	return protocol == PROTOCOL || (obs->extent.adopting && protocol >= RTPROT_BOOT && protocol != RTPROT_RA);
}

struct route *route_read(struct observer *obs, const struct nlmsghdr *h)
{
	const struct rtmsg *i = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];
	struct route *r;

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, RTA_MAX, NULL) < 0 ||
	    i->rtm_flags & RTM_F_CLONED)
		return NULL;
	r = (struct route *)object_new(obs->observed, &kind_route, obs->ns->name, NULL);
	r->object.sign.hash = i->rtm_protocol == PROTOCOL ? SIGN_ANY : 0;
	r->protocol = i->rtm_protocol;
	if (a[RTA_DST] && i->rtm_dst_len)
		r->to = msg_inet(i->rtm_family, i->rtm_dst_len, a[RTA_DST]);
	r->key.family = i->rtm_family;
	r->type = i->rtm_type;
	r->scope = i->rtm_scope;
	r->table = a[RTA_TABLE] ? nla_get_u32(a[RTA_TABLE]) : i->rtm_table;
	r->metric = a[RTA_PRIORITY] ? nla_get_u32(a[RTA_PRIORITY]) : 0;
	OBJECT_SET(&r->object, route, to);
	OBJECT_SET(&r->object, route, type);
	OBJECT_SET(&r->object, route, table);
	read_next(obs, r, i, a);
	if (a[RTA_PREFSRC])
		r->src = msg_inet(i->rtm_family, bits(i->rtm_family), a[RTA_PREFSRC]);
	route_read_options(r, a, &obs->observed->arena);
	/* The kernel's default need not be set. */
	if (r->scope != route_usual_scope(r))
		OBJECT_SET(&r->object, route, scope);
	if (r->metric != (i->rtm_family == AF_INET6 ? 1024 : 0))
		OBJECT_SET(&r->object, route, metric);
	route_set_shape(r, r->scope);
	route_finish(r);
	return r;
}

/* For packets of one type of service or one source: to the kernel a different route from
 * one for all, and never ours. */
bool route_is_narrow(const struct rtmsg *i)
{
	return i->rtm_tos || i->rtm_src_len;
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	struct route *r = NULL;

	if (h->nlmsg_type == RTM_NEWROUTE && obs->extent.unsaid && route_is_others(obs, h))
		return;
	if (h->nlmsg_type == RTM_NEWROUTE && is_asked_for(obs, ((const struct rtmsg *)nlmsg_data(h))->rtm_protocol) &&
	    !route_is_narrow(nlmsg_data(h)))
		r = route_read(obs, h);
	if (!r)
		return;
	observer_add(obs, &r->object);
	if (r->key.family == AF_INET6 && r->nexthops.n && !obs->extent.adopting)
		route_divide(obs, r);
}

/* The kernel filters by protocol, in a socket with strict checking. */
bool route_dump(struct observer *obs, size_t i, struct dump *ret)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct rtmsg r = { .rtm_protocol = obs->extent.adopting ? RTPROT_UNSPEC : PROTOCOL };

	if (i == ARRAY_SIZE(families))
		return false;
	r.rtm_family = families[i];
	*ret = (struct dump){ .request = msg_new(RTM_GETROUTE, 0, &r, sizeof(r)),
			      .each = on_route,
			      .optional = families[i] == AF_INET6 };
	return true;
}

int route_observe(struct observer *obs, struct err *e)
{
	struct dump d;

	for (size_t i = 0; route_dump(obs, i, &d); i++) {
		int code = observer_dump(obs, d.request, d.each, e);

		nlmsg_free(d.request);
		if (code < 0 && !(d.optional && code == -EOPNOTSUPP))
			return err_prefix(e, "routes of %s", obs->ns->name);
	}
	route_check_places(obs);
	return obs->extent.adopting ? 0 : route_others(obs, e);
}
