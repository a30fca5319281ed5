/* SPDX-License-Identifier: MIT */
/* explain_vlan.c - VLANs on the way of a frame: the tag that it has on each link, and which port of a bridge that filters by VLAN
 * is why it does not arrive. */
#include "check.h"
#include "explain.h"
#include <linux/if_ether.h>

/* ---- along a way ---- */

enum refusal {
	GOES_ON,
	NOT_IN,   /* the port, or the bridge itself, takes no frames of that VLAN, or none without a tag */
	NOT_OUT,  /* likewise it sends none of that VLAN */
	BAD_TAG,  /* whoever gets the frame takes another tag, or none */
	NOT_CLEAR /* not known */
};

static enum refusal refusal_of(enum vlan_way way, enum refusal dropped)
{
	return way == VLAN_PASSES ? GOES_ON : way == VLAN_DROPPED ? dropped : NOT_CLEAR;
}

/* What comes in by @at, a port or the bridge itself. */
static enum refusal come_in(struct vlan_walk *w, const struct pass_by *bridge, const struct link_fact *at)
{
	if (!bridge->l->filters_vlans)
		return GOES_ON;
	w->bare = !w->tag;
	w->port = at;
	w->out = NULL;
	w->n = bridge->n;
	w->bridge = bridge->l;
	return refusal_of(bridge_vlan_in(bridge->n, bridge->l, at, &w->tag), NOT_IN);
}

static enum refusal go_out(struct vlan_walk *w, const struct pass_by *bridge, const struct link_fact *at)
{
	if (!bridge->l->filters_vlans)
		return GOES_ON;
	w->number = (uint16_t)(w->tag & VLAN_NUMBER);
	w->out = at;
	return refusal_of(bridge_vlan_out(bridge->n, bridge->l, at, &w->tag), NOT_OUT);
}

static enum refusal take_tag(struct vlan_walk *w, uint32_t tag)
{
	if (w->tag != tag)
		return BAD_TAG;
	w->tag = 0;
	return GOES_ON;
}

static enum refusal to_lower(struct vlan_walk *w, const struct link_fact *child, const struct pass_by *lower)
{
	if (child->vlan)
		w->tag = child->vlan;
	return lower->l->class == LINK_BRIDGE ? come_in(w, lower, lower->l) : GOES_ON;
}

static enum refusal to_child(struct vlan_walk *w, const struct pass_by *lower, const struct link_fact *child)
{
	enum refusal r = lower->l->class == LINK_BRIDGE ? go_out(w, lower, lower->l) : GOES_ON;

	return r ? r : take_tag(w, child->vlan);
}

static enum refusal arrive(struct vlan_walk *w, const struct pass_by *at, bool sends)
{
	enum refusal r = at->l->class == LINK_BRIDGE && !sends ? go_out(w, at, at->l) : GOES_ON;

	return r ? r : take_tag(w, 0);
}

/* From link @i to the next. */
static enum refusal step(struct vlan_walk *w, const struct pass_by *v, size_t n, size_t i)
{
	const struct pass_by *a = &v[i], *b = &v[i + 1];
	enum refusal r = GOES_ON;

	if (i + 1 == n)
		return arrive(w, a, !i);
	if (i == 0 && a->l->class == LINK_BRIDGE)
		r = come_in(w, a, a->l);
	if (r || a->n != b->n)
		return r;
	if (b->l->class == LINK_BRIDGE && a->l->master == b->l->index)
		return come_in(w, b, a->l);
	if (a->l->class == LINK_BRIDGE && b->l->master == a->l->index)
		return go_out(w, a, b->l);
	if (b->l->class == LINK_CHILD && b->l->lower == a->l->index && b->l->lower_nsid < 0)
		return to_child(w, a, b->l);
	if (a->l->class == LINK_CHILD && a->l->lower == b->l->index && a->l->lower_nsid < 0)
		return to_lower(w, a->l, b);
	return GOES_ON;
}

