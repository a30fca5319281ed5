/* SPDX-License-Identifier: MIT */
/* explain_link.c - the links that a packet passes on its way to the next namespace: up, with a carrier, and bridges that
 * let it through. */
#include "check.h"
#include "explain.h"
#include "reach.h"
#include <linux/if_bridge.h>
#include <linux/netfilter.h>
#include <sys/socket.h>

/* A VLAN goes down with the link below it. */
static const struct link_fact *cause_of(const struct pass_by *at)
{
	const struct link_fact *lower =
		at->l->class == LINK_CHILD && at->l->lower_nsid < 0 ? survey_link(&at->n->s, at->l->lower) : NULL;

	return lower && !lower->up ? lower : at->l;
}

static bool link_is_broken(struct explanation *x, const struct pass_by *at)
{
	const struct link_fact *l = cause_of(at);
	struct hop *h;

	if (!at->l->up) {
		h = hop_add(x, HOP_LINK, HOP_BROKEN, at->n, l, "is down");
		hop_up(x, h, l);
		if (!h->command)
			hop_ip(x, h, "link set %s up", word_of(&x->d, l->name));
		return true;
	}
	return false;
}

/* The spanning tree goes another way, or has not made up its mind. */
static bool port_is_blocked(struct explanation *x, const struct pass_by *at)
{
	if (!at->l->master || !reach_is_blocked(at->l))
		return false;
	hop_add(x, HOP_LINK, HOP_BROKEN, at->n, at->l, "is a port that the spanning tree of its bridge %s",
		at->l->port_state == BR_STATE_BLOCKING ? "blocks" : "does not let send yet");
	return true;
}

static bool has_station(const struct pass_by *port, const struct link_fact *sender)
{
	for (size_t i = 0; i < port->n->s.n_stations; i++)
		if (port->n->s.stations[i].link == port->l->index &&
		    !memcmp(port->n->s.stations[i].mac, sender->mac, sizeof(sender->mac)))
			return true;
	return port->n->s.cut & 1U << SURVEY_STATIONS || !sender->has_mac;
}

/* Somebody has switched it off: a port that is down, or whose bridge is, is reported as that. */
static bool port_is_disabled(struct explanation *x, const struct pass_by *at)
{
	const struct link_fact *bridge = at->l->master ? survey_link(&at->n->s, at->l->master) : NULL;
	struct hop *h;

	if (!bridge || bridge->class != LINK_BRIDGE || !bridge->up || !at->l->carrier ||
	    at->l->port_state != BR_STATE_DISABLED)
		return false;
	h = hop_add(x, HOP_LINK, HOP_BROKEN, at->n, at->l, "is a port that is disabled in its bridge %s", bridge->name);
	hop_up(x, h, at->l);
	if (!h->command)
		h->command = arena_fmt(&x->d.arena, "%sbridge link set dev %s state %d",
				       netns_exec(&x->d.arena, at->n->name), word_of(&x->d, at->l->name),
				       BR_STATE_FORWARDING);
	return true;
}

/* A bridge sends nothing back to the port that it comes from, which it takes the receiver to be behind. */
static bool macs_are_equal(struct explanation *x, const struct pass_by *sender, const struct pass_by *receiver)
{
	const uint8_t *m = sender->l->mac;
	struct hop *h;

	if (!sender->l->has_mac || !receiver->l->has_mac || memcmp(m, receiver->l->mac, sizeof(sender->l->mac)) != 0)
		return false;
	h = hop_add(
		x, HOP_LINK, HOP_BROKEN, receiver->n, receiver->l,
		"has the MAC address %02x:%02x:%02x:%02x:%02x:%02x, as %s: a bridge between them cannot tell them apart",
		m[0], m[1], m[2], m[3], m[4], m[5], place_of(&x->d, sender->n, sender->l));
	if (sender->n->place == PLACE_FOREIGN)
		h->veiled = "has the MAC address of the sender: a bridge between them cannot tell them apart";
	hop_up(x, h, receiver->l);
	return true;
}

/* A locked port takes frames of known stations only. */
static bool port_is_locked(struct explanation *x, const struct pass_by *at, const struct link_fact *sender)
{
	const uint8_t *m = sender->mac;
	struct hop *h;

	if (!at->l->locked || has_station(at, sender))
		return false;
	h = hop_add(x, HOP_LINK, HOP_BROKEN, at->n, at->l,
		    "is a locked port, and %02x:%02x:%02x:%02x:%02x:%02x is not in its forwarding entries", m[0], m[1],
		    m[2], m[3], m[4], m[5]);
	hop_up(x, h, at->l);
	return true;
}

static bool ports_are_isolated(struct explanation *x, const struct pass_by *from, const struct pass_by *to)
{
	struct hop *h;

	if (!from->l->isolated || !to->l->isolated)
		return false;
	h = hop_add(x, HOP_LINK, HOP_BROKEN, to->n, to->l, "is an isolated port, as %s: they do not reach each other",
		    from->l->name);
	hop_up(x, h, to->l);
	if (!h->command)
		h->command = arena_fmt(&x->d.arena, "%sbridge link set dev %s isolated off",
				       netns_exec(&x->d.arena, to->n->name), word_of(&x->d, to->l->name));
	return true;
}

