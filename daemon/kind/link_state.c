/* SPDX-License-Identifier: MIT */
/* link_state.c - properties that no file sets, and that make an interface of ours useless
 * though it is up: no ARP, no multicast, a port of a bridge that somebody disabled or
 * changed. */
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

/* Those that a file sets, or that differ from a new port's. */
static uint64_t said(const struct object *o)
{
	return link_at(o, NLA_PORT, o->managed ? o->set : object_unusual(o));
}

const char *link_port_field(const struct object *o)
{
	uint64_t mask = said(o);

	for (size_t i = 0; i < o->kind->n_fields && mask; i++)
		if (mask & bit(i))
			return o->kind->fields[i].name;
	return NULL;
}

/* The kind of its future master; NULL: none that is known. */
static const struct link_kind *kind_of_master(const struct batch *b, const struct op *op)
{
	const char *master = ((const struct link *)op->after)->master;
	const struct object *o = master ? model_find_ref(b->plan->desired, "link", master) : NULL;

	if (op->before && !(op->diff & bit(LINK_MASTER)))
		return ((const struct link *)op->before)->port_of;
	/* A managed object may be of any kind. */
	if (master && (!o || o->managed))
		o = model_find_ref(b->plan->observed, "link", master);
	return o ? link_kind(o) : NULL;
}

int link_port(struct batch *b, struct op *op, struct err *e)
{
	const struct link_kind *master = kind_of_master(b, op);
	bool begins = !op->before || op->diff & bit(LINK_MASTER),
	     state = !begins && is_wrong(op->after, op->diff, LINK_FORWARDS);
	uint64_t mask = begins ? said(op->after) : link_at(op->after, NLA_PORT, op->diff);

	return master && master->send_port && (mask || state) ? master->send_port(b, op, mask, state, e) : 0;
}
