/* SPDX-License-Identifier: MIT */
/* address_route.c - the route to the network of an address. */
#include "address.h"
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

enum {
	FEW_LINKS = 8, /* whose routes are requested one link at a time: the host may have thousands */
};

struct connected_route {
	struct inet to;
	uint32_t index, metric;
};

/* The routes of a namespace that may have come with addresses, sorted. */
struct connected {
	struct connected_route *v;
	size_t n;
};

static void connected_done(struct connected *c)
{
	free(c->v);
	*c = (struct connected){ 0 };
}

static struct connected_route route_of(const struct address *a)
{
	bool v4 = a->address.family == AF_INET;

	return (struct connected_route){
		.to = address_net(a),
		.index = a->object.handle,
		.metric = a->metric ? a->metric
			  : v4      ? 0
				    : METRIC_IPV6,
	};
}

static struct inet whole(const struct inet *i)
{
	struct inet one = *i;

	one.len = i->family == AF_INET ? 32 : 128;
	return one;
}

/* IPv6 has another one to the peer, whatever the prefix. */
static bool has_peer_route(const struct address *a)
{
	return a->address.family == AF_INET6 && a->peer.family;
}

static struct connected_route peer_route_of(const struct address *a)
{
	struct connected_route one = route_of(a);

	one.to = whole(&a->peer);
	return one;
}

/* Whether the kernel creates one with it at all, in the main table; not with the kernel's own addresses. */
static bool has_route(const struct address *a)
{
	bool v4 = a->address.family == AF_INET;

	if (a->object.managed || a->flags & IFA_F_NOPREFIXROUTE)
		return false;
	/* Neither to everything, nor to a network that begins with 0.0.0.0 (ipv4_is_zeronet). */
	if (!a->address.len || (v4 && !memcmp(route_of(a).to.addr, "\0\0\0", 4)))
		return false;
	/* A secondary address shares that of the first; one on lo is local. */
	return !v4 || (!(a->flags & IFA_F_SECONDARY) && !is_loopback(a->object.name) &&
		       (a->peer.family || a->address.len < 32));
}

/* The kernel has local and broadcast addresses in a table of their own. */
static struct slot slot_of(const struct inet *to, uint32_t metric, uint32_t table)
{
	return (struct slot){ *to, to->family, metric, table };
}

static struct inet broadcast(const struct inet *net)
{
	struct inet last = whole(net);

	for (unsigned bit = net->len; bit < 32; bit++)
		last.addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}

static size_t slots_v6(const struct address *a, struct slot ret[SLOTS_MAX])
{
	struct inet net = inet_net(&a->address), peer = whole(&a->peer);
	uint32_t metric = a->metric ? a->metric : METRIC_IPV6;

	ret[0] = slot_of(&net, metric, RT_TABLE_MAIN);
	if (a->peer.family)
		ret[1] = slot_of(&peer, metric, RT_TABLE_MAIN);
	return a->peer.family ? 2 : 1;
}

size_t address_slots(const struct object *o, struct slot ret[SLOTS_MAX])
{
	const struct address *a = (const struct address *)o;
	struct inet net = address_net(a), own = whole(&a->address), last;
	bool lo = is_loopback(o->name);
	size_t n = 0;

	if (a->flags & IFA_F_NOPREFIXROUTE || !net.len)
		return 0;
	if (a->address.family == AF_INET6)
		return slots_v6(a, ret);
	ret[n++] = slot_of(&own, 0, RT_TABLE_LOCAL);
	if (!memcmp(net.addr, "\0\0\0", 4) || (net.len == 32 && !a->peer.family))
		return n;
	ret[n++] = slot_of(&net, a->metric, lo ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
	last = broadcast(&net);
	if (net.len < 31)
		ret[n++] = slot_of(&last, 0, RT_TABLE_LOCAL);
	return n;
}

bool address_is_at(const struct object *o, struct slot *ret)
{
	struct inet own = whole(&((const struct address *)o)->address);

	*ret = slot_of(&own, 0, RT_TABLE_LOCAL);
	return true;
}

bool address_avoids(const struct object *o, size_t i, struct slot *ret)
{
	struct inet peer = whole(&((const struct address *)o)->peer);

	*ret = slot_of(&peer, 0, RT_TABLE_LOCAL);
	return i == 0 && has_peer_route((const struct address *)o);
}

static int route_cmp(const void *a, const void *b)
{
	const struct connected_route *x = a, *y = b;
	int r = memcmp(&x->to, &y->to, sizeof(x->to));

	if (r == 0 && x->index != y->index)
		r = x->index < y->index ? -1 : 1;
	if (r == 0 && x->metric != y->metric)
		r = x->metric < y->metric ? -1 : 1;
	return r;
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *r = nlmsg_data(h);
	struct connected *c = arg;
	struct nlattr *at[RTA_MAX + 1];
	struct connected_route *one;

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*r), at, RTA_MAX, NULL) < 0)
		return;
	if (r->rtm_table != RT_TABLE_MAIN || r->rtm_type != RTN_UNICAST || !at[RTA_DST] || !at[RTA_OIF])
		return;
	if (c->n % 16 == 0)
		c->v = must(realloc(c->v, (c->n + 16) * sizeof(*c->v)));
	one = &c->v[c->n++];
	one->to = msg_inet(r->rtm_family, r->rtm_dst_len, at[RTA_DST]);
	one->index = nla_get_u32(at[RTA_OIF]);
	one->metric = at[RTA_PRIORITY] ? nla_get_u32(at[RTA_PRIORITY]) : 0;
}

