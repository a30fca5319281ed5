/* SPDX-License-Identifier: MIT */
/* explain_arrival.c - what a namespace does with a packet: NAT, filters, and whether it is for itself or sent on. */
#include "check.h"
#include "explain.h"
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

static struct inet host_inet(uint8_t families, const uint8_t bytes[16])
{
	struct inet i = { .family = families == NFT_IPV6 ? AF_INET6 : AF_INET, .len = families == NFT_IPV6 ? 128 : 32 };

	memcpy(i.addr, bytes, families == NFT_IPV6 ? 16 : 4);
	return i;
}

/* One flow is followed: its addresses say which packet of it this is. */
static bool same_addresses(const struct flow *a, const struct flow *b)
{
	return same_ip(&a->from, &b->from) && same_ip(&a->to, &b->to);
}

/* ---- NAT ---- */

/* The translation that the namespace has for an answer, of which the destination is restored first. */
static const struct translation *known(const struct explanation *x)
{
	for (size_t i = x->n_translations; x->back && i--;) {
		const struct flow answer = flow_turned(&x->translations[i].after);

		if (x->translations[i].n == x->n && same_addresses(&answer, &x->flow))
			return &x->translations[i];
	}
	return NULL;
}

/* The one of this namespace and packet; a new one if there is none. */
static struct translation *translation_of(struct explanation *x, const struct flow *before)
{
	struct translation *t = x->n_translations ? &x->translations[x->n_translations - 1] : NULL;

	if (t && t->n == x->n && same_addresses(&t->after, before))
		return t;
	t = ARRAY_ADD(x, translations);
	*t = (struct translation){ x->n, *before, *before };
	return t;
}

/* The new destination of the first packet; @base says where.  Whether it has one. */
static bool translate_to(struct explanation *x, enum nft_base base)
{
	const struct flow before = x->flow;
	bool policy;
	const struct nft_rule *r = x->back ? NULL : explain_rule(x, base, NULL, &policy);
	char port[16] = "";

	if (!r || r->verb != NFT_DO_DNAT) {
		(void)explain_foreign_nat(x, base == NFT_PREROUTING ? NF_INET_PRE_ROUTING : NF_INET_LOCAL_OUT);
		return false;
	}
	x->flow.to = host_inet(r->target.families, r->target.from);
	if (r->map_n)
		x->flow.dport = (uint16_t)(r->target.port_from + x->flow.dport - r->map_from);
	else if (r->target.port_from)
		x->flow.dport = r->target.port_from;
	translation_of(x, &before)->after = x->flow;
	if (x->flow.dport != before.dport)
		snprintf(port, sizeof(port), " port %u", x->flow.dport);
	hop_add(x, HOP_ARRIVAL, HOP_PASSES, x->n, x->in, "NAT: to %s%s instead of %s", ip_of(&x->d, &x->flow.to), port,
		ip_of(&x->d, &before.to));
	return true;
}

/* The address that masquerade takes: one of the network of the next hop, else the first. */
static struct inet address_towards(const struct explanation *x, const struct link_fact *out, const struct inet *next)
{
	const struct inet *first = NULL;

	for (size_t i = 0; i < x->n->s.n_addresses; i++) {
		const struct address_fact *a = &x->n->s.addresses[i];

		if (a->link != out->index || a->address.family != next->family || a->scope >= RT_SCOPE_LINK)
			continue;
		if (inet_covers(&a->address, next))
			return a->address;
		if (!first)
			first = &a->address;
	}
	return first ? *first : x->flow.from;
}

static void translate_from(struct explanation *x, const struct link_fact *out, const struct inet *next)
{
	const struct flow before = x->flow;
	bool policy;
	const struct nft_rule *r = x->back ? NULL : explain_rule(x, NFT_POSTROUTING, out, &policy);

	if (!r || (r->verb != NFT_DO_MASQUERADE && r->verb != NFT_DO_SNAT)) {
		(void)explain_foreign_nat(x, NF_INET_POST_ROUTING);
		return;
	}
	x->flow.from =
		r->verb == NFT_DO_SNAT ? host_inet(r->target.families, r->target.from) : address_towards(x, out, next);
	x->flow.from.len = x->flow.from.family == AF_INET ? 32 : 128;
	translation_of(x, &before)->after = x->flow;
	hop_add(x, HOP_ARRIVAL, HOP_PASSES, x->n, out, "NAT: from %s instead of %s", ip_of(&x->d, &x->flow.from),
		ip_of(&x->d, &before.from));
}

/* An answer gets its source back when it leaves. */
static void restore_from(struct explanation *x, const struct translation *t)
{
	const struct inet before = x->flow.from;

	if (!t || same_ip(&before, &t->before.to))
		return;
	x->flow.from = t->before.to;
	x->flow.sport = t->before.dport;
	hop_add(x, HOP_ARRIVAL, HOP_PASSES, x->n, NULL, "NAT: from %s again instead of %s", ip_of(&x->d, &x->flow.from),
		ip_of(&x->d, &before));
}

