/* SPDX-License-Identifier: MIT */
/* check_size.c - packets that fit one interface and not the next. */
#include "check.h"
#include "model/model.h"
#include <sys/socket.h>

/* The end that a command makes as large as the other: an interface of others is left as it is. */
static void add(struct diagnosis *d, const struct check *c, const struct at *at, const struct at *other,
		const char *what)
{
	struct finding *f = finding_add(d, c, at, "mtu %u, %s %s has mtu %u", at->l->mtu, what,
					place_of(d, other->n, other->l), other->l->mtu);

	if (other->n->place == PLACE_FOREIGN)
		f->veiled =
			arena_fmt(&d->arena, "mtu %u, %s has mtu %u: root sees where", at->l->mtu, what, other->l->mtu);
	finding_ip(d, f, at->n, "link set %s mtu %u", word_of(d, at->l->name), other->l->mtu);
}

void judge_mtu_pair(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at)) {
		const struct netns_fact *n;
		const struct link_fact *peer = facts_peer(d->f, at.l, &n);
		const struct at other = { n, peer };

		if (!peer || peer->mtu == at.l->mtu)
			continue;
		/* Of two that are declared the larger one is named: packets of that size are what is lost. */
		if (is_declared(d, &other) && at.l->mtu < peer->mtu)
			continue;
		add(d, c, &at, &other, "its other end");
	}
}

void judge_mtu_bridge(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at)) {
		const struct link_fact *bridge = at.l->master ? survey_link(&at.n->s, at.l->master) : NULL;
		const struct link_fact *peer = facts_peer(d->f, at.l, NULL);

		/* If it differs from its other end, too, that is said already. */
		if (bridge && bridge->class == LINK_BRIDGE && bridge->mtu != at.l->mtu &&
		    (!peer || peer->mtu == at.l->mtu))
			add(d, c, &at, &(struct at){ at.n, bridge }, "its bridge");
	}
}

void judge_mtu_lower(struct diagnosis *d, const struct check *c)
{
	struct at at = { 0 };

	while (next_declared(d, &at)) {
		const struct link_fact *lower =
			at.l->lower && at.l->lower_nsid < 0 ? survey_link(&at.n->s, at.l->lower) : NULL;
		struct finding *f;

		if (!lower || (at.l->class != LINK_TUNNEL && at.l->class != LINK_CHILD) ||
		    at.l->mtu + at.l->overhead <= lower->mtu)
			continue;
		f = finding_add(d, c, &at, "mtu %u, and %u bytes of its own, do not fit %s with mtu %u", at.l->mtu,
				at.l->overhead, place_of(d, at.n, lower), lower->mtu);
		if (lower->mtu > at.l->overhead)
			finding_ip(d, f, at.n, "link set %s mtu %u", word_of(d, at.l->name),
				   lower->mtu - at.l->overhead);
	}
}

/* Once it has an address, all is well. */
static bool has_ipv4(const struct netns_fact *n, const struct link_fact *l)
{
	for (size_t i = 0; i < n->s.n_addresses; i++)
		if (n->s.addresses[i].link == l->index && n->s.addresses[i].address.family == AF_INET)
			return true;
	return false;
}

void judge_dhcp_checksum(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_dhcp; i++) {
		const struct dhcp_fact *dhcp = &d->f->dhcp[i];
		const struct netns_fact *n = &d->f->netns[dhcp->netns], *far = NULL;
		const struct at at = { n, &n->s.links[dhcp->link] };
		const struct link_fact *peer = facts_peer(d->f, at.l, &far);
		struct finding *f;

		if (!peer || !is_declared(d, &at) || has_ipv4(n, at.l))
			continue;
		f = finding_add(d, c, &at,
				"%s (pid %d) waits for an address, and %s sends packets with unfinished checksums",
				dhcp->command, dhcp->pid, place_of(d, far, peer));
		f->veiled = arena_fmt(&d->arena,
				      "a DHCP client waits for an address, and the other end sends packets with "
				      "unfinished checksums");
		finding_command(d, f, "%sethtool -K %s tx off", netns_exec(&d->arena, far->name),
				word_of(d, peer->name));
	}
}
