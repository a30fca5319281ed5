/* SPDX-License-Identifier: MIT */
/* connect.c - what belongs together among facts.  Pure. */
#include "facts.h"
#include "base/search.h"
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static uint32_t root_of(uint32_t *up, uint32_t i)
{
	while (up[i] != i)
		i = up[i] = up[up[i]];
	return i;
}

static void join(uint32_t *up, uint32_t a, uint32_t b)
{
	up[root_of(up, a)] = root_of(up, b);
}

/* The place of a link among those of all namespaces. */
static uint32_t number_of(const uint32_t *first, size_t netns, size_t link)
{
	return first[netns] + (uint32_t)link;
}

static void join_link(const struct facts *f, const uint32_t *first, uint32_t *up, size_t i, size_t k)
{
	const struct survey *s = &f->netns[i].s;
	const struct link_fact *l = &s->links[k], *master = l->master ? survey_link(s, l->master) : NULL,
			       *lower = l->class == LINK_CHILD && l->lower_nsid < 0 ? survey_link(s, l->lower) : NULL;
	uint32_t me = number_of(first, i, k);

	if (l->class == LINK_PAIR && l->peer_netns >= 0)
		join(up, me, number_of(first, (size_t)l->peer_netns, (size_t)l->peer));
	/* With VLANs ports need not reach each other. */
	if (master && master->class == LINK_BRIDGE && !master->filters_vlans)
		join(up, me, number_of(first, i, (size_t)(master - s->links)));
	if (lower)
		join(up, me, number_of(first, i, (size_t)(lower - s->links)));
}

static void find_segments(struct facts *f)
{
	uint32_t *first = must(calloc(f->n_netns + 1, sizeof(*first))), *up, n = 0;

	for (size_t i = 0; i < f->n_netns; n += (uint32_t)f->netns[i++].s.n_links)
		first[i] = n;
	up = must(calloc(n + 1, sizeof(*up)));
	for (uint32_t i = 0; i < n; i++)
		up[i] = i;
	for (size_t i = 0; i < f->n_netns; i++)
		for (size_t k = 0; k < f->netns[i].s.n_links; k++)
			join_link(f, first, up, i, k);
	for (size_t i = 0; i < f->n_netns; i++)
		for (size_t k = 0; k < f->netns[i].s.n_links; k++)
			f->netns[i].s.links[k].segment = root_of(up, number_of(first, i, k)) + 1;
	f->segments = must(calloc(n + 2, sizeof(*f->segments)));
	free(first);
	free(up);
}

/* Something that leads out: a physical interface, a tunnel, an end that is elsewhere, a bridge of VLANs, and its ports. */
static bool leads_out(const struct netns_fact *n, const struct link_fact *l)
{
	const struct link_fact *master = l->master ? survey_link(&n->s, l->master) : NULL;

	if (n->s.cut & (1U << SURVEY_ADDRESSES | 1U << SURVEY_LINKS) || (master && master->filters_vlans))
		return true;
	return l->class == LINK_BRIDGE ? l->filters_vlans : l->class != LINK_PAIR || l->peer_netns < 0;
}

static int ip_cmp(const struct inet *a, const struct inet *b)
{
	return a->family != b->family ? (int)a->family - (int)b->family : memcmp(a->addr, b->addr, sizeof(a->addr));
}

static int segment_cmp(const void *a, const void *b)
{
	const struct located *x = a, *y = b;

	return x->segment < y->segment ? -1 : x->segment > y->segment;
}

static int located_cmp(const void *a, const void *b)
{
	const struct located *x = a, *y = b;

	return segment_cmp(a, b) ?: ip_cmp(&x->a->address, &y->a->address);
}