/* Whether it gets to the end, from link @i on, where it is in a VLAN of a bridge. */
static bool would_arrive(const struct vlan_walk *from, const struct pass_by *v, size_t n, size_t i, uint32_t tag)
{
	struct vlan_walk w = *from;

	w.tag = tag;
	while (i < n)
		if (step(&w, v, n, i++))
			return false;
	return true;
}

/* The VLAN in which what comes in by @w->port without a tag would arrive: one of the ports of its bridge that the way has
 * next; 0: none. */
static uint16_t better_vlan(const struct vlan_walk *w, const struct pass_by *v, size_t n)
{
	const struct vlan_fact *list;
	size_t at = 0, count;

	while (at + 1 < n && (v[at].l != w->bridge || v[at].n != w->n))
		at++;
	list = survey_vlans(&w->n->s, v[at + 1 < n ? at + 1 : at].l->index, &count);
	for (size_t k = 0; k < count; k++)
		for (uint16_t number = list[k].first; number <= list[k].last; number++)
			if (would_arrive(w, v, n, at, w->bridge->vlan_protocol | number))
				return number;
	return 0;
}

bool explain_vlans_refuse(const struct pass_by *v, size_t n)
{
	struct vlan_walk w = { 0 };

	for (size_t i = 0; i < n; i++)
		if (step(&w, v, n, i))
			return w.bridge;
	return false;
}

/* ---- in words ---- */

/* netnsctl up, if the VLANs of the port are not as declared; else its own command.  The bridge itself needs a word more. */
static void mend(struct explanation *x, struct hop *h, const struct vlan_walk *w, const struct link_fact *at,
		 uint16_t number, const char *flags)
{
	hop_up(x, h, at);
	if (!h->command)
		h->command = arena_fmt(&x->d.arena, "%sbridge vlan add vid %u dev %s%s%s",
				       netns_exec(&x->d.arena, w->n->name), number, word_of(&x->d, at->name), flags,
				       at == w->bridge ? " self" : "");
}

static const char *self_of(const struct vlan_walk *w, const struct link_fact *at)
{
	return at == w->bridge ? "the bridge itself " : "";
}

/* What comes in without a tag, and is in no VLAN, or in one that leads nowhere. */
static bool bare_is_broken(struct explanation *x, const struct vlan_walk *w, const struct pass_by *v, size_t n,
			   enum refusal r)
{
	uint16_t pvid = bridge_vlan_pvid(w->n, w->port), better;
	struct hop *h;

	if (!w->bare)
		return false;
	better = better_vlan(w, v, n);
	if (r != NOT_IN && !better)
		return false;
	if (pvid)
		h = hop_add(x, HOP_LINK, HOP_BROKEN, w->n, w->port,
			    "%sputs frames without a tag into VLAN %u, and %s is in VLAN %u", self_of(w, w->port), pvid,
			    place_of(&x->d, v[n - 1].n, v[n - 1].l), better);
	else
		h = hop_add(x, HOP_LINK, HOP_BROKEN, w->n, w->port,
			    "%shas no VLAN for frames without a tag (a PVID), and drops them", self_of(w, w->port));
	if (v[n - 1].n->place == PLACE_FOREIGN)
		h->veiled = "frames without a tag go into a VLAN that does not lead there";
	if (better)
		mend(x, h, w, w->port, better, " pvid untagged");
	else
		hop_up(x, h, w->port);
	return true;
}

static void protocol_is_broken(struct explanation *x, const struct vlan_walk *w, const char *name)
{
	struct hop *h = hop_add(x, HOP_LINK, HOP_BROKEN, w->n, w->bridge,
				"sends VLAN %u with a tag of the other protocol (802.1Q, 802.1ad) than %s takes",
				w->number, name);

	h->veiled = "sends its VLAN with a tag of the other protocol than the receiver takes";
	hop_up(x, h, w->bridge);
	if (!h->command)
		hop_ip(x, h, "link set %s type bridge vlan_protocol %s", word_of(&x->d, w->bridge->name),
		       w->bridge->vlan_protocol >> 16 == ETH_P_8021Q ? "802.1ad" : "802.1Q");
}

