/* SPDX-License-Identifier: MIT */
/* route_check.c - finds gateways that are on no network of their namespace, and sources that are no
 * address of it, by a sorted list of what is declared there, so that many routes do not need a walk
 * each; and routes that come with addresses. */
#include "model/slot.h"
#include "address.h"
#include "route.h"
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

/* The type of an entry, in the order of the list. */
enum what {
	NEAR,          /* a network that is reached without a gateway */
	OWN,           /* an address, or a network, of the namespace itself */
	SOURCE,        /* likewise, that packets may come from */
	ROUTED_SOURCE, /* likewise, by a declared route */
	DOWN,          /* a network that would be NEAR if its interface were up */
	BROADCAST,     /* the last address of a network */
};

/* A network, once for each interface and once for ANYWHERE. */
struct network {
	struct inet net;
	enum what what;
	const char *dev; /* "NS/IF" */
	uint32_t table;  /* that is searched; EACH: for every route */
};

#define ANYWHERE ""
#define NO_NETWORK "on no network"
enum { EACH = 0 };

struct networks {
	const struct model *model;
	struct network *v;
	size_t n, room;
	bool lengths[129];
	bool local4;          /* has an IPv4 address, if only that of lo */
	char example[2][160]; /* "it has 10.0.0.2/24 on veth-ns", for IPv4 and IPv6 */
};

static int network_cmp(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	int r = memcmp(&x->net, &y->net, sizeof(x->net));

	r = r ? r : (int)x->what - (int)y->what;
	r = r ? r : strcmp(x->dev, y->dev);
	return r ? r : (x->table > y->table) - (x->table < y->table);
}

static void add(struct networks *nets, enum what what, const struct inet *net, const char *dev, uint32_t table)
{
	const char *const at[] = { dev, ANYWHERE };

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		if (nets->n == nets->room) {
			nets->room = nets->room ? 2 * nets->room : 64;
			nets->v = must(realloc(nets->v, nets->room * sizeof(*nets->v)));
		}
		nets->v[nets->n++] = (struct network){ inet_net(net), what, at[i], table };
	}
	nets->lengths[net->len] = true;
	nets->local4 |= what == SOURCE && net->family == AF_INET;
}

static struct inet alone(const struct inet *i)
{
	struct inet one = *i;

	one.len = i->family == AF_INET ? 32 : 128;
	return one;
}

