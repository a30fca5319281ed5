/* SPDX-License-Identifier: MIT */
/* link_mtu.c - the MTU that an interface is going to have, as far as a file determines
 * it, and so whether it has IPv6. */
#include "link.h"
#include <linux/ipv6.h>

bool link_is_down(const struct object *o)
{
	return object_has(o, LINK_UP) && !((const struct link *)o)->up;
}

uint32_t link_mtu(const struct object *o)
{
	const struct link *l = (const struct link *)o;
	const char *usual = o->kind->fields[LINK_MTU].kernel_default;

	if (object_has(o, LINK_MTU))
		return l->mtu;
	if (l->usual_mtu)
		return l->usual_mtu;
	return o->managed || !usual ? 0 : (uint32_t)strtoul(usual, NULL, 10);
}

bool link_lacks_ipv6(const struct object *o)
{
	uint32_t mtu = link_mtu(o);

	/* The loopback keeps IPv6 (addrconf_notify, net/ipv6/addrconf.c). */
	return !is_loopback(o->name) && mtu && mtu < IPV6_MIN_MTU;
}

void link_reset_mtu(struct object *o)
{
	uint32_t mtu = link_mtu(o);

	if (!mtu)
		return;
	((struct link *)o)->mtu = mtu;
	OBJECT_SET(o, link, mtu);
}

void link_complete(struct model *m, struct object *o, struct problems *p)
{
	const struct link *l = (const struct link *)o;
	struct object *master = l->master ? model_find_ref(m, "link", l->master) : NULL;

	if (master && link_kind(master)->complete_port)
		link_kind(master)->complete_port(master, o);
	if (link_kind(o)->complete)
		link_kind(o)->complete(m, o, p);
}
