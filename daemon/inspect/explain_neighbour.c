/* SPDX-License-Identifier: MIT */
/* explain_neighbour.c - who answers for the next hop: the links that a frame can reach from one, through pairs, bridges and
 * VLANs, in the order in which it reaches them. */
#include "check.h"
#include "explain.h"
#include <linux/neighbour.h>
#include <sys/socket.h>

/* A link that is reached. */
struct reached {
	const struct netns_fact *n;
	const struct link_fact *l;
	size_t before; /* the one that it is reached from */
	uint16_t vlan; /* the tag that the frame has there */
};

struct reach {
	const struct facts *f;
	struct reached *v;
	size_t n, room;
	uint32_t *first; /* for each namespace, the number of its first link among all */
	bool *seen;
	const struct reached *out; /* where it leads to what is not among the facts */
};

static void reach_done(struct reach *r)
{
	free(r->v);
	free(r->first);
	free(r->seen);
}

static void reach_add(struct reach *r, const struct netns_fact *n, const struct link_fact *l, size_t before,
		      uint16_t vlan)
{
	size_t number = r->first[n - r->f->netns] + (size_t)(l - n->s.links);

	if (r->seen[number])
		return;
	r->seen[number] = true;
	*(struct reached *)array_add((void **)&r->v, &r->n, &r->room, sizeof(*r->v)) =
		(struct reached){ n, l, before, vlan };
}

static const struct link_fact *bridge_of(const struct netns_fact *n, const struct link_fact *l)
{
	const struct link_fact *master = l->master ? survey_link(&n->s, l->master) : NULL;

	return master && master->class == LINK_BRIDGE ? master : NULL;
}

/* The links of the same namespace that a frame goes to from one. */
static void reach_inside(struct reach *r, size_t at)
{
	const struct reached me = r->v[at];
	const struct link_fact *bridge = bridge_of(me.n, me.l);

	if (bridge && !bridge->filters_vlans)
		reach_add(r, me.n, bridge, at, me.vlan);
	for (size_t i = 0; i < me.n->s.n_links; i++) {
		const struct link_fact *l = &me.n->s.links[i];

		if (me.l->class == LINK_BRIDGE && l->master == me.l->index && !me.l->filters_vlans)
			reach_add(r, me.n, l, at, me.vlan);
		if (l->class == LINK_CHILD && l->lower == me.l->index && l->lower_nsid < 0 && l->vlan == me.vlan)
			reach_add(r, me.n, l, at, 0);
		if (me.l->class == LINK_CHILD && me.l->lower_nsid < 0 && me.l->lower == l->index &&
		    !(me.vlan && me.l->vlan))
			reach_add(r, me.n, l, at, me.l->vlan ? me.l->vlan : me.vlan);
	}
}

/* Whether it leads to what is not among the facts, or what is not judged. */
static bool leads_out(const struct reached *at)
{
	const struct link_fact *bridge = bridge_of(at->n, at->l);

	if (at->n->s.cut & (1U << SURVEY_LINKS | 1U << SURVEY_ADDRESSES) || (bridge && bridge->filters_vlans))
		return true;
	if (at->l->class == LINK_BRIDGE)
		return at->l->filters_vlans;
	return at->l->class == LINK_CHILD ? at->l->lower_nsid >= 0 : at->l->class != LINK_PAIR || at->l->peer < 0;
}

