/* SPDX-License-Identifier: MIT */
/* address_route.c - the routes to the networks that a link has addresses of, and the slots that they occupy.  The kernel
 * creates one with the first address of a network, and removes it with the last.  It is in no file: where somebody may
 * have removed one it is looked for, and declared by the addresses that should have one and are as declared. */
#include "address.h"
#include "base/search.h"
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

enum {
	FEW_LINKS = 8, /* whose routes are requested one link at a time: the host may have thousands */
};

struct address_route {
	struct object object;
	struct inet to, src; /* src: IPv4 only */
	uint32_t metric;
};

static const struct field fields[] = {
	FIELD(address_route, to, dest, .flags = KEY | HIDDEN | SHOWN | BARE, .doc = ""),
	FIELD(address_route, metric, u32, .flags = KEY | HIDDEN | SHOWN, .kernel_default = "0", .doc = ""),
};

/* Those that a namespace should have, sorted. */
struct expected_route {
	struct inet to;
	uint32_t index, metric;
	bool *missing; /* of the address */
};

struct expected {
	struct expected_route *v;
	size_t n;
};

static void expected_done(struct expected *x)
{
	free(x->v);
	*x = (struct expected){ 0 };
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

/* That to its network, or to its @peer. */
static struct address_route route_to(const struct address *a, bool peer)
{
	bool v4 = a->address.family == AF_INET;
	struct address_route one = {
		.to = peer ? whole(&a->peer) : address_net(a),
		.metric = a->metric ? a->metric
			  : v4      ? 0
				    : METRIC_IPV6,
	};

	if (v4)
		one.src = a->address;
	return one;
}

/* Whether the kernel creates one with it at all, in the main table; not with the kernel's own addresses. */
static bool has_route(const struct address *a)
{
	bool v4 = a->address.family == AF_INET;

	if (a->object.managed || a->flags & IFA_F_NOPREFIXROUTE)
		return false;
	/* Neither to everything, nor to a network that begins with 0.0.0.0 (ipv4_is_zeronet). */
	if (!a->address.len || (v4 && !memcmp(route_to(a, false).to.addr, "\0\0\0", 4)))
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
	size_t n = has_peer_route(a) ? 2 : 1;

	for (size_t i = 0; i < n; i++) {
		struct address_route one = route_to(a, i == 1);

		ret[i] = slot_of(&one.to, one.metric, RT_TABLE_MAIN);
	}
	return n;
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
	const struct expected_route *x = a, *y = b;
	int r = memcmp(&x->to, &y->to, sizeof(x->to));

	if (r == 0 && x->index != y->index)
		r = x->index < y->index ? -1 : 1;
	if (r == 0 && x->metric != y->metric)
		r = x->metric < y->metric ? -1 : 1;
	return r;
}

static void expect(struct expected *x, struct address *a, bool peer)
{
	struct address_route one = route_to(a, peer);

	if (x->n % 16 == 0)
		x->v = must(realloc(x->v, (x->n + 16) * sizeof(*x->v)));
	a->missing[peer] = true;
	x->v[x->n++] = (struct expected_route){ one.to, a->object.handle, one.metric, &a->missing[peer] };
}

static void expect_all(struct expected *x, const struct observer *obs)
{
	const struct model *m = obs->observed;

	/* A namespace is observed at a stretch. */
	for (size_t i = m->n; i-- > 0 && !strcmp(m->objects[i]->netns, obs->ns->name);) {
		struct address *a = (struct address *)m->objects[i];

		if (a->object.kind != &kind_address || !has_route(a))
			continue;
		expect(x, a, false);
		if (has_peer_route(a))
			expect(x, a, true);
	}
	if (x->n)
		qsort(x->v, x->n, sizeof(*x->v), route_cmp);
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *r = nlmsg_data(h);
	struct expected *x = arg;
	struct nlattr *at[RTA_MAX + 1];
	struct expected_route one = { 0 };

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*r), at, RTA_MAX, NULL) < 0)
		return;
	if (r->rtm_table != RT_TABLE_MAIN || r->rtm_type != RTN_UNICAST || !at[RTA_DST] || !at[RTA_OIF])
		return;
	one.to = msg_inet(r->rtm_family, r->rtm_dst_len, at[RTA_DST]);
	one.index = nla_get_u32(at[RTA_OIF]);
	one.metric = at[RTA_PRIORITY] ? nla_get_u32(at[RTA_PRIORITY]) : 0;
	for (size_t i = lower_bound(&one, x->v, x->n, sizeof(one), route_cmp);
	     i < x->n && route_cmp(&x->v[i], &one) == 0; i++)
		*x->v[i].missing = false;
}

/* What was there when a dump was interrupted is announced if it goes. */
static void on_restart(_unused_ void *arg)
{
}

/* Whether one of that family, and on that link (0: on any), has not been found yet. */
static bool is_asked(const struct expected *x, uint8_t family, uint32_t index)
{
	for (size_t i = 0; i < x->n; i++)
		if (*x->v[i].missing && x->v[i].to.family == family && (!index || x->v[i].index == index))
			return true;
	return false;
}

