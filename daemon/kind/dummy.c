/* SPDX-License-Identifier: MIT */
/* dummy.c - an interface that drops what it is sent: it holds addresses, as a loopback of one's own. */
#include "link.h"

static const struct field fields[] = { LINK_FIELDS("1500"), PORT_FIELDS };

/* The kernel creates it without ARP and multicast, and nobody misses them. */
static int dummy_check(struct object *o, _unused_ struct err *e)
{
	o->set &= ~(bit(LINK_ARP) | bit(LINK_MULTICAST));
	return 0;
}

static bool dummy_export(_unused_ struct model *observed, struct object *o, _unused_ struct unsaid *u)
{
	struct err e;

	dummy_check(o, &e);
	return true;
}

static const struct link_kind dummy = { .check = dummy_check, .export = dummy_export };

const struct kind kind_dummy = LINK_KIND(link, .name = "dummy", .link = &dummy, .module = "dummy",
					 .doc = "an interface that drops what it is sent; it holds addresses");
