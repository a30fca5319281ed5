/* SPDX-License-Identifier: MIT */
/* link_reset.c - what an interface gets back when a file no longer sets it, and no row has a default for it. */
#include "link.h"

enum { NESTED_MAX = 8 }; /* MAX_NEST_DEV, include/linux/netdevice.h */

/* "NS/IF" of the interface below it (IFLA_LINK). */
static const char *lower_of(const struct object *o)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (object_has(o, i) && f->type == &type_link && f->place == NLA_MESSAGE && f->nla == IFLA_LINK)
			return *(const char **)object_at(o, i);
	}
	return NULL;
}

/* The MAC address that the interface below is going to have: a file sets it, or it stays; NULL: unknown. */
static const uint8_t *lower_mac(const struct model *desired, const struct model *observed, const struct object *o)
{
	for (int n = 0; n < NESTED_MAX && o && link_kind(o)->lower_mac; n++) {
		const char *lower = lower_of(o);
		const struct object *have = lower ? model_find_ref(observed, "link", lower) : NULL;

		o = lower ? model_find_ref(desired, "link", lower) : NULL;
		if (o && object_has(o, LINK_MAC))
			return ((const struct link *)o)->mac;
		if (!o || o->managed || !link_kind(o)->lower_mac)
			return have && object_has(have, LINK_MAC) ? ((const struct link *)have)->mac : NULL;
	}
	return NULL;
}

/* It is not sent with a new one, which has that of the interface below by itself (link_put_birth). */
static void reset_mac(const struct model *desired, const struct model *observed, struct object *o)
{
	const uint8_t *mac = link_kind(o)->lower_mac ? lower_mac(desired, observed, o) : NULL;

	if (!mac)
		return;
	memcpy(((struct link *)o)->mac, mac, sizeof(((struct link *)o)->mac));
	OBJECT_SET(o, link, mac);
	o->usual |= bit(LINK_MAC);
}

void link_reset(const struct model *desired, const struct model *observed, struct object *o, size_t field)
{
	if (field == LINK_MTU)
		link_reset_mtu(o);
	else if (field == LINK_MAC)
		reset_mac(desired, observed, o);
}
