/* SPDX-License-Identifier: MIT */
/* check_size.c - packets that fit one interface and not the next. */
#include "check.h"

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