/* It comes out with a tag that is not the one that is taken. */
static void tag_is_broken(struct explanation *x, const struct vlan_walk *w, const struct pass_by *to)
{
	const struct vlan_fact *f = bridge_vlan_of(w->n, w->out, w->number);
	const char *name = place_of(&x->d, to->n, to->l);
	uint32_t wanted = to->l->class == LINK_CHILD ? to->l->vlan : 0;
	struct hop *h;

	if (w->tag && wanted && (w->tag ^ wanted) & ~(uint32_t)VLAN_NUMBER) {
		protocol_is_broken(x, w, name);
		return;
	}
	if (wanted && (wanted & VLAN_NUMBER) != w->number)
		h = hop_add(x, HOP_LINK, HOP_BROKEN, w->n, w->out, "sends it in VLAN %u, and %s takes VLAN %u",
			    w->number, name, wanted & VLAN_NUMBER);
	else
		h = hop_add(x, HOP_LINK, HOP_BROKEN, w->n, w->out, "sends VLAN %u %s, which %s does not take",
			    w->number, w->tag ? "with its tag" : "without a tag", name);
	if (to->n->place == PLACE_FOREIGN)
		h->veiled = "sends it with a tag that the receiver does not take";
	if (!wanted || (wanted & VLAN_NUMBER) == w->number)
		mend(x, h, w, w->out, w->number,
		     arena_fmt(&x->d.arena, "%s%s", f && f->pvid ? " pvid" : "", wanted ? "" : " untagged"));
	else
		hop_up(x, h, w->out);
}

/* With which a VLAN would be added to what sends from link @i to the next, so that it is taken there. */
static const char *flags_of(const struct vlan_walk *w, const struct pass_by *v, size_t n, size_t i)
{
	const struct pass_by *next = &v[i + 1 < n ? i + 1 : i];
	bool bare = w->out == w->bridge ? !next->l->vlan : would_arrive(w, v, n, i + 1, 0);

	return !bare ? "" : bridge_vlan_pvid(w->n, w->out) ? " untagged" : " pvid untagged";
}

static void refuse(struct explanation *x, const struct vlan_walk *w, const struct pass_by *v, size_t n, size_t i,
		   enum refusal r)
{
	const struct link_fact *at = r == NOT_IN ? w->port : w->out;
	uint16_t number = (uint16_t)(w->tag & VLAN_NUMBER);
	struct hop *h;

	if (r == NOT_CLEAR) {
		hop_add(x, HOP_LINK, HOP_UNKNOWN, v[i].n, v[i].l,
			"filters by VLAN, in a way that netnsd does not judge");
		return;
	}
	if (bare_is_broken(x, w, v, n, r))
		return;
	if (r == BAD_TAG) {
		tag_is_broken(x, w, &v[i + 1 < n ? i + 1 : i]);
		return;
	}
	h = hop_add(x, HOP_LINK, HOP_BROKEN, w->n, at, "%sdoes not carry VLAN %u%s%s", self_of(w, at), number,
		    r == NOT_OUT ? ", in which it comes from " : "", r == NOT_OUT ? w->port->name : "");
	mend(x, h, w, at, number, r == NOT_OUT ? flags_of(w, v, n, i) : "");
}

bool explain_vlan(struct explanation *x, struct vlan_walk *w, const struct pass_by *v, size_t n, size_t i)
{
	enum refusal r = step(w, v, n, i);

	/* Without such a bridge the way was found by the tags. */
	if (r == GOES_ON || !w->bridge || (r == BAD_TAG && !w->out))
		return true;
	refuse(x, w, v, n, i, r);
	return false;
}
