/* SPDX-License-Identifier: MIT */
/* check_address.c - addresses that two have, networks that overlap, and what duplicate address detection says. */
#include "check.h"
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

enum { TENTATIVE_USEC = 3 * 1000 * 1000 };

/* Both of them answer for it: neither is down, nor was it refused to one of them. */
static bool answers(const struct located *one)
{
	return one->l->up && !(one->a->flags & (IFA_F_DADFAILED | IFA_F_TENTATIVE));
}

/* A VLAN has the MAC of its link, and with it the same link-local address: each answers on its own network. */
static bool is_of_one_mac(const struct located *a, const struct located *b)
{
	return a->n == b->n && inet_is_link_local(&a->a->address);
}

void judge_address_twice(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 1; i < d->f->n_located; i++) {
		const struct located *a = &d->f->located[i - 1], *b = &d->f->located[i];
		const struct at first = { a->n, a->l }, second = { b->n, b->l };
		const struct at *own = is_declared(d, &first) ? &first : &second,
				*other = own == &first ? &second : &first;
		struct finding *f;

		if (a->segment != b->segment || !same_ip(&a->a->address, &b->a->address) || !answers(a) ||
		    !answers(b) || is_of_one_mac(a, b) || !is_declared(d, own))
			continue;
		f = finding_add(d, c, own, "%s has the address %s, too", place_of(d, other->n, other->l),
				ip_of(d, &a->a->address));
		if (other->n->place == PLACE_FOREIGN)
			f->veiled =
				arena_fmt(&d->arena, "a namespace of others has the address %s, too: root sees which",
					  ip_of(d, &a->a->address));
		finding_ip(d, f, other->n, "addr show dev %s", word_of(d, other->l->name));
	}
}

/* An address with its network, for sorting. */
struct network {
	struct inet net;
	const struct link_fact *l;
};

static int network_cmp(const void *a, const void *b)
{
	const struct network *x = a, *y = b;
	int r = (int)x->net.family - (int)y->net.family ?: memcmp(x->net.addr, y->net.addr, sizeof(x->net.addr));

	return r ? r : (int)x->net.len - (int)y->net.len;
}

/* Those of one routing table: not of VRFs, which may have the same networks. */
static size_t networks_of(const struct netns_fact *n, struct network *ret)
{
	size_t found = 0;

	for (size_t i = 0; i < n->s.n_addresses; i++) {
		const struct address_fact *a = &n->s.addresses[i];
		const struct link_fact *l = survey_link(&n->s, a->link),
				       *master = l && l->master ? survey_link(&n->s, l->master) : NULL;

		if (!l || !l->up || l->loopback || a->peer.family || a->scope == RT_SCOPE_LINK ||
		    a->address.len == (a->address.family == AF_INET ? 32 : 128) ||
		    (master && master->class == LINK_VRF))
			continue;
		ret[found++] = (struct network){ inet_net(&a->address), l };
	}
	qsort(ret, found, sizeof(*ret), network_cmp);
	return found;
}

static void judge_networks(struct diagnosis *d, const struct check *c, const struct netns_fact *n,
			   const struct network *v, size_t count)
{
	const struct network *outer = NULL;

	for (size_t i = 0; i < count; i++) {
		struct at at = { n, v[i].l }, other = { n, outer ? outer->l : NULL };
		char net[64], around[64];

		if (!outer || outer->net.family != v[i].net.family || !inet_covers(&outer->net, &v[i].net)) {
			outer = &v[i];
			continue;
		}
		if (outer->l == v[i].l || (!is_declared(d, &at) && !is_declared(d, &other)))
			continue;
		if (!is_declared(d, &at))
			at.l = outer->l;
		other.l = at.l == outer->l ? v[i].l : outer->l;
		finding_ip(d,
			   finding_add(d, c, &at, "its network %s overlaps %s, on %s", inet_text(&v[i].net, false, net),
				       inet_text(&outer->net, false, around), other.l->name),
			   n, "addr show dev %s", word_of(d, other.l->name));
	}
}

void judge_overlap(struct diagnosis *d, const struct check *c)
{
	for (size_t i = 0; i < d->f->n_netns; i++) {
		const struct netns_fact *n = &d->f->netns[i];
		struct network *v;

		if (n->place == PLACE_FOREIGN || !n->s.n_addresses)
			continue;
		v = must(calloc(n->s.n_addresses, sizeof(*v)));
		judge_networks(d, c, n, v, networks_of(n, v));
		free(v);
	}
}

/* Whether the link has anything but this one address to reach somebody by. */
static bool has_other_way(const struct netns_fact *n, const struct address_fact *a)
{
	for (size_t i = 0; i < n->s.n_routes; i++)
		if (n->s.routes[i].link == a->link && n->s.routes[i].family == a->address.family)
			return true;
	for (size_t i = 0; i < n->s.n_addresses; i++)
		if (n->s.addresses[i].link == a->link && &n->s.addresses[i] != a &&
		    n->s.addresses[i].address.family == a->address.family)
			return true;
	return is_cut(n, SURVEY_ROUTES);
}

/* Calls @each for the addresses of links that topologies declare and that are up. */
static void each_address(struct diagnosis *d, const struct check *c,
			 void (*each)(struct diagnosis *d, const struct check *c, const struct at *at,
				      const struct address_fact *a))
{
	for (size_t i = 0; i < d->f->n_netns; i++)
		for (size_t k = 0; k < d->f->netns[i].s.n_addresses; k++) {
			const struct address_fact *a = &d->f->netns[i].s.addresses[k];
			const struct at at = { &d->f->netns[i], survey_link(&d->f->netns[i].s, a->link) };

			if (at.l && at.l->up && !at.l->loopback && is_declared(d, &at))
				each(d, c, &at, a);
		}
}

static void host_prefix(struct diagnosis *d, const struct check *c, const struct at *at, const struct address_fact *a)
{
	if (a->address.family != AF_INET || a->address.len != 32 || a->peer.family || at->l->class != LINK_PAIR ||
	    has_other_way(at->n, a))
		return;
	finding_add(d, c, at, "the address %s is of a network of one, and no route leads there", ip_of(d, &a->address));
}

void judge_host_prefix(struct diagnosis *d, const struct check *c)
{
	each_address(d, c, host_prefix);
}

static void dad_failed(struct diagnosis *d, const struct check *c, const struct at *at, const struct address_fact *a)
{
	if (a->flags & IFA_F_DADFAILED)
		finding_ip(d, finding_add(d, c, at, "another host has the address %s", ip_of(d, &a->address)), at->n,
			   "addr del %s/%u dev %s", ip_of(d, &a->address), a->address.len, word_of(d, at->l->name));
}

void judge_dad_failed(struct diagnosis *d, const struct check *c)
{
	each_address(d, c, dad_failed);
}

static void tentative(struct diagnosis *d, const struct check *c, const struct at *at, const struct address_fact *a)
{
	if (!(a->flags & IFA_F_TENTATIVE) || a->flags & (IFA_F_DADFAILED | IFA_F_OPTIMISTIC) || !at->l->carrier ||
	    a->age_usec < TENTATIVE_USEC)
		return;
	finding_ip(d,
		   finding_add(d, c, at, "the address %s has been tentative for %llu s", ip_of(d, &a->address),
			       (unsigned long long)a->age_usec / 1000000),
		   at->n, "addr show dev %s tentative", word_of(d, at->l->name));
}

void judge_tentative(struct diagnosis *d, const struct check *c)
{
	each_address(d, c, tentative);
}
