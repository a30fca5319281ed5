/* SPDX-License-Identifier: MIT */
/* route_form.c - what the kernel refuses of a route by itself, whatever else exists
 * (fib_create_info, net/ipv4/fib_semantics.c; ip6_route_info_create, net/ipv6/route.c). */
#include "route.h"
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

static bool is_set(const struct route *r, const char *field)
{
	return object_says(&r->object, field);
}

size_t route_hops(const struct route *r, struct nexthop *one, const struct nexthop **ret)
{
	*one = (struct nexthop){ .via = r->via, .dev = r->dev, .onlink = r->onlink };
	*ret = r->nexthops.n ? r->nexthops.v : one;
	return r->nexthops.n ? r->nexthops.n : 1;
}

void route_set_onlink(struct route *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nexthops.n; i++)
		n += r->nexthops.v[i].onlink;
	if (n && n == r->nexthops.n) {
		r->onlink = true;
		OBJECT_SET(&r->object, route, onlink);
	}
	for (size_t i = 0; r->onlink && i < r->nexthops.n; i++)
		r->nexthops.v[i].onlink = false;
}

void route_set_hops(struct route *r, const struct nexthop *v, size_t n)
{
	if (n > 1) {
		r->nexthops = (struct nexthops){ n, (struct nexthop *)(uintptr_t)v };
		route_set_onlink(r);
		route_set_shape(r, (uint8_t)r->shape);
		return;
	}
	r->via = v->via;
	r->dev = v->dev;
	if (v->onlink) {
		r->onlink = true;
		OBJECT_SET(&r->object, route, onlink);
	}
	if (r->via.family)
		OBJECT_SET(&r->object, route, via);
	if (r->dev)
		OBJECT_SET(&r->object, route, dev);
	r->nexthops = (struct nexthops){ 0 };
	r->object.set &= ~field_bit(r->object.kind, "nexthops");
	route_set_shape(r, (uint8_t)r->shape);
}

bool route_is_reject(const struct route *r)
{
	return r->type == RTN_BLACKHOLE || r->type == RTN_UNREACHABLE || r->type == RTN_PROHIBIT ||
	       r->type == RTN_THROW;
}

static bool is_unicast(const struct route *r)
{
	return !r->type || r->type == RTN_UNICAST;
}

static int check_families(const struct route *r, struct err *e)
{
	/* The kernel has no IPv6 routes over IPv4 (RTA_VIA, rtm_to_fib6_config). */
	if (r->via.family == AF_INET && r->key.family == AF_INET6)
		return err_set(e, EINVAL, "to and via are of different families: an IPv6 route has an IPv6 gateway");
	if (r->src.family && r->src.family != r->key.family)
		return err_set(e, EINVAL, "to and src are of different families");
	for (size_t i = 0; i < r->nexthops.n; i++)
		if (r->nexthops.v[i].via.family == AF_INET && r->key.family == AF_INET6)
			return err_set(e, EINVAL,
				       "to and nexthops/%zu/via are of different families: an IPv6 route has IPv6 "
				       "gateways",
				       i);
	return 0;
}

/* Checks where it leads to, by its type. */
static int check_ways(const struct route *r, struct err *e)
{
	bool local = r->type == RTN_LOCAL;

	if (r->nexthops.n && (r->via.family || r->dev))
		return err_set(e, EINVAL, "has nexthops, each of which has its own \"via\" and \"dev\"");
	if ((is_unicast(r) || local) && !r->via.family && !r->dev && !r->nexthops.n)
		return err_set(e, EINVAL, "leads nowhere: add \"via\", \"dev\" or \"nexthops\"");
	if (!is_unicast(r) && !local && (r->via.family || r->nexthops.n))
		return err_set(e, EINVAL, "only a unicast route has a gateway");
	if (route_is_reject(r) && r->dev)
		return err_set(e, EINVAL, "a route that refuses packets has no \"dev\"");
	if (!route_is_reject(r) && !is_unicast(r) && !r->dev && !r->nexthops.n && !r->via.family)
		return err_set(e, EINVAL, "\"dev\" is missing; a broadcast or multicast route needs one");
	if (local && r->key.family == AF_INET && (r->via.family || r->nexthops.n))
		return err_set(e, EINVAL, "a local route has one \"dev\" and no gateway");
	return 0;
}

static bool is_onlink(const struct route *r)
{
	bool some = r->onlink;

	for (size_t i = 0; i < r->nexthops.n; i++)
		some |= r->nexthops.v[i].onlink;
	return some;
}

