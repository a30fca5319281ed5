/* SPDX-License-Identifier: MIT */
/* explain_link.c - the links that a packet passes on its way to the next namespace: up, with a carrier, and bridges that
 * let it through. */
#include "check.h"
#include "explain.h"
#include <linux/netfilter.h>
#include <sys/socket.h>

static bool link_is_broken(struct explanation *x, const struct pass_by *at)
{
	struct hop *h;

	if (!at->l->up) {
		h = hop_add(x, HOP_LINK, HOP_BROKEN, at->n, at->l, "is down");
		hop_heal(x, h, at->l);
		if (!h->command)
			hop_ip(x, h, "link set %s up", word_of(&x->d, at->l->name));
		return true;
	}
	return false;
}

/* A bridge may send packets through the chains of routers. */
static bool bridge_is_filtered(struct explanation *x, const struct pass_by *at)
{
	bool v6 = x->flow.to.family == AF_INET6, calls = v6 ? at->n->s.bridge_nf6 : at->n->s.bridge_nf4;

	for (size_t i = 0; i < at->n->s.n_chains; i++) {
		const struct chain_fact *c = &at->n->s.chains[i];
		struct hop *h;

		if (c->hook != NF_INET_FORWARD || !c->how || (!c->bridged && !calls))
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

/* One of those in between. */
static bool pass(struct explanation *x, const struct pass_by *v, size_t n, size_t i)
{
	bool between = i && i + 1 < n;

	if (link_is_broken(x, &v[i]))
		return false;
	if (between && v[i].l->class == LINK_BRIDGE && v[i - 1].n == v[i].n && v[i + 1].n == v[i].n) {
		if (bridge_is_filtered(x, &v[i]))
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

void explain_link(struct explanation *x, const struct pass_by *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!pass(x, v, n, i))
			return;
	x->n = v[n - 1].n;
	x->in = v[n - 1].l;
}