/* What a bridge sends on passes these, of its own chains and of those of routers that it may call. */
static bool is_on_the_way(const struct chain_fact *c, bool calls)
{
	bool hook = c->hook == NF_INET_PRE_ROUTING || c->hook == NF_INET_FORWARD || c->hook == NF_INET_POST_ROUTING;

	return hook && !c->translates && (c->bridged || calls);
}

/* A bridge may send packets through the chains of routers. */
static bool bridge_is_filtered(struct explanation *x, const struct pass_by *at)
{
	bool v6 = x->flow.to.family == AF_INET6, calls = v6 ? at->n->s.bridge_nf6 : at->n->s.bridge_nf4;

	for (size_t i = 0; i < at->n->s.n_chains; i++) {
		const struct chain_fact *c = &at->n->s.chains[i];
		struct hop *h;

		if (!c->how || !is_on_the_way(c, calls))
			continue;
		h = hop_add(x, HOP_LINK, c->selects ? HOP_UNKNOWN : HOP_BROKEN, at->n, at->l,
			    "what is bridged meets %s of another program: table %s %s, chain %s", c->how, c->family,
			    c->table, c->chain);
		h->veiled =
			arena_fmt(&x->d.arena, "what is bridged meets %s of another program: root sees where", c->how);
		if (!c->bridged)
			hop_sysctl(x, h,
				   v6 ? "net.bridge.bridge-nf-call-ip6tables" : "net.bridge.bridge-nf-call-iptables",
				   "0");
		return true;
	}
	return false;
}

/* The ports of a bridge are told with it. */
static bool is_port(const struct pass_by *v, size_t n, size_t i)
{
	return (i && v[i - 1].l->class == LINK_BRIDGE && v[i - 1].n == v[i].n) ||
	       (i + 1 < n && v[i + 1].l->class == LINK_BRIDGE && v[i + 1].n == v[i].n);
}

/* Longer packets are no fault of the way: it is said from where on they do not pass.  Who forwards tells the sender, if they
 * must not be fragmented; a link in between drops them without a word. */
static void mention_mtu(struct explanation *x, const struct pass_by *v, size_t n, size_t i)
{
	const char *then = i                               ? ", and nobody is told"
			   : !x->in                        ? ""
			   : x->flow.to.family == AF_INET6 ? ", and their sender is told"
							   : " unless they may be fragmented";
	uint32_t mtu = v[i].l->mtu;

	/* That of a bridge is for what it sends itself. */
	if (!mtu || (x->mtu && mtu >= x->mtu) || (i && i + 1 < n && v[i].l->class == LINK_BRIDGE))
		return;
	if (x->mtu)
		hop_add(x, HOP_LINK, HOP_PASSES, v[i].n, v[i].l, "packets over %u bytes do not pass here%s", mtu, then);
	x->mtu = mtu;
}

/* One of those in between. */
static bool pass(struct explanation *x, struct vlan_walk *w, const struct pass_by *v, size_t n, size_t i)
{
	bool between = i && i + 1 < n;

	if (link_is_broken(x, &v[i]) || port_is_blocked(x, &v[i]) || port_is_disabled(x, &v[i]))
		return false;
	if (i && i + 1 < n && v[i + 1].l->index == v[i].l->master && v[i + 1].n == v[i].n &&
	    port_is_locked(x, &v[i], v[0].l))
		return false;
	if (!explain_vlan(x, w, v, n, i))
		return false;
	mention_mtu(x, v, n, i);
	if (between && v[i].l->class == LINK_BRIDGE && v[i - 1].n == v[i].n && v[i + 1].n == v[i].n) {
		if (ports_are_isolated(x, &v[i - 1], &v[i + 1]) || bridge_is_filtered(x, &v[i]) ||
		    macs_are_equal(x, &v[0], &v[n - 1]))
			return false;
		hop_add(x, HOP_LINK, HOP_PASSES, v[i].n, v[i].l, "bridged from %s to %s", v[i - 1].l->name,
			v[i + 1].l->name);
	} else if (i + 1 < n && !(between && is_port(v, n, i)) && v[i + 1].n != v[i].n) {
		struct hop *h = hop_add(x, HOP_LINK, HOP_PASSES, v[i].n, v[i].l, "to %s",
					place_of(&x->d, v[i + 1].n, v[i + 1].l));

		if (v[i + 1].n->place == PLACE_FOREIGN)
			h->veiled = "to a namespace of another program";
	}
	return true;
}

/* Who is asked for its MAC address answers on the same way: what VLANs do with that. */
static bool vlans_let_back(struct explanation *x, const struct pass_by *v, size_t n)
{
	_cleanup_(freep) struct pass_by *back = must(calloc(n, sizeof(*back)));
	struct vlan_walk w = { 0 };

	for (size_t i = 0; i < n; i++)
		back[i] = v[n - 1 - i];
	for (size_t i = 0; i < n; i++)
		if (!explain_vlan(x, &w, back, n, i))
			return false;
	return true;
}

void explain_link(struct explanation *x, const struct pass_by *v, size_t n, bool is_known)
{
	struct vlan_walk w = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!pass(x, &w, v, n, i))
			return;
	if (!is_known && !vlans_let_back(x, v, n))
		return;
	x->n = v[n - 1].n;
	x->in = v[n - 1].l;
}
