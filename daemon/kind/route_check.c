/* SPDX-License-Identifier: MIT */
/* route_check.c - finds gateways that are on no network of their namespace, by a
 * sorted list of its networks, so that many routes cost no walk each. */
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

void route_check_netns(_unused_ const struct model *m, const struct object *netns, struct problems *p)
{
	_cleanup_(freep) struct inet *room = NULL;
	struct networks nets = { 0 };
	size_t n = 0;

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
