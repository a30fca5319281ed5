/* SPDX-License-Identifier: MIT */
/* explain_neighbour.c - who answers for the next hop, of the links that a frame can reach, and why nobody does. */
#include "check.h"
#include "explain.h"
#include "reach.h"
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Whether it takes frames for itself: the tag is off, and no bridge has it. */
static bool takes(const struct reach *r, const struct reached *at)
{
	return at->n != r->v[0].n && !at->vlan && !at->closed && !reach_bridge_of(at->n, at->l);
}

/* An address that is not known to be the only one in its network is not answered for. */
static bool has_settled(const struct netns_fact *n, const struct link_fact *l, const struct inet *ip)
{
	for (size_t i = 0; i < n->s.n_addresses; i++) {
		const struct address_fact *a = &n->s.addresses[i];

		if ((!l || a->link == l->index) && same_ip(&a->address, ip) &&
		    (!(a->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) || a->flags & IFA_F_OPTIMISTIC))
			return true;
	}
	return false;
}

static const struct neighbor_fact *neighbor(const struct netns_fact *n, const struct link_fact *l,
					    const struct inet *ip, bool proxy)
{
	for (size_t i = 0; i < n->s.n_neighbors; i++) {
		const struct neighbor_fact *f = &n->s.neighbors[i];

		if (f->proxy == proxy && (f->link == l->index || (proxy && !f->link)) && same_ip(&f->address, ip))
			return f;
	}
	return NULL;
}

/* The entry that is as it is for good, whoever has the address; NULL: the kernel asks for the neighbour. */
static const struct neighbor_fact *fixed_neighbor(const struct explanation *x, const struct link_fact *out,
						  const struct inet *next)
{
	const struct neighbor_fact *f = neighbor(x->n, out, next, false);

	return f && f->state & (NUD_PERMANENT | NUD_NOARP) && f->has_mac ? f : NULL;
}

/* Whether it answers for @next though that is elsewhere (arp_process and ndisc_recv_ns of the kernel): where it forwards,
 * for what it would send on by another link. */
static bool is_proxy(const struct explanation *x, const struct reached *at, const struct inet *next)
{
	bool v6 = next->family == AF_INET6, entry = neighbor(at->n, at->l, next, true);
	const struct route_query q = { .to = *next, .from = x->flow.from, .in = at->l->index };
	struct route_answer a = { 0 };

	if (v6)
		return entry && at->l->forwards6 && (at->l->proxy_ndp || at->n->s.proxy_ndp);
	if (!at->l->forwards4 || !(entry || at->l->proxy_arp || at->n->s.proxy_arp))
		return false;
	return x->lookup(x->arg, at->n, &q, &a) == 0 && a.type == RTN_UNICAST && a.out != at->l->index;
}

static const struct reached *find_mac(const struct reach *r, const uint8_t mac[6])
{
	for (size_t i = 1; i < r->n; i++)
		if (takes(r, &r->v[i]) && r->v[i].l->has_mac && !memcmp(r->v[i].l->mac, mac, 6))
			return &r->v[i];
	return NULL;
}

