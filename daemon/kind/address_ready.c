/* SPDX-License-Identifier: MIT */
/* address_ready.c - whether an IPv6 address can be used: until duplicate address detection
 * has finished, and if it found a duplicate, the kernel accepts no route with it as source,
 * and sends no packet from it. */
#include "address.h"
#include <linux/if_addr.h>

enum {
	DETECTION_SECONDS = 30, /* usually 1 to 3; dad_transmits makes it longer */
	CARRIER_SECONDS = 10,   /* without a carrier it does not start */
};

/* Whether it cannot be used yet, because duplicate address detection is still running. */
static bool is_tentative(const struct address *a)
{
	/* An optimistic address can be used meanwhile. */
	return a->flags & IFA_F_TENTATIVE && !(a->flags & (IFA_F_DADFAILED | IFA_F_OPTIMISTIC));
}

const char *address_condition(const struct object *o)
{
	const struct address *a = (const struct address *)o;

	if (a->flags & IFA_F_DADFAILED)
		return "duplicate";
	if (a->flags & IFA_F_TENTATIVE)
		return "tentative";
	if (a->flags & IFA_F_DEPRECATED)
		return "deprecated";
	return o->damage ? "unmarked" : NULL;
}

const char *address_say_damage(struct arena *a, const struct object *have, _unused_ const char *topology)
{
	return arena_fmt(a, "address %s has no mark, and may belong to another program", have->place);
}

void address_note_mark(_unused_ struct model *observed, struct object *have, struct object *want, const char *topology)
{
	struct address *a = (struct address *)have, *w = (struct address *)want;

	if (!topology) {
		want->set &= ~field_bit(want->kind, "mark");
		return;
	}
	a->mark = "lost";
	OBJECT_SET(have, address, mark);
	if (!want)
		return;
	w->mark = "whole";
	OBJECT_SET(want, address, mark);
}

int address_retry(const struct object *o, struct err *e)
{
	const struct address *a = (const struct address *)o;
	char text[64];

	if (a->flags & IFA_F_DADFAILED)
		return err_set(e, EADDRNOTAVAIL, "another host on %s has %s (duplicate address detection failed)",
			       o->place, inet_text(&a->address, true, text));
	if (is_tentative(a))
		return err_set(e, EAGAIN, "duplicate address detection of %s on %s has not finished",
			       inet_text(&a->address, true, text), o->place);
	return 0;
}

static unsigned carrier_seconds(const struct object *link)
{
	return CARRIER_SECONDS + (link_kind(link)->carrier_seconds ? link_kind(link)->carrier_seconds(link) : 0);
}

int address_ready(const struct model *observed, const char *netns, const struct inet *ip, unsigned *ret_seconds,
		  struct err *e)
{
	const struct object *ns = model_netns(observed, netns), *link;
	const struct address *found = NULL;
	struct inet bare = *ip;
	int r;

	bare.len = 128;
	for (const struct object *o = ns ? ns->first : NULL; o; o = o->next) {
		const struct address *a = (const struct address *)o;

		if (!object_is(o, "address") || memcmp(&a->key, &bare, sizeof(bare)))
			continue;
		if (!(a->flags & IFA_F_DADFAILED) && !is_tentative(a))
			return 0;
		if (!found || !(a->flags & IFA_F_DADFAILED))
			found = a;
	}
	r = found ? address_retry(&found->object, e) : 0;
	link = r == -EAGAIN ? model_find_ref(observed, "link", found->object.place) : NULL;
	*ret_seconds = DETECTION_SECONDS;
	if (!link || ((const struct link *)link)->carrier)
		return r;
	*ret_seconds = carrier_seconds(link);
	return err_prefix(e, "%s has no carrier", link->place);
}