/* ---- on it goes, or it has arrived ---- */

static void leave(struct explanation *x, const struct route_answer *a, const struct translation *t)
{
	const struct link_fact *out = survey_link(&x->n->s, a->out);
	const struct inet next = a->via.family ? a->via : x->flow.to;
	struct pass_by *v;
	bool known_for_good;
	size_t n;

	if (!out) {
		hop_add(x, HOP_ROUTE, HOP_UNKNOWN, x->n, NULL, "%s: its interface is not known", explain_entry(x, a));
		return;
	}
	hop_add(x, HOP_ROUTE, HOP_PASSES, x->n, NULL, "%s%s", explain_entry(x, a), x->in ? ", forwarded" : "");
	restore_from(x, t);
	translate_from(x, out, &next);
	v = explain_neighbour(x, out, &next, &n, &known_for_good);
	if (v)
		explain_link(x, v, n, known_for_good);
	free(v);
}

/* The answer goes back from here. */
static void turn(struct explanation *x)
{
	x->flow = flow_turned(&x->flow);
	x->back = true;
	x->in = NULL;
	x->target = x->origin;
	x->n_been = 0;
	x->mtu = 0;
}

static bool is_ping(const struct explanation *x)
{
	return x->flow.proto == IPPROTO_ICMP || x->flow.proto == IPPROTO_ICMPV6;
}

static void arrived(struct explanation *x)
{
	const struct link_fact *l = x->in;
	bool translated = false;

	for (size_t i = 0; i < x->n_translations; i++)
		translated |= !same_ip(&x->translations[i].before.to, &x->translations[i].after.to);

	if (x->n != x->target && x->target && (x->back || !translated)) {
		hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, l, "%s is an address here, too: it never gets to %s",
			ip_of(&x->d, &x->flow.to), x->target->name);
		return;
	}
	if (!x->back && is_ping(x) && (x->flow.to.family == AF_INET6 ? x->n->s.no_echo6 : x->n->s.no_echo4)) {
		hop_sysctl(x, hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, l, "does not answer pings"),
			   x->flow.to.family == AF_INET6 ? "net.ipv6.icmp.echo_ignore_all"
							 : "net.ipv4.icmp_echo_ignore_all",
			   "0");
		return;
	}
	hop_add(x, HOP_ARRIVAL, HOP_PASSES, x->n, l, "arrives: %s is here", ip_of(&x->d, &x->flow.to));
	if (x->back)
		x->done = true;
	else
		turn(x);
}

static bool loopback_is_down(struct explanation *x)
{
	for (size_t i = 0; i < x->n->s.n_links; i++)
		if (x->n->s.links[i].loopback && !x->n->s.links[i].up) {
			hop_ip(x, hop_add(x, HOP_LINK, HOP_BROKEN, x->n, &x->n->s.links[i], "is down"),
			       "link set %s up", word_of(&x->d, x->n->s.links[i].name));
			return true;
		}
	return false;
}

void explain_send(struct explanation *x)
{
	const struct translation *t = known(x);
	struct route_answer a;

	if (t)
		x->flow.to = t->before.from;
	/* The source is chosen for the first destination, and stays. */
	if (!explain_route(x, &a) || (translate_to(x, NFT_NAT_OUTPUT) && !explain_route(x, &a)))
		return;
	if (a.type != RTN_LOCAL) {
		if (explain_filter(x, NF_INET_LOCAL_OUT, NFT_OUTPUT, survey_link(&x->n->s, a.out)))
			leave(x, &a, t);
		return;
	}
	if (!loopback_is_down(x))
		arrived(x);
}

void explain_arrive(struct explanation *x)
{
	const struct translation *t;
	struct route_answer a;

	if (!explain_filter(x, NF_INET_PRE_ROUTING, NFT_RAW_PREROUTING, NULL))
		return;
	t = known(x);
	if (t && !same_ip(&x->flow.to, &t->before.from)) {
		hop_add(x, HOP_ARRIVAL, HOP_PASSES, x->n, x->in, "NAT: to %s again instead of %s",
			ip_of(&x->d, &t->before.from), ip_of(&x->d, &x->flow.to));
		x->flow.to = t->before.from;
		x->flow.dport = t->before.sport;
	}
	(void)translate_to(x, NFT_PREROUTING);
	if (!explain_route(x, &a))
		return;
	if (a.type == RTN_LOCAL) {
		if (explain_filter(x, NF_INET_LOCAL_IN, NFT_INPUT, NULL)) {
			/* What was translated on this machine alone is for its own process. */
			restore_from(x, t);
			arrived(x);
		}
		return;
	}
	if (explain_filter(x, NF_INET_FORWARD, NFT_FORWARD, survey_link(&x->n->s, a.out)))
		leave(x, &a, t);
}
