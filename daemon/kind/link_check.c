/* SPDX-License-Identifier: MIT */
/* link_check.c - the checks for interfaces of every kind: what the kernel always refuses is
 * refused before anything is touched. */
#include "lookup.h"
#include "link.h"
#include <linux/if_link.h>
#include <linux/ipv6.h>

enum { MTU_MAX = 65535 }; /* of Ethernet-like links: ETH_MAX_MTU, include/uapi/linux/if_ether.h */

int link_check(struct object *o, struct err *e)
{
	static const uint8_t none[6];
	struct link *l = (struct link *)o;

	if (!o->managed && is_loopback(o->name))
		return err_set(e, EINVAL, "lo is the loopback that every namespace has; list it without \"kind\"");
	if (object_has(o, LINK_MAC) && is_loopback(o->name) && l->mac[0] & 1)
		return err_set(e, EINVAL, "mac: a multicast address cannot be an interface's own");
	if (!is_loopback(o->name) && object_has(o, LINK_MAC) && (l->mac[0] & 1 || !memcmp(l->mac, none, sizeof(none))))
		return err_set(e, EINVAL, "mac: an interface's own address is neither a group address nor all zeros");
	if (!o->managed) {
		l->arp = l->multicast = l->forwards = true;
		o->set |= bit(LINK_ARP) | bit(LINK_MULTICAST) | bit(LINK_FORWARDS);
	}
	if (!o->managed && !object_has(o, LINK_UP)) {
		l->up = true;
		OBJECT_SET(o, link, up);
	}
	if (link_kind(o)->check && link_kind(o)->check(o, e) < 0)
		return e->code;
	if (!o->managed)
		object_set_usual(o);
	return 0;
}

/* It needs IPv6.  The kernel refuses "stable" without a secret; one that others have set is not known here. */
static void addrgen_check(const struct model *m, const struct object *o, struct problems *p)
{
	const struct object *netns = model_netns(m, o->netns);

	if (object_has(o, LINK_ADDRGEN) && ((const struct link *)o)->addrgen != IN6_ADDR_GEN_MODE_EUI64 &&
	    link_lacks_ipv6(o))
		object_problem(p, EINVAL, o, "addrgen", "%s has no IPv6: its MTU is below %d", o->place, IPV6_MIN_MTU);
	if (!object_has(o, LINK_ADDRGEN) || ((const struct link *)o)->addrgen != IN6_ADDR_GEN_MODE_STABLE_PRIVACY ||
	    !netns || netns->managed)
		return;
	if (!lookup_sysctl(m, o->netns, o->name, "ipv6.stable_secret") &&
	    !lookup_sysctl(m, o->netns, NULL, "net.ipv6.conf.default.stable_secret"))
		object_problem(
			p, EINVAL, o, "addrgen",
			"\"stable\" needs a secret, any IPv6 address that nobody can guess: add ipv6.stable_secret to the \"sysctl\" of %s, "
			"or net.ipv6.conf.default.stable_secret to that of %s",
			o->name, o->netns);
}

static void master_check(const struct model *m, const struct object *o, const char *master, struct problems *p)
{
	const struct object *base = model_find_ref(m, "link", master);
	const char *why = base && link_kind(o)->refuses_master ? link_kind(o)->refuses_master(o, base) : NULL;

	if (!ref_is_in(master, o->netns))
		object_problem(p, EINVAL, o, "master",
			       "%s is in another namespace; a port and its bridge must be in the same one", master);
	else if (is_loopback(o->name))
		object_problem(p, EINVAL, o, "master", "the loopback cannot be a port of a bridge");
	else if (why)
		object_problem(p, EINVAL, o, "master", "%s", why);
	else if (base && !base->kind->ports && (!base->managed || is_loopback(base->name)))
		object_problem(p, EINVAL, o, "master", "%s is %s, which has no ports", master,
			       base->managed ? "the loopback" : arena_fmt(&p->arena, "a %s", base->kind->name));
}

void link_check_in(const struct model *m, const struct object *o, struct problems *p)
{
	if (((const struct link *)o)->master)
		master_check(m, o, ((const struct link *)o)->master, p);
	else if (link_port_field(o))
		object_problem(p, EINVAL, o, link_port_field(o), "%s is not a port of a bridge: add its \"master\"",
			       o->place);
	if (!o->managed && object_has(o, LINK_MTU) && ((const struct link *)o)->mtu > MTU_MAX)
		object_problem(p, EINVAL, o, "mtu", "must be at most %d on a %s; %d is for lo only", MTU_MAX,
			       o->kind->name, MTU_MAX + 1);
	addrgen_check(m, o, p);
	if (link_kind(o)->check_in)
		link_kind(o)->check_in(m, o, p);
}