/* Everything that is reached from @l. */
static void reach_from(struct reach *r, const struct facts *f, const struct netns_fact *n, const struct link_fact *l)
{
	uint32_t all = 0;

	*r = (struct reach){ .f = f };
	r->first = must(calloc(f->n_netns + 1, sizeof(*r->first)));
	for (size_t i = 0; i < f->n_netns; all += (uint32_t)f->netns[i++].s.n_links)
		r->first[i] = all;
	r->seen = must(calloc(all + 1, sizeof(*r->seen)));
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

/* The one that answers for @next; of IPv4 any interface of a namespace answers for all its addresses. */
static const struct reached *find(const struct reach *r, const struct inet *next)
{
	const struct reached *weak = NULL;

	for (size_t i = 1; i < r->n; i++) {
		if (r->v[i].n == r->v[0].n || r->v[i].vlan || bridge_of(r->v[i].n, r->v[i].l))
			continue;
		if (has_address(r->v[i].n, r->v[i].l, next))
			return &r->v[i];
		if (!weak && next->family == AF_INET && explain_is_local(r->v[i].n, next))
			weak = &r->v[i];
	}
	return weak;
}

static struct pass_by *path_to(const struct reach *r, const struct reached *end, size_t *ret_n)
{
	size_t n = 1, at = (size_t)(end - r->v);
	struct pass_by *v;

	for (size_t i = at; i; i = r->v[i].before)
		n++;
	v = must(calloc(n, sizeof(*v)));
	*ret_n = n;
	for (size_t i = at; n; i = r->v[i].before)
		v[--n] = (struct pass_by){ r->v[i].n, r->v[i].l };
	return v;
}

/* ---- nobody answers ---- */

/* A bridge that is reached from here, and a link beside it that is reached from who has the address: it should be its
 * port. */
static bool port_is_missing(struct explanation *x, const struct reach *here, const struct located *holder)
{
	struct reach there;
	bool found = false;

	reach_from(&there, x->d.f, holder->n, holder->l);
	for (size_t i = 0; i < here->n && !found; i++)
		for (size_t k = 0; k < there.n && !found; k++) {
			const struct reached *a = &here->v[i], *b = &there.v[k];
			struct hop *h;

			/* The bridge may be on either side of the gap. */
			if (a->l->class != LINK_BRIDGE) {
				a = &there.v[k];
				b = &here->v[i];
			}
			if (a->n != b->n || a->l->class != LINK_BRIDGE || b->l->class != LINK_PAIR || b->l->master)
				continue;
			h = hop_add(x, HOP_LINK, HOP_BROKEN, b->n, b->l,
				    "is not a port of the bridge %s: %s has %s, and is behind it", a->l->name,
				    place_of(&x->d, holder->n, holder->l), ip_of(&x->d, &holder->a->address));
			hop_ip(x, h, "link set %s master %s", word_of(&x->d, b->l->name), word_of(&x->d, a->l->name));
			found = true;
		}
	reach_done(&there);
	return found;
}

static bool has_failed(const struct explanation *x, const struct link_fact *out, const struct inet *next)
{
	for (size_t i = 0; i < x->n->s.n_neighbors; i++)
		if (x->n->s.neighbors[i].link == out->index && same_ip(&x->n->s.neighbors[i].address, next))
			return x->n->s.neighbors[i].state & NUD_FAILED;
	return false;
}

static void nobody(struct explanation *x, const struct reach *r, const struct link_fact *out, const struct inet *next)
{
	const struct facts *f = x->d.f;
	struct hop *h;

	for (size_t i = 0; i < f->n_located; i++)
		if (same_ip(&f->located[i].a->address, next) && f->located[i].n->place != PLACE_FOREIGN &&
		    port_is_missing(x, r, &f->located[i]))
			return;
	if (explain_address_missing(x, NULL, next))
		return;
	if (r->out && !has_failed(x, out, next)) {
		hop_add(x, HOP_LINK, HOP_UNKNOWN, r->out->n, r->out->l, "leads to %s, beyond what netnsd sees",
			ip_of(&x->d, next));
		return;
	}
	h = hop_add(x, HOP_NEIGHBOUR, HOP_BROKEN, x->n, out, "nobody in this network has %s%s", ip_of(&x->d, next),
		    has_failed(x, out, next) ? ", or nobody answers for it" : "");
	hop_heal(x, h, out);
	hop_heal(x, h, NULL);
	hop_heal_routes(x, h);
}

struct pass_by *explain_neighbour(struct explanation *x, const struct link_fact *out, const struct inet *next,
				  size_t *ret_n)
{
	const struct reached *end;
	struct pass_by *v = NULL;
	struct reach r;

	reach_from(&r, x->d.f, x->n, out);
	end = find(&r, next);
	if (end)
		v = path_to(&r, end, ret_n);
	else
		nobody(x, &r, out, next);
	reach_done(&r);
	return v;
}
