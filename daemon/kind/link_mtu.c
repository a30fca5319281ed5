/* SPDX-License-Identifier: MIT */
/* link_mtu.c - what an interface is going to be, as far as a file says it: its MTU, and
 * so whether it has IPv6. */
#include "link.h"
#include <linux/ipv6.h>

bool link_is_down(const struct object *o)
{
	return object_has(o, LINK_UP) && !((const struct link *)o)->up;
}

uint32_t link_mtu(const struct object *o)
{
	if (object_has(o, LINK_MTU))
		return ((const struct link *)o)->mtu;
	if (((const struct link *)o)->ports_mtu)
		return ((const struct link *)o)->ports_mtu;
	return o->managed ? 0 : 1500;	/* ETH_DATA_LEN */
}

bool link_lacks_ipv6(const struct object *o)
{
	uint32_t mtu = link_mtu(o);

	/* The loopback keeps it (addrconf_notify, net/ipv6/addrconf.c). */
	return !is_loopback(o->name) && mtu && mtu < IPV6_MIN_MTU;
}

/* A bridge without an MTU of its own has that of its smallest port (br_mtu_auto_adjust,
 * net/bridge/br_if.c). */
void link_complete(struct model *m, struct object *o, _unused_ struct problems *p)
{
	const struct link *l = (const struct link *)o;
	struct link *base = l->master ? (struct link *)model_find_ref(m, "link", l->master) : NULL;

	if (!base || !base->object.kind->ports || !object_has(o, LINK_MTU))
		return;
	if (!base->ports_mtu || l->mtu < base->ports_mtu)
		base->ports_mtu = l->mtu;
}