/* fib_add_ifaddr, net/ipv4/fib_frontend.c */
static void add_ipv4(struct networks *nets, const struct address *a, const struct object *link)
{
	struct inet own = alone(&a->address), net = address_net(a), last = alone(&net);

	add(nets, SOURCE, &own, link->place, EACH);
	if (link_is_down(link))
		add(nets, DOWN, &net, link->place, EACH);
	if (link_is_down(link))
		return;
	add(nets, OWN, &own, link->place, EACH);
	/* The kernel creates no route to a network that begins with 0.0.0.0 (ipv4_is_zeronet). */
	if (!memcmp(net.addr, "\0\0\0", 4))
		return;
	add(nets, is_loopback(link->name) ? OWN : NEAR, &net, link->place, EACH);
	if (is_loopback(link->name))
		add(nets, SOURCE, &net, link->place, EACH);
	for (unsigned bit = net.len; bit < 32; bit++)
		last.addr[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	if (net.len < 31 && memcmp(&last, &own, sizeof(own)))
		add(nets, BROADCAST, &last, link->place, EACH);
}

/* inet6_addr_add, net/ipv6/addrconf.c; no gateway is on lo. */
static void add_ipv6(struct networks *nets, const struct address *a, const struct object *link)
{
	struct inet own = alone(&a->address), net = address_net(a), peer = alone(&a->peer);

	if (link_lacks_ipv6(link))
		return;
	add(nets, SOURCE, &own, link->place, EACH);
	add(nets, OWN, &own, link->place, EACH);
	if (link_is_down(link))
		add(nets, DOWN, &net, link->place, EACH);
	else if (is_loopback(link->name))
		add(nets, OWN, &net, link->place, EACH);
	else if (net.len)
		add(nets, NEAR, &net, link->place, EACH);
	if (a->peer.family && !link_is_down(link) && !is_loopback(link->name))
		add(nets, NEAR, &peer, link->place, EACH);
}

/* The kernel searches the tables that it uses for all packets, and that of the route, for a gateway. */
static uint32_t table_of(const struct route *r)
{
	bool each = r->key.table == RT_TABLE_MAIN || r->key.table == RT_TABLE_LOCAL ||
		    (r->key.table == RT_TABLE_DEFAULT && r->key.family == AF_INET);

	return each ? (uint32_t)EACH : r->key.table;
}

static bool says_scope(const struct route *r)
{
	return object_says(&r->object, "scope");
}

/* Adds what a route without a gateway reaches. */
static void add_route(struct networks *nets, const struct route *r)
{
	bool v4 = r->key.family == AF_INET, local = r->type == RTN_LOCAL;
	struct inet to = r->to.family ? r->to : (struct inet){ .family = (uint8_t)r->key.family };
	const struct nexthop *hops;
	struct nexthop one;
	size_t n = route_hops(r, &one, &hops);

	if ((r->type > RTN_UNICAST && !local) ||
	    (v4 && (says_scope(r) ? r->scope : route_usual_scope(r)) < RT_SCOPE_LINK))
		return;
	for (size_t i = 0; i < n; i++) {
		if (hops[i].via.family || !hops[i].dev || (!v4 && is_loopback(strchr(hops[i].dev, '/') + 1)))
			continue;
		add(nets, local && v4 ? OWN : NEAR, &to, hops[i].dev, table_of(r));
		if (local && v4)
			add(nets, ROUTED_SOURCE, &to, hops[i].dev, table_of(r));
	}
}

static void note_example(struct networks *nets, const struct address *a)
{
	char *example = nets->example[a->address.family == AF_INET6], text[64];

	if (!*example)
		snprintf(example, sizeof(nets->example[0]), "it has %s on %s", inet_text(&a->address, false, text),
			 a->object.name);
}

static void collect(struct networks *nets, const struct object *netns)
{
	static const struct inet loopback = { AF_INET, 8, { 127 } };

	for (const struct object *o = netns->first; o; o = o->next) {
		const struct object *link =
			o->kind == &kind_address ? model_find_ref(nets->model, "link", o->place) : NULL;
		const struct address *a = (const struct address *)o;

		if (o->kind == &kind_route)
			add_route(nets, (const struct route *)o);
		if (object_is(o, "link") && is_loopback(o->name) && !link_is_down(o)) {
			add(nets, OWN, &loopback, o->place, EACH);
			add(nets, SOURCE, &loopback, o->place, EACH);
		}
		if (!link)
			continue;
		(a->address.family == AF_INET ? add_ipv4 : add_ipv6)(nets, a, link);
		note_example(nets, a);
	}
	if (nets->n)
		qsort(nets->v, nets->n, sizeof(*nets->v), network_cmp);
}

static bool has(const struct networks *nets, enum what what, const struct inet *ip, unsigned len, const char *dev,
		uint32_t table)
{
	struct network one = { *ip, what, dev, table };

	one.net.len = (uint8_t)len;
	one.net = inet_net(&one.net);
	return nets->n && bsearch(&one, nets->v, nets->n, sizeof(one), network_cmp);
}

/* Whether there is such an entry that contains @ip. */
static bool reaches(const struct networks *nets, enum what what, const struct inet *ip, const char *dev, uint32_t table)
{
	for (unsigned len = 0; len <= alone(ip).len; len++)
		if (nets->lengths[len] &&
		    (has(nets, what, ip, len, dev, EACH) || (table != EACH && has(nets, what, ip, len, dev, table))))
			return true;
	return false;
}

static bool is_alone(const struct networks *nets, enum what what, const struct inet *ip, const char *dev)
{
	return has(nets, what, ip, alone(ip).len, dev, EACH);
}

/* A link that is down has no routes, and one in a VRF has them in another table. */
static bool is_connected(const struct model *m, const struct object *address)
{
	const struct object *link = model_find_ref(m, "link", address->place);
	const char *master = link ? ((const struct link *)link)->master : NULL;
	const struct object *on = master ? model_find_ref(m, "link", master) : NULL;

	return link && !link_is_down(link) && (!master || (on && on->kind->ports && !link_kind(on)->own_table));
}

/* Checks routes that the kernel creates with an address, and that can never exist next to it. */
static void check_connected(const struct model *m, const struct object *netns, struct problems *p)
{
	_cleanup_(slots_done) struct slots connected = { 0 };

	for (const struct object *o = netns->first; o; o = o->next)
		if (o->kind != &kind_route && o->kind->slots && is_connected(m, o))
			slots_add(&connected, (struct object *)(uintptr_t)o);
	slots_sort(&connected);
	for (const struct object *o = connected.n ? netns->first : NULL; o; o = o->next) {
		struct slot slot[SLOTS_MAX] = { 0 };
		const struct slot_entry *with;
		char text[64];
		size_t n;

		if (o->kind != &kind_route)
			continue;
		o->kind->slots(o, slot);
		with = slots_find(&connected, o->netns, slot, &n);
		if (with)
			object_problem(p, EINVAL, o, "to",
				       "the kernel creates this route itself, with the address %s of %s: leave it "
				       "out, or use another \"metric\"",
				       inet_text(&((const struct address *)with->o)->address, false, text),
				       with->o->name);
	}
}

/* Checks a gateway that is declared to be on the link @dev. */
static const char *onlink_problem(const struct networks *nets, const struct inet *via, const char *dev)
{
	bool own = reaches(nets, OWN, via, ANYWHERE, EACH);

	/* Without a local table the kernel rejects every gateway (__inet_dev_addr_type,
	 * net/ipv4/fib_frontend.c). */
	if (via->family == AF_INET && !nets->local4)
		return "onlink in a namespace with lo down and no IPv4 address, where the kernel accepts none";
	if (via->family == AF_INET)
		return own ? "an address of this namespace, not a gateway" : NULL;
	if ((own || reaches(nets, NEAR, via, ANYWHERE, EACH)) && !reaches(nets, NEAR, via, dev, EACH))
		return "on a network of another interface than \"dev\"";
	return NULL;
}

/* What is wrong with a gateway; NULL: nothing. */
static const char *via_problem(const struct networks *nets, const struct route *r, const struct nexthop *hop)
{
	const struct inet *via = &hop->via;
	const char *dev = hop->dev ? hop->dev : ANYWHERE;
	bool onlink = r->onlink || hop->onlink;
	bool v4 = via->family == AF_INET;

	if (!v4 && is_alone(nets, OWN, via, inet_is_link_local(via) ? dev : ANYWHERE))
		return "an address of this namespace, not a gateway";
	if (v4 && is_alone(nets, BROADCAST, via, onlink ? ANYWHERE : dev))
		return "the broadcast address of its network, not a gateway";
	if (onlink)
		return onlink_problem(nets, via, dev);
	if (inet_is_link_local(via) || (v4 && reaches(nets, OWN, via, dev, table_of(r))))
		return NULL;
	/* A gateway of a route that stays on the link is an address of this host. */
	if (v4 && says_scope(r) && r->scope >= RT_SCOPE_LINK)
		return "not an address of this namespace, as the gateway of a route of scope link must be";
	if (reaches(nets, NEAR, via, dev, table_of(r)))
		return NULL;
	return reaches(nets, DOWN, via, dev, EACH) ? "on a network whose interface is down (\"up\": false)"
						   : NO_NETWORK;
}

static void check_via(const struct networks *nets, const struct route *r, const char *field, const struct nexthop *hop,
		      struct problems *p)
{
	bool lost = hop->dev && !model_find_ref(nets->model, "link", hop->dev);
	const char *problem = hop->via.family && !lost ? via_problem(nets, r, hop) : NULL;
	const char *example = nets->example[hop->via.family == AF_INET6];
	char text[64];

	if (!problem)
		return;
	inet_text(&hop->via, true, text);
	if (strcmp(problem, NO_NETWORK))
		object_problem(p, EINVAL, &r->object, field, "%s is %s", text, problem);
	else if (hop->dev)
		object_problem(p, EINVAL, &r->object, field,
			       "%s is on no network of %s (%s); add \"onlink\": true if that is meant", text, hop->dev,
			       *example ? example : "there is no address of that family");
	else
		object_problem(p, EINVAL, &r->object, field,
			       "%s is on no network of %s (%s); add \"onlink\": true and a \"dev\" if that is meant",
			       text, r->object.netns, *example ? example : "it has no address of that family");
}

/* Link-local addresses and ::1 are searched on the interface of the route; a route that refuses
 * packets is on lo.  Which link-local addresses exist elsewhere only the kernel knows. */
static bool src_is_found6(const struct networks *nets, const struct route *r)
{
	bool on_lo = route_is_reject(r) || (r->dev && is_loopback(strchr(r->dev, '/') + 1));
	char lo[128];

	if (inet_is_loopback6(&r->src))
		return on_lo;
	snprintf(lo, sizeof(lo), "%s/" LOOPBACK, r->object.netns);
	if (inet_is_link_local(&r->src))
		return !on_lo || is_alone(nets, SOURCE, &r->src, lo);
	return is_alone(nets, SOURCE, &r->src, ANYWHERE);
}

/* A route that makes an address local cannot have it as source, unless it is to that address alone
 * (fib_valid_prefsrc, net/ipv4/fib_semantics.c). */
static bool src_is_found(const struct networks *nets, const struct route *r)
{
	if (r->src.family == AF_INET6)
		return src_is_found6(nets, r);
	if (reaches(nets, SOURCE, &r->src, ANYWHERE, table_of(r)))
		return true;
	if (r->type == RTN_LOCAL)
		return !memcmp(&r->src, &r->to, sizeof(r->to));
	return reaches(nets, ROUTED_SOURCE, &r->src, ANYWHERE, table_of(r));
}

static void check_src(const struct networks *nets, const struct route *r, struct problems *p)
{
	const char *example = nets->example[r->src.family == AF_INET6];
	bool v4 = r->src.family == AF_INET;
	char text[64];

	if (!r->src.family || (route_is_reject(r) && v4))
		return;
	inet_text(&r->src, true, text);
	if (v4 && is_alone(nets, BROADCAST, &r->src, ANYWHERE))
		object_problem(p, EINVAL, &r->object, "src", "%s is the broadcast address of a network", text);
	else if (!src_is_found(nets, r))
		object_problem(p, EINVAL, &r->object, "src", "%s is not an address of %s (%s)", text, r->object.netns,
			       *example ? example : "it has none of that family");
}

void route_check_netns(const struct model *m, const struct object *netns, struct problems *p)
{
	struct networks nets = { .model = m };

	check_connected(m, netns, p);
	/* Others may have added addresses to the host, or to a namespace of theirs. */
	if (netns->managed)
		return;
	collect(&nets, netns);
	for (const struct object *o = netns->first; o; o = o->next) {
		const struct route *r = (const struct route *)o;
		const struct nexthop *hops;
		struct nexthop one;

		if (o->kind != &kind_route)
			continue;
		for (size_t i = 0, n = route_hops(r, &one, &hops); i < n; i++)
			check_via(&nets, r, r->nexthops.n ? "nexthops" : "via", &hops[i], p);
		check_src(&nets, r, p);
	}
	free(nets.v);
}
