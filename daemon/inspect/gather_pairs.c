/* SPDX-License-Identifier: MIT */
/* gather_pairs.c - finds the other end of each veth pair, in whatever namespace it is. */
#include "gather.h"
#include "kernel/netns.h"
#include "kernel/rtnl.h"

enum { LINKS_A_STEP = 64 };

/* An end of a pair, by its number and that of the other end. */
struct end {
	uint32_t index, other;
	int netns, link;
};

struct pairs {
	struct end *v;
	size_t n;
	struct rtnl *nl; /* in the namespace that is being looked at */
	size_t link;     /* the next one in there */
};

void gather_pairs_free(struct pairs *p)
{
	if (!p)
		return;
	rtnl_close(p->nl);
	free(p->v);
	free(p);
}

static int end_cmp(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return x->other < y->other ? -1 : x->other > y->other;
}

static struct pairs *pairs_new(const struct facts *f)
{
	struct pairs *p = must(calloc(1, sizeof(*p)));
	size_t all = 0;

	for (size_t i = 0; i < f->n_netns; i++)
		all += f->netns[i].s.n_links;
	p->v = must(calloc(all + 1, sizeof(*p->v)));
	for (size_t i = 0; i < f->n_netns; i++)
		for (size_t k = 0; k < f->netns[i].s.n_links; k++) {
			const struct link_fact *l = &f->netns[i].s.links[k];

			if (l->class == LINK_PAIR && l->lower)
				p->v[p->n++] = (struct end){ l->index, l->lower, (int)i, (int)k };
		}
	qsort(p->v, p->n, sizeof(*p->v), end_cmp);
	return p;
}

/* The first one that may be the other end of @l, and how many. */
static const struct end *candidates(const struct pairs *p, const struct link_fact *l, size_t *ret_n)
{
	const struct end key = { .index = l->lower, .other = l->index };
	const struct end *at = p->n ? bsearch(&key, p->v, p->n, sizeof(key), end_cmp) : NULL, *end = at;

	*ret_n = 0;
	if (!at)
		return NULL;
	while (at > p->v && end_cmp(at - 1, &key) == 0)
		at--;
	while (end < p->v + p->n && end_cmp(end, &key) == 0)
		end++;
	*ret_n = (size_t)(end - at);
	return at;
}

/* Numbers of links are unique in one namespace only: the kernel says whether a namespace is the one it means. */
static void find_peer(struct gathering *g, struct pairs *p, struct link_fact *l)
{
	size_t n;
	const struct end *v = candidates(p, l, &n);

	for (size_t i = 0; i < n; i++) {
		bool same = v[i].netns == (int)g->at;

		if (l->lower_nsid < 0 ? !same
				      : !p->nl || survey_nsid(p->nl, g->facts->netns[v[i].netns].fd) != l->lower_nsid)
			continue;
		l->peer_netns = v[i].netns;
		l->peer = v[i].link;
		return;
	}
}

static void socket_open(struct gathering *g, struct pairs *p)
{
	const struct netns_fact *n = &g->facts->netns[g->at];
	const struct netns ns = { .name = n->name, .fd = n->fd };
	struct err e;

	rtnl_close(TAKE(p->nl));
	if (n->fd < 0)
		return;
	_cleanup_(netns_leavep) int entered = netns_enter(&ns, &e);
	if (entered < 0 || rtnl_open(&p->nl, &e) < 0)
		gather_unread(g, "the other ends of the veth pairs of %s could not be found: %s", n->name, e.text);
}

bool gather_connect(struct gathering *g)
{
	struct pairs *p = g->pairs;
	struct survey *s;

	if (!p)
		p = g->pairs = pairs_new(g->facts);
	if (g->at == g->facts->n_netns) {
		facts_connect(g->facts);
		gather_pairs_free(TAKE(g->pairs));
		return false;
	}
	s = &g->facts->netns[g->at].s;
	if (!p->link)
		socket_open(g, p);
	for (size_t i = 0; i < LINKS_A_STEP && p->link < s->n_links; i++, p->link++)
		if (s->links[p->link].class == LINK_PAIR && s->links[p->link].lower)
			find_peer(g, p, &s->links[p->link]);
	if (p->link == s->n_links) {
		p->link = 0;
		g->at++;
	}
	return true;
}
