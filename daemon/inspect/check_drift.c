/* SPDX-License-Identifier: MIT */
/* check_drift.c - what topologies declare and the kernel does not have.  What is missing only because something else is
 * missing is not named: the command that repairs the one restores the other. */
#include "check.h"
#include <sys/socket.h>

/* The drift that is looked at, and where it is. */
struct drifting {
	const struct topology_fact *t;
	const struct drift_fact *drift;
	char netns[80], link[80]; /* link: empty if it is about the namespace */
	size_t topology, i;
};

/* The next one of @kind, NULL: of any; from a zeroed @at. */
static bool next_drift(const struct diagnosis *d, const char *kind, struct drifting *at)
{
	for (; at->topology < d->f->n_topologies; at->topology++, at->i = 0) {
		at->t = &d->f->topologies[at->topology];
		while (at->i < at->t->n_drifts) {
			const char *slash;

			at->drift = &at->t->drifts[at->i++];
			if (!at->drift->open || (kind && strcmp(at->drift->kind, kind) != 0))
				continue;
			slash = strchr(at->drift->object, '/');
			snprintf(at->netns, sizeof(at->netns), "%.*s",
				 slash ? (int)(slash - at->drift->object) : (int)sizeof(at->netns) - 1,
				 at->drift->object);
			snprintf(at->link, sizeof(at->link), "%s", slash ? slash + 1 : "");
			return true;
		}
	}
	return false;
}

static bool is_there(const struct diagnosis *d, const char *netns)
{
	const struct netns_fact *n = facts_netns(d->f, netns);

	return n && n->there;
}

/* The link "NS/IF", if it is there. */
static const struct link_fact *link_at(const struct diagnosis *d, const char *place, const struct netns_fact **ret)
{
	const char *slash = strchr(place, '/');
	const struct netns_fact *n;
	char netns[80];

	snprintf(netns, sizeof(netns), "%.*s", slash ? (int)(slash - place) : 0, place);
	n = facts_netns(d->f, netns);
	if (ret)
		*ret = n;
	return n && slash ? survey_link_named(&n->s, slash + 1) : NULL;
}

static const char *peer_of(struct diagnosis *d, const struct topology_fact *t, const char *netns, const char *link)
{
	char me[160];

	snprintf(me, sizeof(me), "%.79s/%.79s", netns, link);
	for (size_t i = 0; i < t->n_links; i++) {
		const struct declared_link *l = &t->links[i];

		if (!strcmp(l->netns, netns) && !strcmp(l->name, link) && l->peer)
			return l->peer;
		/* Only one end has to say it. */
		if (l->peer && !strcmp(l->peer, me))
			return arena_fmt(&d->arena, "%s/%s", l->netns, l->name);
	}
	return NULL;
}

static struct finding *add(struct diagnosis *d, const struct check *c, const struct drifting *at, const char *message)
{
	struct finding *f = finding_add(d, c, &(struct at){ 0 }, "%s", message);

	f->topology = at->t->name;
	f->object = at->drift->object;
	finding_command(d, f, "netnsctl up %s", at->t->name);
	return f;
}

void judge_namespace_missing(struct diagnosis *d, const struct check *c)
{
	struct drifting at = { 0 };

	while (next_drift(d, "namespace", &at))
		if (!at.drift->actual && !is_there(d, at.netns))
			add(d, c, &at, "the namespace is gone");
}

/* Whether its peer is there, connected to something else. */
static bool is_elsewhere(struct diagnosis *d, const struct drifting *at)
{
	const char *peer = peer_of(d, at->t, at->netns, at->link);

	return peer && link_at(d, peer, NULL);
}

/* Of a pair of which both ends are gone, only the first is named. */
static bool is_second(struct diagnosis *d, const struct drifting *at)
{
	const char *peer = peer_of(d, at->t, at->netns, at->link);
	struct drifting other = { 0 };

	while (peer && next_drift(d, "link", &other))
		if (!other.drift->actual && !strcmp(other.drift->object, peer))
			return strcmp(peer, at->drift->object) < 0;
	return false;
}

