/* SPDX-License-Identifier: MIT */
/* route_export.c - what of an observed route a topology has to say, and which routes it cannot. */
#include "address.h"
#include "model/owner.h"
#include "route.h"
#include <linux/rtnetlink.h>

enum { ADDRESSES_MAX = 64 }; /* of a namespace: with more of them no interface is left out, which takes a search each */

bool route_is_others(struct observer *obs, const struct nlmsghdr *h)
{
	/* Those of people and scripts. */
	static const uint8_t made[] = { RTPROT_BOOT, RTPROT_STATIC, PROTOCOL };
	const struct rtmsg *i = nlmsg_data(h);

	if (i->rtm_protocol < RTPROT_BOOT || i->rtm_protocol == RTPROT_RA || i->rtm_flags & RTM_F_CLONED)
		return true;
	if (route_is_narrow(i)) {
		unsaid_add_once(
			obs->extent.unsaid,
			"routes of %s: no topology can declare those for one type of service or source; they are left out",
			obs->ns->name);
		return true;
	}
	for (size_t n = 0; n < ARRAY_SIZE(made); n++)
		if (i->rtm_protocol == made[n])
			return false;
	unsaid_add_once(obs->extent.unsaid,
			"routes of %s: those of protocol %u are left out: the program that made them makes them again",
			obs->ns->name, i->rtm_protocol);
	return true;
}

/* Whether the gateway is on the network of exactly one interface, which is that of the route. */
static bool is_found(const struct object *netns, const struct route *r)
{
	const char *on = NULL;
	size_t n = 0;

	/* Addresses are read before routes, of which there may be a hundred thousand. */
	for (const struct object *o = netns->first; o && o->kind != &kind_route; o = o->next) {
		const struct address *a = o->kind == &kind_address ? (const struct address *)o : NULL;
		struct inet net;

		if (!a)
			continue;
		net = address_net(a);
		if (++n > ADDRESSES_MAX)
			return false;
		if (net.family != r->via.family || !inet_covers(&net, &r->via))
			continue;
		if (on && strcmp(on, o->place) != 0)
			return false;
		on = o->place;
	}
	return on && r->dev && !strcmp(on, r->dev);
}

bool route_export(struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	const struct object *netns = model_netns(observed, o->netns);
	struct route *r = (struct route *)o;
	const struct inet *shows = r->via.family ? &r->via : r->nexthops.n ? &r->nexthops.v[0].via : &r->src;

	/* Unless something shows its family "default" is one of IPv4. */
	if (!r->to.family && r->key.family != (shows->family ? shows->family : AF_INET))
		r->to.family = (uint8_t)r->key.family;
	for (size_t i = 0; i < r->nexthops.n; i++)
		if (r->nexthops.v[i].weight == 1)
			r->nexthops.v[i].weight = 0;
	/* IPv6 shows lo for one that leads nowhere. */
	if (route_is_reject(r) ||
	    (r->via.family && !r->onlink && !inet_is_link_local(&r->via) && netns && is_found(netns, r)))
		o->set &= ~field_bit(o->kind, "dev");
	return true;
}
