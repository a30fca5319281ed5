/* SPDX-License-Identifier: MIT */
/* link_state.c - what no file says of an interface of ours, and makes it useless though it is
 * up: no ARP, no multicast, a port of a bridge that somebody disabled. */
#include "link.h"
#include <linux/if.h>
#include <linux/rtnetlink.h>

static bool is_wrong(const struct object *o, uint64_t diff, size_t i)
{
	return object_has(o, i) && diff & bit(i);
}

void link_put_flags(struct nl_msg *m, const struct object *o, uint64_t diff)
{
	struct ifinfomsg *i = nlmsg_data(nlmsg_hdr(m));

	if (is_wrong(o, diff, LINK_ARP)) {
		i->ifi_change |= IFF_NOARP;
		i->ifi_flags |= ((const struct link *)o)->arp ? 0 : IFF_NOARP;
	}
	if (is_wrong(o, diff, LINK_MULTICAST)) {
		i->ifi_change |= IFF_MULTICAST;
		i->ifi_flags |= ((const struct link *)o)->multicast ? IFF_MULTICAST : 0;
	}
}

int link_forward(struct work *w, struct op *op, struct err *e)
{
	const struct link_kind *master = op->before ? ((const struct link *)op->before)->port_of : NULL;

	if (!master || !master->send_port || !is_wrong(op->after, op->diff, LINK_FORWARDS) || op->diff & bit(LINK_MASTER))
		return 0;
	return master->send_port(w, op, e);
}
