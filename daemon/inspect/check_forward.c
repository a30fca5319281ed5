/* SPDX-License-Identifier: MIT */
/* check_forward.c - routers that do not forward, and packets that arrive where they are not expected. */
#include "check.h"
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* What its topologies say: it forwards, or translates. */
static bool says(const struct netns_fact *n, bool v6)
{
	for (size_t i = 0; i < n->n_words; i++)
		if (v6 ? n->words[i]->forwards6 : n->words[i]->forwards4)
			return true;
	return false;
}

static bool translates(const struct netns_fact *n)
{
	for (size_t i = 0; i < n->n_words; i++)
		if (n->words[i]->masquerades || n->words[i]->n_port_forwards)
			return true;
	return false;
}

void judge_forwarding_off(struct diagnosis *d, const struct check *c)
{
	static const struct {
		const char *name, *key;
	} families[] = { { "IPv4", "net.ipv4.ip_forward" }, { "IPv6", "net.ipv6.conf.all.forwarding" } };

	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];

		for (int v6 = 0; v6 < 2 && n->there; v6++) {
			/* Who only translates is told by nat-without-forwarding. */
			bool meant =
				says(n, v6) || ((v6 ? n->gateway6 : n->gateway4) && is_router(n) && !translates(n));

			if (!meant || (v6 ? n->s.forwards6 : n->s.forwards4))
				continue;
			finding_sysctl(d,
				       finding_add(d, c, &(struct at){ n, NULL }, "%s is not forwarded%s",
						   families[v6].name,
						   says(n, v6) ? "" : ", though others have their gateway here"),
				       n, families[v6].key, "1");
		}
	}
}

void judge_nat_not_forwarded(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];

		if (n->there && translates(n) && !n->s.forwards4 && !n->s.forwards6 && !says(n, false) &&
		    !says(n, true))
			finding_sysctl(d,
				       finding_add(d, c, &(struct at){ n, NULL },
						   "addresses are translated, and nothing is forwarded"),
				       n, "net.ipv4.ip_forward", "1");
	}
}

/* The address of @from whose packets come in at @in, and whose answers leave by another link. */
static const struct address_fact *asymmetric(const struct at *in, const struct netns_fact *from,
					     const struct route_fact **ret)
{
	for (size_t i = 0; i < from->s.n_addresses; i++) {
		const struct address_fact *a = &from->s.addresses[i];
		const struct link_fact *l = survey_link(&from->s, a->link);

		if (a->address.family != AF_INET || !l || l->loopback || l->segment == in->l->segment)
			continue;
		*ret = route_to(in->n, &a->address);
		if (*ret && (*ret)->link != in->l->index && survey_link(&in->n->s, (*ret)->link))
			return a;
	}
	return NULL;
}

static bool sends_to(const struct netns_fact *from, const struct at *to)
{
	for (size_t i = 0; i < from->s.n_routes; i++)
		if (from->s.routes[i].family == AF_INET && from->s.routes[i].via.family &&
		    has_address(to->n, to->l, &from->s.routes[i].via))
			return true;
	return false;
}

static bool is_strict(const struct at *at)
{
	uint8_t value = at->l->rp_filter > at->n->s.rp_filter ? at->l->rp_filter : at->n->s.rp_filter;

	return value == 1 && at->l->up && !at->l->loopback;
}

void judge_rp_filter(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at)) {
		size_t n = 0;
		const struct located *v = is_strict(&at) ? facts_segment(d->f, at.l->segment, &n) : NULL;

		for (size_t i = 0; i < n; i++) {
			const struct netns_fact *from = v[i].n;
			const struct route_fact *back = NULL;
			const struct address_fact *a;
			struct finding *f;

			if (from == at.n || from->place == PLACE_FOREIGN || !sends_to(from, &at))
				continue;
			a = asymmetric(&at, from, &back);
			if (!a)
				continue;
			f = finding_add(d, c, &at,
					"rp_filter drops packets from %s (%s), as the way back to it leads by %s",
					ip_of(d, &a->address), from->name, survey_link(&at.n->s, back->link)->name);
			/* The larger of the two counts, and 2 is larger than 1. */
			finding_sysctl(d, f, at.n,
				       arena_fmt(&d->arena, "net/ipv4/conf/%s/rp_filter", word_of(d, at.l->name)), "2");
			break;
		}
	}
}

void judge_accept_ra(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at))
		if (at.l->has_ipv6 && !at.l->loopback && at.l->accept_ra == 1 && at.l->forwards6)
			finding_sysctl(
				d, finding_add(d, c, &at, "router advertisements are ignored while IPv6 is forwarded"),
				at.n, arena_fmt(&d->arena, "net/ipv6/conf/%s/accept_ra", word_of(d, at.l->name)), "2");
}

/* The link whose network the address is in. */
static const struct link_fact *link_towards(const struct netns_fact *n, const struct inet *to)
{
	for (size_t i = 0; i < n->s.n_addresses; i++) {
		const struct inet net = inet_net(&n->s.addresses[i].address);

		if (net.family == to->family && inet_covers(&net, to))
			return survey_link(&n->s, n->s.addresses[i].link);
	}
	return NULL;
}

void judge_port_forward_nobody(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++)
		for (size_t w = 0; w < d->f->netns[i].n_words; w++)
			for (size_t k = 0; k < d->f->netns[i].words[w]->n_port_forwards; k++) {
				const struct netns_fact *n = &d->f->netns[i];
				const struct inet *to = &n->words[w]->port_forwards[k].to;
				const struct link_fact *l = link_towards(n, to);
				size_t found;

				if (!l || d->f->segments[l->segment].open || d->f->segments[l->segment].unsettled ||
				    facts_located(d->f, l->segment, to, &found))
					continue;
				finding_add(d, c, &(struct at){ n, NULL },
					    "a port is forwarded to %s, which nobody has", ip_of(d, to));
			}
}
