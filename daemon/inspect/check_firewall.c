/* SPDX-License-Identifier: MIT */
/* check_firewall.c - what chains of other programs stop: an accept of netnsd's is no use against them. */
#include "check.h"
#include "model/model.h"
#include <linux/netfilter.h>

static void add(struct diagnosis *d, const struct check *c, const struct netns_fact *n, const struct chain_fact *chain,
		const char *what)
{
	struct finding *f;

	f = finding_add(d, c, &(struct at){ n, NULL },
			chain->legacy ? "%s meets %s of another program: %s, table %s, chain %s"
				      : "%s meets %s of another program: table %s %s, chain %s",
			what, chain->how, chain->family, chain->table, chain->chain);
	f->veiled = arena_fmt(&d->arena, "%s meets %s of another program: root sees where", what, chain->how);
	finding_command(d, f, chain->legacy ? "%s%s -t %s -S %s" : "%snft list chain %s %s %s",
			netns_exec(&d->arena, n->name), chain->family, word_of(d, chain->table),
			word_of(d, chain->chain));
}

static bool has_bridge(const struct diagnosis *d, const struct netns_fact *n)
{
	for (size_t i = 0; i < n->s.n_links; i++) {
		const struct at at = { n, &n->s.links[i] };

		if (at.l->master && is_declared(d, &at)) {
			const struct link_fact *master = survey_link(&n->s, at.l->master);

			if (master && master->class == LINK_BRIDGE)
				return true;
		}
	}
	return false;
}

void judge_firewall_forward(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];
		bool routes = is_router(n), bridges = has_bridge(d, n);

		for (size_t k = 0; k < n->s.n_chains && (routes || bridges); k++) {
			const struct chain_fact *chain = &n->s.chains[k];

			if (chain->hook == NF_INET_FORWARD && chain->how && (chain->bridged ? bridges : routes))
				add(d, c, n, chain, "what is forwarded");
		}
	}
}

static bool has_declared_address(const struct diagnosis *d, const struct netns_fact *n)
{
	for (size_t i = 0; i < n->s.n_addresses; i++) {
		const struct at at = { n, survey_link(&n->s, n->s.addresses[i].link) };

		if (at.l && !at.l->loopback && is_declared(d, &at))
			return true;
	}
	return false;
}

void judge_firewall_input(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];

		for (size_t k = 0; k < n->s.n_chains; k++) {
			const struct chain_fact *chain = &n->s.chains[k];

			if (chain->hook == NF_INET_LOCAL_IN && chain->how && !chain->bridged &&
			    has_declared_address(d, n))
				add(d, c, n, chain, "what arrives");
		}
	}
}

void judge_bridge_nf(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];

		/* Of a router the chain is named anyway. */
		for (size_t k = 0; k < n->s.n_chains && has_bridge(d, n) && !is_router(n); k++) {
			const struct chain_fact *chain = &n->s.chains[k];
			bool v6 = !strcmp(chain->family, "ip6");

			if (chain->hook != NF_INET_FORWARD || !chain->how || chain->bridged ||
			    !(v6 ? n->s.bridge_nf6 : n->s.bridge_nf4))
				continue;
			add(d, c, n, chain, "what is bridged");
			finding_sysctl(
				d, &d->v[d->n - 1], n,
				v6 ? "net.bridge.bridge-nf-call-ip6tables" : "net.bridge.bridge-nf-call-iptables", "0");
			break;
		}
	}
}

void judge_legacy_tables(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];

		if (n->s.legacy_tables && is_router(n))
			finding_command(d,
					finding_add(d, c, &(struct at){ n, NULL },
						    "iptables-legacy has rules here, which nft does not show"),
					"%siptables-legacy -S FORWARD", netns_exec(&d->arena, n->name));
	}
}
