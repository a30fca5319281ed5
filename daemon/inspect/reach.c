/* SPDX-License-Identifier: MIT */
/* reach.c - goes with a frame through pairs, bridges and VLANs, breadth first. */
#include "reach.h"
#include <linux/if_bridge.h>

void reach_done(struct reach *r)
{
	free(r->v);
	free(r->first);
	free(r->seen);
}

static struct reached *reach_add(struct reach *r, const struct netns_fact *n, const struct link_fact *l, size_t before,
				 uint32_t vlan)
{
	struct reached *at;
	size_t number = r->first[n - r->f->netns] + (size_t)(l - n->s.links);

	if (r->seen[number])
		return NULL;
	r->seen[number] = true;
	at = array_add((void **)&r->v, &r->n, &r->room, sizeof(*r->v));
	*at = (struct reached){ .n = n, .l = l, .before = before, .vlan = vlan, .within = vlan };
	return at;
}

/* A bridge, by @port or from itself. */
static void reach_bridge(struct reach *r, const struct netns_fact *n, const struct link_fact *bridge,
			 const struct link_fact *port, size_t before, uint32_t vlan)
{
	uint32_t within = vlan, outside;
	enum vlan_way way = r->loose ? VLAN_PASSES : bridge_vlan_in(n, bridge, port, &within);
	struct reached *at;

	if (way == VLAN_UNKNOWN && r->n)
		r->v[before].unclear = true;
	/* It sends even what goes nowhere. */
	if (way != VLAN_PASSES && r->n)
		return;
	at = reach_add(r, n, bridge, before, vlan);
	if (!at || r->loose)
		return;
	at->within = way == VLAN_PASSES ? within : 0;
	outside = within;
	at->closed = bridge_vlan_out(n, bridge, bridge, &outside) != VLAN_PASSES;
	at->vlan = port == bridge ? vlan : outside;
}

static void reach_port(struct reach *r, size_t at, const struct link_fact *port)
{
	const struct reached me = r->v[at];
	uint32_t vlan = me.within;
	enum vlan_way way = VLAN_PASSES;

	if (!r->loose && me.l->filters_vlans)
		way = vlan ? bridge_vlan_out(me.n, me.l, port, &vlan) : VLAN_DROPPED;
	if (way == VLAN_PASSES)
		reach_add(r, me.n, port, at, vlan);
}

/* The link below. */
static void reach_lower(struct reach *r, size_t at, const struct link_fact *lower)
{
	const struct reached me = r->v[at];
	uint32_t vlan = !r->loose && me.l->vlan ? me.l->vlan : me.vlan;

	/* Two tags are too much. */
	if (me.vlan && me.l->vlan) {
		r->v[at].unclear = true;
		return;
	}
	if (lower->class == LINK_BRIDGE)
		reach_bridge(r, me.n, lower, lower, at, vlan);
	else
		reach_add(r, me.n, lower, at, vlan);
}

const struct link_fact *reach_bridge_of(const struct netns_fact *n, const struct link_fact *l)
{
	const struct link_fact *master = l->master ? survey_link(&n->s, l->master) : NULL;

	return master && master->class == LINK_BRIDGE ? master : NULL;
}

bool reach_is_blocked(const struct link_fact *port)
{
	return port->port_state == BR_STATE_LISTENING || port->port_state == BR_STATE_LEARNING ||
	       port->port_state == BR_STATE_BLOCKING;
}

/* The links of the same namespace that a frame goes to from one. */
static void reach_inside(struct reach *r, size_t at)
{
	const struct reached me = r->v[at];
	const struct link_fact *bridge = reach_bridge_of(me.n, me.l);

	if (bridge && (r->blocked || !reach_is_blocked(me.l)))
		reach_bridge(r, me.n, bridge, me.l, at, me.vlan);
	for (size_t i = 0; i < me.n->s.n_links; i++) {
		const struct link_fact *l = &me.n->s.links[i];

		if (me.l->class == LINK_BRIDGE && l->master == me.l->index && (r->blocked || !reach_is_blocked(l)))
			reach_port(r, at, l);
		if (l->class == LINK_CHILD && l->lower == me.l->index && l->lower_nsid < 0 && !me.closed &&
		    (r->loose || l->vlan == me.vlan))
			reach_add(r, me.n, l, at, 0);
		if (me.l->class == LINK_CHILD && me.l->lower_nsid < 0 && me.l->lower == l->index)
			reach_lower(r, at, l);
	}
}

/* Whether it leads to what is not among the facts, or what is not judged. */
static bool leads_out(const struct reached *at)
{
	if (at->n->s.cut & (1U << SURVEY_LINKS | 1U << SURVEY_ADDRESSES) || at->unclear)
		return true;
	if (at->l->class == LINK_BRIDGE)
		return at->l->filters_vlans && at->n->s.cut & 1U << SURVEY_VLANS;
	return at->l->class == LINK_CHILD ? at->l->lower_nsid >= 0 : at->l->class != LINK_PAIR || at->l->peer < 0;
}

void reach_from(struct reach *r, const struct facts *f, const struct netns_fact *n, const struct link_fact *l,
		bool blocked, bool loose)
{
	uint32_t all = 0;

	*r = (struct reach){ .f = f, .blocked = blocked, .loose = loose };
	r->first = must(calloc(f->n_netns + 1, sizeof(*r->first)));
	for (size_t i = 0; i < f->n_netns; all += (uint32_t)f->netns[i++].s.n_links)
		r->first[i] = all;
	r->seen = must(calloc(all + 1, sizeof(*r->seen)));
	if (l->class == LINK_BRIDGE)
		reach_bridge(r, n, l, l, 0, 0);
	else
		reach_add(r, n, l, 0, 0);
	for (size_t at = 0; at < r->n; at++) {
		const struct netns_fact *there = NULL;
		const struct link_fact *peer =
			r->v[at].l->class == LINK_PAIR ? facts_peer(f, r->v[at].l, &there) : NULL;

		if (peer)
			reach_add(r, there, peer, at, r->v[at].vlan);
		reach_inside(r, at);
	}
	for (size_t at = 0; at < r->n && !r->out; at++)
		if (leads_out(&r->v[at]))
			r->out = &r->v[at];
}