void judge_link_missing(struct diagnosis *d, const struct check *c)
{
	struct drifting at = { 0 };

	while (next_drift(d, "link", &at)) {
		const char *peer = peer_of(d, at.t, at.netns, at.link);

		if (at.drift->actual || !is_there(d, at.netns) || link_at(d, at.drift->object, NULL) ||
		    is_elsewhere(d, &at) || is_second(d, &at))
			continue;
		/* It went with the namespace of its peer. */
		if (peer && !is_there(d, arena_fmt(&d->arena, "%.*s", (int)strcspn(peer, "/"), peer)))
			continue;
		add(d, c, &at,
		    peer ? arena_fmt(&d->arena, "the interface is gone, and %s with it", peer)
			 : "the interface is gone");
	}
}

void judge_far_end(struct diagnosis *d, const struct check *c)
{
	struct drifting at = { 0 };

	while (next_drift(d, "link", &at)) {
		const char *peer = peer_of(d, at.t, at.netns, at.link);
		const struct netns_fact *n, *there;
		const struct link_fact *own = peer ? link_at(d, at.drift->object, &n) : NULL, *other;
		struct finding *f;

		if (!own || own->class != LINK_PAIR || link_at(d, peer, NULL))
			continue;
		other = facts_peer(d->f, own, &there);
		f = add(d, c, &at,
			arena_fmt(&d->arena, "its other end is %s, and not %s",
				  other ? place_of(d, there, other) : "in a namespace without a name", peer));
		if (!other)
			continue;
		if (there->place == PLACE_FOREIGN)
			f->veiled = arena_fmt(&d->arena, "its other end is not %s: root sees which", peer);
		if (!strchr(peer, '/') || !is_there(d, arena_fmt(&d->arena, "%.*s", (int)strcspn(peer, "/"), peer)))
			continue;
		if (!strncmp(peer, "host/", 5))
			finding_ip(d, f, there, "link set %s netns 1", word_of(d, other->name));
		else
			finding_ip(d, f, there, "link set %s netns %.*s", word_of(d, other->name),
				   (int)strcspn(peer, "/"), peer);
	}
}

/* Whether the link is gone, down, or not the declared one. */
static bool is_link_broken(const struct diagnosis *d, const char *netns, const char *link)
{
	const struct netns_fact *n = facts_netns(d->f, netns);
	const struct link_fact *l = n && n->there ? survey_link_named(&n->s, link) : NULL;

	return !l || !l->up || drift_of(d, "link", netns, link, false);
}

void judge_address_missing(struct diagnosis *d, const struct check *c)
{
	struct drifting at = { 0 };

	while (next_drift(d, "address", &at))
		if (at.drift->expected && !is_link_broken(d, at.netns, at.link))
			add(d, c, &at,
			    at.drift->actual ? arena_fmt(&d->arena, "the address %s is %s there", at.drift->expected,
							 at.drift->actual)
					     : arena_fmt(&d->arena, "the address %s is missing", at.drift->expected));
}

/* Routes leave with their link and with the address that covers their gateway. */
static bool has_lost_more(const struct diagnosis *d, const char *netns)
{
	struct drifting at = { 0 };

	while (next_drift(d, NULL, &at))
		if (!strcmp(at.netns, netns) && *at.link &&
		    (!strcmp(at.drift->kind, "address") ||
		     (!strcmp(at.drift->kind, "link") && is_link_broken(d, netns, at.link))))
			return true;
	return !is_there(d, netns);
}

/* The route that came with an address is added again by hand: netnsctl up looks at what is declared only. */
static void command_of_network(struct diagnosis *d, struct finding *f, const struct drifting *at)
{
	const struct netns_fact *n;
	const struct link_fact *l = link_at(d, at->drift->object, &n);
	size_t size = strcspn(at->drift->expected, " ");

	for (size_t i = 0; l && i < n->s.n_addresses; i++) {
		const struct address_fact *a = &n->s.addresses[i];
		const struct inet net = inet_net(a->peer.family ? &a->peer : &a->address);
		char text[64];

		inet_text(&net, false, text);
		if (a->link != l->index || strlen(text) != size || strncmp(text, at->drift->expected, size) != 0)
			continue;
		finding_ip(d, f, n, "route add %s dev %s proto kernel%s%s", at->drift->expected, word_of(d, l->name),
			   net.family == AF_INET ? " scope link src " : "",
			   net.family == AF_INET ? ip_of(d, &a->address) : "");
		return;
	}
}