static void locate(struct facts *f)
{
	size_t all = 0;

	for (size_t i = 0; i < f->n_netns; i++)
		all += f->netns[i].s.n_addresses;
	f->located = must(calloc(all + 1, sizeof(*f->located)));
	for (size_t i = 0; i < f->n_netns; i++)
		for (size_t k = 0; k < f->netns[i].s.n_addresses; k++) {
			const struct address_fact *a = &f->netns[i].s.addresses[k];
			const struct link_fact *l = survey_link(&f->netns[i].s, a->link);

			if (l && !l->loopback)
				f->located[f->n_located++] = (struct located){ l->segment, &f->netns[i], l, a };
		}
	qsort(f->located, f->n_located, sizeof(*f->located), located_cmp);
}

/* Those that are equal to @key by @cmp; NULL: none is. */
static const struct located *equal_to(const struct facts *f, const struct located *key,
				      int (*cmp)(const void *a, const void *b), size_t *ret_n)
{
	size_t first = lower_bound(key, f->located, f->n_located, sizeof(*key), cmp), end = first;

	while (end < f->n_located && cmp(&f->located[end], key) == 0)
		end++;
	*ret_n = end - first;
	return *ret_n ? f->located + first : NULL;
}

const struct located *facts_located(const struct facts *f, uint32_t segment, const struct inet *address, size_t *ret_n)
{
	const struct address_fact a = { .address = *address };

	return equal_to(f, &(struct located){ .segment = segment, .a = &a }, located_cmp, ret_n);
}

const struct located *facts_segment(const struct facts *f, uint32_t segment, size_t *ret_n)
{
	return equal_to(f, &(struct located){ .segment = segment }, segment_cmp, ret_n);
}

static void find_gateways(struct facts *f)
{
	for (size_t i = 0; i < f->n_netns; i++)
		for (size_t k = 0; k < f->netns[i].s.n_routes; k++) {
			const struct route_fact *r = &f->netns[i].s.routes[k];
			const struct link_fact *l = r->via.family ? survey_link(&f->netns[i].s, r->link) : NULL;
			size_t n = 0;
			const struct located *at = l ? facts_located(f, l->segment, &r->via, &n) : NULL;

			for (size_t j = 0; j < n; j++) {
				struct netns_fact *to = &f->netns[at[j].n - f->netns];

				if (to->topology == f->netns[i].topology && to != &f->netns[i])
					*(r->family == AF_INET ? &to->gateway4 : &to->gateway6) = true;
			}
		}
}

static void find_words(struct facts *f)
{
	for (size_t t = 0; t < f->n_topologies; t++)
		for (size_t k = 0; k < f->topologies[t].n_netns; k++) {
			const struct declared_netns *w = &f->topologies[t].netns[k];
			const struct netns_fact *at = facts_netns(f, w->name);
			struct netns_fact *n = at ? &f->netns[at - f->netns] : NULL;

			if (n)
				*ARRAY_ADD(n, words) = w;
		}
}

static void judge_segments(struct facts *f)
{
	for (size_t i = 0; i < f->n_netns; i++)
		for (size_t k = 0; k < f->netns[i].s.n_links; k++) {
			const struct link_fact *l = &f->netns[i].s.links[k];

			f->segments[l->segment].open |= leads_out(&f->netns[i], l);
			f->segments[l->segment].unsettled |= !l->up;
		}
	for (size_t t = 0; t < f->n_topologies; t++)
		for (size_t i = 0; i < f->topologies[t].n_drifts; i++) {
			const char *object = f->topologies[t].drifts[i].object, *slash = strchr(object, '/');
			const struct netns_fact *n;
			const struct link_fact *l;
			char name[80];

			snprintf(name, sizeof(name), "%.*s", slash ? (int)(slash - object) : 0, object);
			n = slash ? facts_netns(f, name) : NULL;
			l = n ? survey_link_named(&n->s, slash + 1) : NULL;
			if (l)
				f->segments[l->segment].unsettled = true;
		}
}

void facts_connect(struct facts *f)
{
	find_segments(f);
	locate(f);
	find_gateways(f);
	find_words(f);
	judge_segments(f);
}
