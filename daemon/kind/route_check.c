/* SPDX-License-Identifier: MIT */
/* route_check.c - finds gateways that are on no network of their namespace, by a
 * sorted list of its networks, so that many routes cost no walk each;
 * and routes that come with addresses. */
#include "../slot.h"
#include "link.h"
#include "route.h"
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

struct networks {
	struct inet *v;
	size_t n;
	bool lengths[129];
	char example[2][160];	/* "it has 10.0.0.2/24 on veth-ns", for IPv4 and IPv6 */
};

static struct inet masked(const struct inet *i, uint8_t len)
{
	struct inet net = *i;
	size_t bytes = net.family == AF_INET ? 4 : 16;

	net.len = len;
	for (size_t b = 0; b < bytes; b++) {
		unsigned keep = len > b * 8 ? len - (unsigned)b * 8 : 0;

		if (keep < 8)
			net.addr[b] &= (uint8_t)(0xff00 >> keep);
	}
	return net;
}

static int inet_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct inet));
}

static void add(struct networks *nets, const struct inet *net)
{
	nets->v[nets->n++] = masked(net, net->len);
	nets->lengths[net->len] = true;
}

static const struct inet *field_inet(const struct object *o, const char *name)
{
	int i = kind_field(o->kind, name);

	return i >= 0 && object_has(o, (size_t)i) ? object_at(o, (size_t)i) : NULL;
}

/* The networks of the addresses, and what routes without a router reach. */
static void collect(struct networks *nets, const struct object *netns)
{
	for (const struct object *o = netns->first; o; o = o->next) {
		const struct inet *address = field_inet(o, "address"), *peer = field_inet(o, "peer");
		char text[64], *example;

		if (o->kind == &kind_route && !((const struct route *)o)->via.family && ((const struct route *)o)->to.family)
			add(nets, &((const struct route *)o)->to);
		if (!address || !object_is(o, "address"))
			continue;
		add(nets, peer ? peer : address);
		example = nets->example[address->family == AF_INET6];
		if (!*example)
			snprintf(example, sizeof(nets->example[0]), "it has %s on %s", inet_text(address, false, text), o->name);
	}
	qsort(nets->v, nets->n, sizeof(*nets->v), inet_cmp);
}

static bool reaches(const struct networks *nets, const struct inet *ip)
{
	unsigned bits = ip->family == AF_INET ? 32 : 128;

	for (unsigned len = 0; len <= bits; len++) {
		struct inet net = masked(ip, (uint8_t)len);

		if (nets->lengths[len] && bsearch(&net, nets->v, nets->n, sizeof(net), inet_cmp))
			return true;
	}
	return false;
}

static void check_via(const struct networks *nets, const struct route *r, const char *field, const struct inet *via,
		      struct problems *p)
{
	bool link_local = via->family == AF_INET6 && via->addr[0] == 0xfe && (via->addr[1] & 0xc0) == 0x80;
	const char *example = nets->example[via->family == AF_INET6];
	char text[64];

	if (!via->family || link_local || r->onlink || reaches(nets, via))
		return;
	object_problem(p, EINVAL, &r->object, field, "%s is on no network of %s (%s); add \"onlink\": true if that is meant",
		       inet_text(via, true, text), r->object.netns, *example ? example : "it has no address of that family");
}

/* A link that is down has no routes, and one in a VRF has them in another table. */
static bool is_connected(const struct model *m, const struct object *address)
{
	const struct object *link = model_find_ref(m, "link", address->place);
	const char *master = link ? ((const struct link *)link)->master : NULL;
	const struct object *on = master ? model_find_ref(m, "link", master) : NULL;

	return link && (!object_has(link, LINK_UP) || ((const struct link *)link)->up) && (!master || (on && on->kind->ports));
}

/* Routes that the kernel makes with an address, and that can never be there beside it. */
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
				       "the kernel makes this route itself, with the address %s of %s: leave it out, or say another \"metric\"",
				       inet_text(field_inet(with->o, "address"), false, text), with->o->name);
	}
}

void route_check_netns(const struct model *m, const struct object *netns, struct problems *p)
{
	_cleanup_(freep) struct inet *room = NULL;
	struct networks nets = { 0 };
	size_t n = 0;

	check_connected(m, netns, p);
	/* Others may have given addresses to the host, or to a namespace of theirs. */
	if (netns->any)
		return;
	for (const struct object *o = netns->first; o; o = o->next)
		n++;
	nets.v = room = must(calloc(n + 1, sizeof(*room)));
	collect(&nets, netns);
	for (const struct object *o = netns->first; o; o = o->next) {
		const struct route *r = (const struct route *)o;

		if (o->kind != &kind_route)
			continue;
		check_via(&nets, r, "via", &r->via, p);
		for (size_t i = 0; i < r->nexthops.n; i++)
			check_via(&nets, r, "nexthops", &r->nexthops.v[i].via, p);
	}
}
