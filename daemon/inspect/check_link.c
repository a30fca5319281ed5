/* SPDX-License-Identifier: MIT */
/* check_link.c - interfaces that are down, and gateways. */
#include "check.h"
#include "model/model.h"
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

void judge_link_down(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at))
		if (!at.l->up && !at.l->loopback && !is_meant_down(&at))
			finding_ip(d, finding_add(d, c, &at, "the interface is down"), at.n, "link set %s up",
				   word_of(d, at.l->name));
}

void judge_loopback_down(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at))
		if (!at.l->up && at.l->loopback && at.n->place == PLACE_OURS)
			finding_ip(d, finding_add(d, c, &at, "the loopback is down"), at.n, "link set lo up");
}

static size_t count_ports(const struct at *at)
{
	size_t n = 0;

	for (size_t i = 0; i < at->n->s.n_links; i++)
		n += at->n->s.links[i].master == at->l->index;
	return n;
}

static bool has_any_address(const struct at *at)
{
	for (size_t i = 0; i < at->n->s.n_addresses; i++)
		if (at->n->s.addresses[i].link == at->l->index && at->n->s.addresses[i].scope != RT_SCOPE_LINK)
			return true;
	return false;
}

/* Why there is none, with the command; NULL: another check says it. */
static const char *carrier_reason(struct diagnosis *d, const struct at *at, const char **ret_veiled,
				  const char **ret_command)
{
	const struct netns_fact *there;
	const struct link_fact *peer = facts_peer(d->f, at->l, &there);
	const struct at other = { there, peer };
	const struct drift_fact *drift;

	if (at->l->class == LINK_BRIDGE) {
		/* One that waits for its first port, without an address, serves nobody. */
		if (count_ports(at) || !has_any_address(at))
			return NULL;
		return "no carrier: the bridge has no port";
	}
	if (at->l->class != LINK_PAIR)
		return "no carrier";
	if (!peer)
		return drift_of(d, "link", at->n->name, at->l->name, false)
			       ? NULL
			       : "no carrier: its other end is in no namespace that has a name";
	/* What it is connected to instead is said already. */
	drift = drift_of(d, "link", at->n->name, at->l->name, false);
	if (peer->up || (drift && field_value(drift->expected, "peer")) ||
	    (is_declared(d, &other) && !is_meant_down(&other)))
		return NULL;
	*ret_command =
		arena_fmt(&d->arena, "%s link set %s up", netns_ip(&d->arena, there->name), word_of(d, peer->name));
	*ret_veiled =
		there->place == PLACE_FOREIGN ? "no carrier: its other end, in a namespace of others, is down" : NULL;
	return arena_fmt(&d->arena, "no carrier: its other end, %s, is down", place_of(d, there, peer));
}

void judge_no_carrier(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at)) {
		const char *command = NULL, *veiled = NULL, *reason;
		struct finding *f;

		if (!at.l->up || at.l->carrier || is_meant_down(&at))
			continue;
		reason = carrier_reason(d, &at, &veiled, &command);
		if (!reason)
			continue;
		f = finding_add(d, c, &at, "%s", reason);
		f->veiled = veiled;
		f->command = command;
	}
}

/* ---- gateways ---- */

static bool is_anybodys(const struct diagnosis *d, uint32_t segment, const struct inet *address)
{
	size_t n;

	return facts_located(d->f, segment, address, &n);
}

/* The routes with a gateway, in namespaces that topologies have made or manage; from zero.  Of several in a row with the
 * same gateway, as routers have them, the first. */
static bool next_gateway(const struct diagnosis *d, struct at *at, size_t *i, const struct route_fact **ret)
{
	at->n = at->n ? at->n : d->f->netns;
	for (; at->n < d->f->netns + d->f->n_netns; at->n++, *i = 0)
		while (*i < at->n->s.n_routes) {
			const struct route_fact *r = &at->n->s.routes[(*i)++];

			if (*i > 1 && same_ip(&r->via, &r[-1].via) && r->link == r[-1].link)
				continue;
			at->l = r->via.family ? gateway_link(at->n, r) : NULL;
			if (at->l && at->l->up && is_declared(d, at)) {
				*ret = r;
				return true;
			}
		}
	return false;
}

void judge_gateway_nobody(struct diagnosis *d, const struct check *c)
{
	const struct route_fact *r;
	struct at at = { 0 };
	size_t i = 0;

	while (next_gateway(d, &at, &i, &r)) {
		struct finding *f;

		if (inet_is_link_local(&r->via) || is_anybodys(d, at.l->segment, &r->via) ||
		    d->f->segments[at.l->segment].open || d->f->segments[at.l->segment].unsettled)
			continue;
		f = finding_add(d, c, &at, "the gateway %s is nobody's address: nothing on this network has it",
				ip_of(d, &r->via));
		finding_ip(d, f, at.n, "route show dev %s", word_of(d, at.l->name));
	}
}

static bool has_failed(const struct at *at, const struct inet *address)
{
	for (size_t i = 0; i < at->n->s.n_neighbors; i++) {
		const struct neighbor_fact *n = &at->n->s.neighbors[i];

		if (n->link == at->l->index && n->state & NUD_FAILED && same_ip(&n->address, address))
			return true;
	}
	return false;
}

void judge_gateway_silent(struct diagnosis *d, const struct check *c)
{
	const struct route_fact *r;
	struct at at = { 0 };
	size_t i = 0;

	while (next_gateway(d, &at, &i, &r)) {
		struct finding *f;

		if (!has_failed(&at, &r->via) || !at.l->carrier ||
		    (!d->f->segments[at.l->segment].open && !is_anybodys(d, at.l->segment, &r->via)))
			continue;
		f = finding_add(d, c, &at, "the gateway %s does not answer", ip_of(d, &r->via));
		finding_ip(d, f, at.n, "neigh flush to %s dev %s", ip_of(d, &r->via), word_of(d, at.l->name));
	}
}

/* Whether the namespace has a way to anything but its own networks. */
static bool has_gateway(const struct netns_fact *n)
{
	for (size_t i = 0; i < n->s.n_routes; i++)
		if (n->s.routes[i].via.family || n->s.routes[i].hops > 1 || n->s.routes[i].protocol != RTPROT_KERNEL)
			return true;
	return is_cut(n, SURVEY_ROUTES);
}

void judge_no_gateway(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at)) {
		const struct netns_fact *router;
		const struct link_fact *far = facts_peer(d->f, at.l, &router);
		struct inet to = { .family = AF_INET, .len = 32 };

		if (!far || at.n->place != PLACE_OURS || router->place != PLACE_OURS || !router->s.forwards4 ||
		    router->topology != at.n->topology || !is_router(router) || at.n->s.forwards4 ||
		    has_gateway(at.n) || !has_any_address(&at) || drift_of(d, "route", at.n->name, NULL, true))
			continue;
		for (size_t i = 0; i < router->s.n_addresses; i++)
			if (router->s.addresses[i].link == far->index &&
			    router->s.addresses[i].address.family == AF_INET)
				to = router->s.addresses[i].address;
		if (inet_is_unspecified(&to))
			continue;
		finding_ip(d,
			   finding_add(d, c, &at, "nothing leads through the router %s, which is at the other end",
				       router->name),
			   at.n, "route add default via %s", ip_of(d, &to));
	}
}