static void on_restart(void *arg)
{
	((struct connected *)arg)->n = 0;
}

/* Reads those of one family, on one link (0: on any), and appends them. */
static int read_family(struct connected *c, struct observer *obs, uint8_t family, uint8_t protocol, uint32_t index,
		       struct err *e)
{
	_cleanup_(connected_done) struct connected some = { 0 };
	struct rtmsg header = {
		.rtm_family = family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = protocol, .rtm_type = RTN_UNICAST
	};
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETROUTE, 0, &header, sizeof(header));
	int r;

	if (index)
		msg_put_u32(m, RTA_OIF, index);
	r = rtnl_dump(obs->nl, m, on_route, on_restart, &some, e);
	/* No table, no IPv6, or the link is gone: no route. */
	if (r == -ENOENT || r == -EOPNOTSUPP || r == -ENODEV)
		return 0;
	if (r < 0 || !some.n)
		return r;
	c->v = must(realloc(c->v, (c->n + some.n) * sizeof(*c->v)));
	memcpy(c->v + c->n, some.v, some.n * sizeof(*some.v));
	c->n += some.n;
	return 0;
}

/* Whether a checked address is of that family, and on that link (0: on any). */
static bool is_asked(const struct model *m, size_t first, uint8_t family, uint32_t index)
{
	for (size_t i = first; i < m->n; i++) {
		const struct address *a = (const struct address *)m->objects[i];

		if (a->address.family == family && (!index || a->object.handle == index) && has_route(a))
			return true;
	}
	return false;
}

static int connected_read(struct connected *c, struct observer *obs, size_t first, uint8_t protocol, struct err *e)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	bool few = obs->ns->only && obs->n_links <= FEW_LINKS;

	for (size_t i = 0; i < (few ? obs->n_links : 1); i++)
		for (size_t f = 0; f < ARRAY_SIZE(families); f++) {
			uint32_t index = few ? obs->links[i]->handle : 0;

			if (is_asked(obs->observed, first, families[f], index) &&
			    read_family(c, obs, families[f], protocol, index, e) < 0)
				return e->code;
		}
	if (c->n)
		qsort(c->v, c->n, sizeof(*c->v), route_cmp);
	return 0;
}

static bool is_missing(const struct connected *c, struct connected_route one)
{
	return !c->n || !bsearch(&one, c->v, c->n, sizeof(one), route_cmp);
}

static bool connected_miss(const struct connected *c, struct model *observed, size_t first)
{
	bool any = false;

	for (size_t i = first; i < observed->n; i++) {
		struct address *a = (struct address *)observed->objects[i];

		a->object.missing_route = has_route(a) && (is_missing(c, route_of(a)) ||
							   (has_peer_route(a) && is_missing(c, peer_route_of(a))));
		any |= a->object.missing_route;
	}
	return any;
}