/* Finds those of one family, on one link (0: on any). */
static int find_some(struct expected *x, struct observer *obs, uint8_t family, uint8_t protocol, uint32_t index,
		     struct err *e)
{
	struct rtmsg header = {
		.rtm_family = family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = protocol, .rtm_type = RTN_UNICAST
	};
	_cleanup_(msg_freep) struct nl_msg *m = NULL;
	int r;

	if (!is_asked(x, family, index))
		return 0;
	m = msg_new(RTM_GETROUTE, 0, &header, sizeof(header));
	if (index)
		msg_put_u32(m, RTA_OIF, index);
	r = rtnl_dump(obs->nl, m, on_route, on_restart, x, e);
	/* No table, no IPv6, or the link is gone: no route. */
	return r == -ENOENT || r == -EOPNOTSUPP || r == -ENODEV ? 0 : r;
}

static int find(struct expected *x, struct observer *obs, uint8_t protocol, struct err *e)
{
	bool few = obs->extent.only && obs->n_links <= FEW_LINKS;
	int r = 0;

	for (size_t i = 0; i < (few ? obs->n_links : 1) && r == 0; i++) {
		uint32_t index = few ? obs->links[i]->handle : 0;

		r = find_some(x, obs, AF_INET, protocol, index, e);
		if (r == 0)
			r = find_some(x, obs, AF_INET6, protocol, index, e);
	}
	return r;
}

static int route_observe(struct observer *obs, struct err *e)
{
	_cleanup_(expected_done) struct expected x = { 0 };
	int r;

	if (!obs->extent.unrouted)
		return 0;
	expect_all(&x, obs);
	r = find(&x, obs, RTPROT_KERNEL, e);
	/* Somebody may have replaced it by a route of his own. */
	if (r == 0)
		r = find(&x, obs, RTPROT_UNSPEC, e);
	return r < 0 ? err_prefix(e, "routes of %s", obs->ns->name) : 0;
}

static void declare(struct model *desired, const struct address *a, bool peer)
{
	struct address_route *r =
		(struct address_route *)object_new(desired, &kind_address_route, a->object.netns, a->object.name);
	struct object head = r->object;

	*r = route_to(a, peer);
	r->object = head;
	r->object.set = kind_mask(&kind_address_route, KEY);
	r->object.where = model_find(desired, a->object.id)->where;
	model_add(desired, &r->object, NULL);
}

void address_derive(struct model *desired, const struct model *observed, const struct object *o)
{
	const struct link *on = (const struct link *)model_find_ref(observed, "link", o->place);
	const struct address *a = (const struct address *)o;

	/* A link that is down has none; one like a VRF, which the master may be, has a table of its own. */
	if (!on || !on->up || on->own_table || on->master_index)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(a->missing); i++)
		if (a->missing[i])
			declare(desired, a, i);
}

static struct nl_msg *route_message(const struct address_route *one, uint32_t index)
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
	/* Coexists with that of another link in the same network, as when the kernel creates it, and may have come
	 * with another address of its own. */
	struct nl_msg *m = msg_new(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, &i, sizeof(i));

	msg_put(m, RTA_DST, one->to.addr, v4 ? 4 : 16);
	msg_put_u32(m, RTA_OIF, index);
	if (v4)
		msg_put(m, RTA_PREFSRC, one->src.addr, 4);
	if (one->metric)
		msg_put_u32(m, RTA_PRIORITY, one->metric);
	return m;
}

static int route_encode(struct batch *b, struct op *op, struct err *e)
{
	struct object *o = op->after;

	return batch_send(b, o->netns, route_message((struct address_route *)o, batch_ifindex(b, o->place)), op, e);
}

const struct kind kind_address_route = {
	.name = "address_route",
	.class = "connected route",
	.label = "route",
	.form = FORM_LIST,
	.in_link = true,
	.size = sizeof(struct address_route),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
	.observe = route_observe,
	.encode = route_encode,
};

int address_reach_peer(struct batch *b, const struct address *a, uint32_t index, struct err *e)
{
	const struct link *link = (const struct link *)model_find_ref(b->plan->desired, "link", a->object.place);
	const struct link *on = (const struct link *)model_find_ref(b->plan->observed, "link", a->object.place);
	struct address_route one;

	if (!has_peer_route(a) || !link || link_is_down(&link->object) || link->master || (on && on->master_index))
		return 0;
	one = route_to(a, true);
	return batch_send(b, a->object.netns, route_message(&one, index), NULL, e);
}

/* Whether the kernel removed the route @one with @gone: that to its peer, or that to itself. */
static bool is_lost(const struct address *gone, const struct address_route *one)
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
		struct address_route one;

		if (o->kind != &kind_address || a->address.family != AF_INET6)
			continue;
		any |= has_peer_route(a);
		one = route_to(a, has_peer_route(a));
		if (!strcmp(o->place, gone->object.place) && is_lost(gone, &one) &&
		    memcmp(&a->key, &gone->key, sizeof(a->key)) != 0)
			r = batch_send(b, o->netns, route_message(&one, gone->object.handle), NULL, e);
	}
	if (!any && !has_peer_route(gone))
		b->peerless = gone->object.netns;
	return r;
}