/* netnsd may not have looked again since somebody added it. */
static bool is_back(const struct diagnosis *d, const struct drifting *at)
{
	const struct netns_fact *n;
	const struct link_fact *l = *at->link ? link_at(d, at->drift->object, &n) : NULL;
	size_t size = strcspn(at->drift->expected, " ");

	for (size_t i = 0; l && i < n->s.n_routes; i++) {
		char text[64];

		inet_text(&n->s.routes[i].to, false, text);
		if (n->s.routes[i].link == l->index && strlen(text) == size &&
		    !strncmp(text, at->drift->expected, size))
			return true;
	}
	return false;
}

void judge_route_missing(struct diagnosis *d, const struct check *c)
{
	struct drifting at = { 0 };

	while (next_drift(d, "route", &at)) {
		struct finding *f = NULL;

		if (!at.drift->actual && !has_lost_more(d, at.netns) && !is_back(d, &at))
			f = add(d, c, &at, arena_fmt(&d->arena, "the route %s is missing", at.drift->expected));
		if (f && *at.link)
			command_of_network(d, f, &at);
	}
}

/* Whether it left its master because that is gone. */
static bool lost_master(const struct netns_fact *n, const struct drift_fact *drift)
{
	const char *at = field_value(drift->expected, "master");
	char name[80];

	if (!at)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, ","), at);
	return !survey_link_named(&n->s, name);
}

/* What another check has a word for. */
static bool is_named(const struct diagnosis *d, const struct drifting *at)
{
	const struct netns_fact *n = facts_netns(d->f, at->netns);
	const struct link_fact *l = n && *at->link ? survey_link_named(&n->s, at->link) : NULL, *peer, *master;

	if (!n || !n->there)
		return true;
	if (!strcmp(at->drift->kind, "namespace"))
		return !at->drift->actual || is_router(n);
	if (is_udevs(d, at->drift))
		return true;
	if (strcmp(at->drift->kind, "link") != 0)
		return false;
	peer = l ? facts_peer(d->f, l, NULL) : NULL;
	master = l && l->master ? survey_link(&n->s, l->master) : NULL;
	/* Its peer is another one, its master is gone, it is down, or of another size than these. */
	return !l || !l->up || field_value(at->drift->expected, "peer") || lost_master(n, at->drift) ||
	       (peer && peer->mtu != l->mtu) || (master && master->class == LINK_BRIDGE && master->mtu != l->mtu);
}

void judge_changed(struct diagnosis *d, const struct check *c)
{
	struct drifting at = { 0 };

	while (next_drift(d, NULL, &at)) {
		const struct drift_fact *drift = at.drift;

		if (!strcmp(drift->kind, "address") && drift->expected)
			continue;
		if ((!strcmp(drift->kind, "route") && !drift->actual) || is_named(d, &at))
			continue;
		add(d, c, &at,
		    !drift->actual     ? arena_fmt(&d->arena, "%s %s is missing", drift->kind, drift->expected)
		    : !drift->expected ? arena_fmt(&d->arena, "%s %s is not declared", drift->kind, drift->actual)
				       : arena_fmt(&d->arena, "%s is %s, declared %s", drift->kind, drift->actual,
						   drift->expected));
	}
}

void judge_contested(struct diagnosis *d, const struct check *c)
{
	for (size_t t = 0; t < d->f->n_topologies; t++)
		for (size_t i = 0; i < d->f->topologies[t].n_drifts; i++) {
			const struct drift_fact *one = &d->f->topologies[t].drifts[i];
			struct finding *f;

			if (!one->contested)
				continue;
			f = finding_add(d, c, &(struct at){ 0 }, "%s %s is changed again and again%s%s", one->kind,
					one->expected ?: one->actual ?: "", one->by ? " by " : "", one->by ?: "");
			f->topology = d->f->topologies[t].name;
			f->object = one->object;
			finding_command(d, f, "netnsctl log %s", f->topology);
		}
}

void judge_not_up(struct diagnosis *d, const struct check *c)
{
	for (size_t t = 0; t < d->f->n_topologies; t++) {
		const struct topology_fact *one = &d->f->topologies[t];
		struct finding *f;

		if ((!one->failed && !one->waiting) || lacks_module(one))
			continue;
		f = finding_add(d, c, &(struct at){ 0 }, "the topology %s%s%s",
				one->failed ? "has failed" : "is waiting", one->problem ? ": " : "",
				one->problem ?: "");
		f->topology = f->object = one->name;
		finding_command(d, f, "netnsctl status %s", one->name);
	}
}