int address_routes_check(struct observer *obs, size_t first, struct err *e)
{
	/* Somebody may have replaced it by a route of his own. */
	static const uint8_t protocols[] = { RTPROT_KERNEL, RTPROT_UNSPEC };
	bool any = true;

	for (size_t i = 0; i < ARRAY_SIZE(protocols) && any; i++) {
		_cleanup_(connected_done) struct connected c = { 0 };

		if (connected_read(&c, obs, first, protocols[i], e) < 0)
			return e->code;
		any = connected_miss(&c, obs->observed, first);
	}
	return 0;
}

bool address_can_repair(const struct model *observed, const struct object *o)
{
	const struct link *on = (const struct link *)model_find_ref(observed, "link", o->place);

	/* A link that is down has none; one like a VRF, which the master may be, has a table of its own. */
	return on && on->up && !on->own_table && !on->master_index;
}

static struct nl_msg *route_message(const struct address *a, const struct connected_route *one)
{
	bool v4 = one->to.family == AF_INET;
	struct rtmsg i = {
		.rtm_family = one->to.family,
		.rtm_dst_len = one->to.len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_KERNEL,
		.rtm_scope = v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	/* Coexists with that of another link in the same network, as when the kernel creates it. */
	struct nl_msg *m = msg_new(RTM_NEWROUTE, NLM_F_CREATE | (v4 ? NLM_F_APPEND : 0), &i, sizeof(i));

	msg_put(m, RTA_DST, one->to.addr, v4 ? 4 : 16);
	msg_put_u32(m, RTA_OIF, one->index);
	if (v4)
		msg_put(m, RTA_PREFSRC, a->address.addr, 4);
	if (one->metric)
		msg_put_u32(m, RTA_PRIORITY, one->metric);
	return m;
}

int address_repair(struct batch *b, const struct object *o, struct err *e)
{
	const struct address *a = (const struct address *)o;
	struct connected_route all[] = { route_of(a), peer_route_of(a) };
	int made = -EEXIST;

	for (size_t i = 0; i < (has_peer_route(a) ? 2 : 1); i++) {
		struct op op = { 0 };
		int r = batch_send(b, o->netns, route_message(a, &all[i]), &op, e);

		r = r < 0 ? r : batch_flush(b, e);
		b->refused = NULL;
		if (r < 0 && r != -EEXIST)
			return r;
		made = r == 0 ? 0 : made;
	}
	return made;
}

int address_reach_peer(struct batch *b, const struct address *a, uint32_t index, struct err *e)
{
	const struct link *link = (const struct link *)model_find_ref(b->plan->desired, "link", a->object.place);
	const struct link *on = (const struct link *)model_find_ref(b->plan->observed, "link", a->object.place);
	struct connected_route one;

	if (!has_peer_route(a) || !link || link_is_down(&link->object) || link->master || (on && on->master_index))
		return 0;
	one = peer_route_of(a);
	one.index = index;
	return batch_send(b, a->object.netns, route_message(a, &one), NULL, e);
}

/* Whether the kernel removed the route @one with @gone: that to its peer, or that to itself. */
static bool is_lost(const struct address *gone, const struct connected_route *one)
{
	struct inet own = whole(&gone->address), peer = whole(&gone->peer);

	return !memcmp(&one->to, &own, sizeof(own)) || (has_peer_route(gone) && !memcmp(&one->to, &peer, sizeof(peer)));
}

int address_keep_peer(struct batch *b, const struct address *gone, struct err *e)
{
	const struct object *netns = NULL;
	bool any = false;
	int r = 0;

	/* Of thousands of addresses hardly one has a peer. */
	if (gone->address.family == AF_INET6 && (gone->address.len == 128 || has_peer_route(gone)) &&
	    !(b->peerless && !strcmp(b->peerless, gone->object.netns)))
		netns = model_netns(b->plan->desired, gone->object.netns);
	for (const struct object *o = netns ? netns->first : NULL; o && r == 0; o = o->next) {
		const struct address *a = (const struct address *)o;
		struct connected_route one;

		if (o->kind != &kind_address || a->address.family != AF_INET6)
			continue;
		any |= has_peer_route(a);
		one = has_peer_route(a) ? peer_route_of(a) : route_of(a);
		one.index = gone->object.handle;
		if (!strcmp(o->place, gone->object.place) && is_lost(gone, &one) &&
		    memcmp(&a->key, &gone->key, sizeof(a->key)) != 0)
			r = batch_send(b, o->netns, route_message(a, &one), NULL, e);
	}
	if (!any && !has_peer_route(gone))
		b->peerless = gone->object.netns;
	return r;
}