/* The one that answers for @next; of IPv4 any interface of a namespace answers for all its addresses. */
static const struct reached *find(struct explanation *x, const struct reach *r, const struct inet *next)
{
	const struct reached *weak = NULL;

	for (size_t i = 1; i < r->n; i++) {
		if (!takes(r, &r->v[i]))
			continue;
		if (has_settled(r->v[i].n, r->v[i].l, next))
			return &r->v[i];
		if (!weak && next->family == AF_INET && explain_is_local(r->v[i].n, next))
			weak = &r->v[i];
	}
	/* A way that VLANs forbid is not tried with routes. */
	for (size_t i = 1; i < r->n && !weak && !r->loose; i++)
		if (takes(r, &r->v[i]) && is_proxy(x, &r->v[i], next)) {
			struct hop *h = hop_add(x, HOP_NEIGHBOUR, HOP_PASSES, r->v[i].n, r->v[i].l,
						"answers for %s as a proxy", ip_of(&x->d, next));

			weak = &r->v[i];
			h->veiled = weak->n->place == PLACE_FOREIGN ? "answers as a proxy" : NULL;
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

/* What comes in there is for VLANs above it. */
static bool has_child(const struct netns_fact *n, const struct link_fact *lower)
{
	for (size_t i = 0; i < n->s.n_links; i++) {
		const struct link_fact *l = &n->s.links[i];

		if (l->class == LINK_CHILD && l->lower == lower->index && l->lower_nsid < 0)
			return true;
	}
	return false;
}

/* A bridge that is reached from here, and a link beside it that is reached from who has the address: it should be its
 * port. */
static bool port_is_missing(struct explanation *x, const struct reach *here, const struct located *holder)
{
	struct reach there;
	bool found = false;

	reach_from(&there, x->d.f, holder->n, holder->l, true, false);
	for (size_t i = 0; i < here->n && !found; i++)
		for (size_t k = 0; k < there.n && !found; k++) {
			const struct reached *a = &here->v[i], *b = &there.v[k];
			struct hop *h;

			/* The bridge may be on either side of the gap. */
			if (a->l->class != LINK_BRIDGE) {
				a = &there.v[k];
				b = &here->v[i];
			}
			if (a->n != b->n || a->l->class != LINK_BRIDGE ||
			    (b->l->class != LINK_PAIR && b->l->class != LINK_CHILD) || b->l->master ||
			    has_child(b->n, b->l))
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
	const struct neighbor_fact *f = neighbor(x->n, out, next, false);

	return f && f->state & NUD_FAILED;
}

/* It is there, but waits for the kernel, or somebody else had it before. */
static bool is_unsettled(struct explanation *x, const struct reach *r, const struct inet *next)
{
	for (size_t i = 1; i < r->n; i++) {
		if (!takes(r, &r->v[i]) || !has_address(r->v[i].n, r->v[i].l, next))
			continue;
		hop_add(x, HOP_NEIGHBOUR, HOP_BROKEN, r->v[i].n, r->v[i].l,
			"does not answer for %s: duplicate address detection goes on, or somebody else has it, too",
			ip_of(&x->d, next));
		return true;
	}
	return false;
}

/* It has an entry as a proxy that is of no use. */
static bool is_idle_proxy(struct explanation *x, const struct reach *r, const struct inet *next)
{
	bool v6 = next->family == AF_INET6;

	for (size_t i = 1; i < r->n; i++) {
		const struct link_fact *l = r->v[i].l;
		bool forwards = v6 ? l->forwards6 : l->forwards4;
		struct hop *h;

		if (!takes(r, &r->v[i]) || !neighbor(r->v[i].n, l, next, true))
			continue;
		h = hop_add(x, HOP_NEIGHBOUR, HOP_BROKEN, r->v[i].n, l, "does not answer for %s as a proxy: %s",
			    ip_of(&x->d, next),
			    !forwards ? "it does not forward"
			    : v6      ? "proxy_ndp is off"
				      : "its route to that is not by another interface");
		if (!forwards)
			hop_sysctl(x, h, v6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward", "1");
		else if (v6)
			hop_sysctl(x, h, arena_fmt(&x->d.arena, "net/ipv6/conf/%s/proxy_ndp", word_of(&x->d, l->name)),
				   "1");
		return true;
	}
	return false;
}

/* An entry that is for good has the wrong one. */
static void nobody_has_mac(struct explanation *x, const struct reach *r, const struct link_fact *out,
			   const struct inet *next, const uint8_t *mac)
{
	struct hop *h;

	if (r->out) {
		hop_add(x, HOP_LINK, HOP_UNKNOWN, r->out->n, r->out->l, "leads to %s, beyond what netnsd sees",
			ip_of(&x->d, next));
		return;
	}
	h = hop_add(
		x, HOP_NEIGHBOUR, HOP_BROKEN, x->n, out,
		"its permanent neighbour entry sends to %02x:%02x:%02x:%02x:%02x:%02x for %s: nobody in this network "
		"has that",
		mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], ip_of(&x->d, next));
	hop_up(x, h, out);
	if (!h->command)
		hop_ip(x, h, "neigh del %s dev %s", ip_of(&x->d, next), word_of(&x->d, out->name));
}

/* Two links in one network: the kernel takes the first, whoever is behind the second. */
static bool is_behind_another(struct explanation *x, const struct link_fact *out, const struct inet *next)
{
	for (size_t i = 0; i < x->n->s.n_links; i++) {
		const struct link_fact *l = &x->n->s.links[i];
		const struct located *at;
		size_t n = 0;
		struct hop *h;

		if (!l->segment || l->segment == out->segment)
			continue;
		at = facts_located(x->d.f, l->segment, next, &n);
		if (!n || at->n == x->n || at->n->place == PLACE_FOREIGN)
			continue;
		h = hop_add(x, HOP_NEIGHBOUR, HOP_BROKEN, x->n, out,
			    "nobody in this network has %s: %s, which has it, is behind %s", ip_of(&x->d, next),
			    place_of(&x->d, at->n, at->l), l->name);
		hop_up(x, h, out);
		hop_up_routes(x, h);
		if (!h->command)
			hop_ip(x, h, "%sroute replace %s dev %s", next->family == AF_INET6 ? "-6 " : "",
			       ip_of(&x->d, next), word_of(&x->d, l->name));
		return true;
	}
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
	if (explain_address_missing(x, NULL, next) || is_unsettled(x, r, next) || is_idle_proxy(x, r, next))
		return;
	if (r->out && !has_failed(x, out, next)) {
		hop_add(x, HOP_LINK, HOP_UNKNOWN, r->out->n, r->out->l, "leads to %s, beyond what netnsd sees",
			ip_of(&x->d, next));
		return;
	}
	if (explain_unsure(x) || is_behind_another(x, out, next))
		return;
	h = hop_add(x, HOP_NEIGHBOUR, HOP_BROKEN, x->n, out, "nobody in this network has %s%s", ip_of(&x->d, next),
		    has_failed(x, out, next) ? ", or nobody answers for it" : "");
	hop_up(x, h, out);
	hop_up(x, h, NULL);
	hop_up_routes(x, h);
	for (size_t i = 0; i < r->n; i++)
		hop_up_at(x, h, r->v[i].n, r->v[i].l);
}

/* The way to who answers, or to whose MAC address @fixed says; blocked, loose: as struct reach has them. */
static struct pass_by *search(struct explanation *x, const struct link_fact *out, const struct inet *next,
			      const struct neighbor_fact *fixed, struct reach *r, size_t *ret_n)
{
	const struct reached *end;

	reach_from(r, x->d.f, x->n, out, r->blocked, r->loose);
	end = fixed ? find_mac(r, fixed->mac) : find(x, r, next);
	return end ? path_to(r, end, ret_n) : NULL;
}

/* Whether VLANs keep it from somebody: only if they are why, and nobody may be beyond what is seen. */
static struct pass_by *search_loose(struct explanation *x, const struct link_fact *out, const struct inet *next,
				    const struct neighbor_fact *fixed, const struct reach *found, size_t *ret_n)
{
	struct reach r = { .blocked = true, .loose = true };
	struct pass_by *v = NULL;

	if (found->out && !has_failed(x, out, next))
		return NULL;
	v = search(x, out, next, fixed, &r, ret_n);
	if (v && !explain_vlans_refuse(v, *ret_n)) {
		free(v);
		v = NULL;
	}
	reach_done(&r);
	return v;
}

struct pass_by *explain_neighbour(struct explanation *x, const struct link_fact *out, const struct inet *next,
				  size_t *ret_n, bool *ret_known)
{
	const struct neighbor_fact *fixed = fixed_neighbor(x, out, next);
	struct reach r = { 0 };
	struct pass_by *v = search(x, out, next, fixed, &r, ret_n);

	if (!v) {
		reach_done(&r);
		r = (struct reach){ .blocked = true };
		v = search(x, out, next, fixed, &r, ret_n);
	}
	if (!v)
		v = search_loose(x, out, next, fixed, &r, ret_n);
	if (!v && fixed)
		nobody_has_mac(x, &r, out, next, fixed->mac);
	else if (!v)
		nobody(x, &r, out, next);
	reach_done(&r);
	*ret_known = fixed;
	return v;
}