static int check_scope(const struct route *r, struct err *e)
{
	uint8_t scope = is_set(r, "scope") ? r->scope : route_usual_scope(r);
	bool routed = r->via.family || r->nexthops.n;

	if (r->key.family == AF_INET6 && scope != RT_SCOPE_UNIVERSE)
		return err_set(e, EINVAL, "scope: IPv6 routes have none but global; leave it out");
	if (r->key.family == AF_INET6 || route_is_reject(r))
		return 0;
	if (r->type == RTN_LOCAL && scope != RT_SCOPE_HOST)
		return err_set(e, EINVAL, "scope: a local route has scope host");
	if (r->type == RTN_BROADCAST && scope < RT_SCOPE_LINK)
		return err_set(e, EINVAL, "scope: a broadcast route has scope link or host");
	if (scope == RT_SCOPE_HOST && routed)
		return err_set(e, EINVAL, "scope: a route of scope host has no gateway");
	if (scope == RT_SCOPE_LINK && routed && is_onlink(r))
		return err_set(e, EINVAL, "scope: a route of scope link has no gateway that is onlink");
	return 0;
}

/* An address that no host has: unspecified, multicast, limited broadcast. */
static bool is_no_hosts(const struct inet *i)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };

	if (inet_is_unspecified(i))
		return true;
	if (i->family == AF_INET6)
		return i->addr[0] == 0xff;
	return (i->addr[0] & 0xf0) == 0xe0 || !memcmp(i->addr, all, sizeof(all));
}

static int check_hop(const struct route *r, const struct nexthop *hop, struct err *e)
{
	const char *dev = hop->dev ? strchr(hop->dev, '/') + 1 : NULL;
	char text[64];

	inet_text(&hop->via, true, text);
	if ((r->onlink || hop->onlink) && (!hop->via.family || !hop->dev) &&
	    !(route_is_reject(r) && r->key.family == AF_INET))
		return err_set(e, EINVAL, "\"onlink\" needs both \"via\" and \"dev\"");
	if (!hop->via.family)
		return 0;
	if (is_no_hosts(&hop->via))
		return err_set(e, EINVAL, "via: %s cannot be a gateway", text);
	if (hop->via.family != AF_INET6)
		return 0;
	if (inet_is_loopback6(&hop->via))
		return err_set(e, EINVAL, "via: %s is the loopback address, not a gateway", text);
	if (!dev && inet_is_link_local(&hop->via))
		return err_set(e, EINVAL, "via: %s is a link-local address: \"dev\" must name its interface", text);
	if (is_loopback(dev))
		return err_set(e, EINVAL, "dev: an IPv6 gateway is never on lo");
	return 0;
}

static int hop_cmp(const void *a, const void *b)
{
	const struct nexthop *x = a, *y = b;
	int r = memcmp(&x->via, &y->via, sizeof(x->via));

	return r ? r : strcmp(x->dev ? x->dev : "", y->dev ? y->dev : "");
}

/* IPv6 stores next hops as routes of their own: each needs a gateway, and no two are the same. */
static int check_siblings(const struct route *r, struct err *e)
{
	_cleanup_(freep) struct nexthop *sorted = NULL;
	char text[64];

	if (r->key.family != AF_INET6 || !r->nexthops.n)
		return 0;
	sorted = must(calloc(r->nexthops.n, sizeof(*sorted)));
	for (size_t i = 0; i < r->nexthops.n; i++) {
		if (!r->nexthops.v[i].via.family)
			return err_set(e, EINVAL,
				       "nexthops/%zu: \"via\" is missing; each next hop of an IPv6 route needs one", i);
		sorted[i] = r->nexthops.v[i];
	}
	qsort(sorted, r->nexthops.n, sizeof(*sorted), hop_cmp);
	for (size_t i = 1; i < r->nexthops.n; i++)
		if (!memcmp(&sorted[i - 1].via, &sorted[i].via, sizeof(sorted[i].via)) &&
		    (!sorted[i - 1].dev || !strcmp(sorted[i - 1].dev, sorted[i].dev)))
			return err_set(e, EINVAL, "nexthops: duplicate via %s", inet_text(&sorted[i].via, true, text));
	return 0;
}

static int check_src(const struct route *r, struct err *e)
{
	char text[64];

	if (!r->src.family || !is_no_hosts(&r->src))
		return 0;
	return err_set(e, EINVAL, "src: %s cannot be a source address", inet_text(&r->src, true, text));
}

int route_check_form(const struct route *r, struct err *e)
{
	static int (*const rules[])(const struct route *, struct err *) = { check_families, check_ways, check_scope,
									    check_siblings, check_src };
	const struct nexthop *hops;
	struct nexthop one;
	size_t n = route_hops(r, &one, &hops);

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i](r, e) < 0)
			return e->code;
	for (size_t i = 0; i < n; i++)
		if (check_hop(r, &hops[i], e) < 0)
			return r->nexthops.n ? err_prefix(e, "nexthops/%zu", i) : e->code;
	return 0;
}
