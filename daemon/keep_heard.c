/* SPDX-License-Identifier: MIT */
/* keep_heard.c - turns what was heard, or lost, into marks on what is kept. */
#include "keep.h"
#include "owner.h"

static int handle_cmp(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

	return x->handle < y->handle ? -1 : x->handle > y->handle;
}

/* The name under which the topology knows the link of that number. */
static const char *link_of(struct kept *k, uint32_t ifindex)
{
	struct object key = { .handle = ifindex }, *at = &key, **found;

	if (!k->sorted && k->n_links)
		qsort(k->links, k->n_links, sizeof(*k->links), handle_cmp);
	k->sorted = true;
	found = k->n_links ? bsearch(&at, k->links, k->n_links, sizeof(*k->links), handle_cmp) : NULL;
	return found ? (*found)->name : NULL;
}

static void mark_by(struct kept *k, const char *link, const struct heard *h)
{
	k->unrouted |= h->unrouted;
	k->several |= k->pid && h->pid && k->pid != h->pid;
	if (h->pid)
		k->pid = h->pid;
	keep_mark(k, link);
}

/* Whether the topology declares a route there: of all others that come and go none matters. */
static bool has_slot(struct kept *k, const struct slot *slot)
{
	struct object *const *o;
	size_t n;

	if (!k->slotted) {
		o = keep_objects(k->member, k->name, NULL, &n);
		for (size_t i = 0; i < n; i++)
			slots_add(&k->slots, o[i]);
		slots_sort(&k->slots);
		k->slotted = true;
	}
	return slots_find(&k->slots, k->name, slot, &n);
}

static void mark_heard(struct kept *k, const struct heard *h)
{
	const char *known = h->ifindex ? link_of(k, h->ifindex) : NULL;

	if (h->others && has_slot(k, &h->slot)) {
		k->crowded = true;
		mark_by(k, NULL, h);
	}
	if (h->others && !h->unrouted)
		return;
	if (!h->ifindex || !k->by_link) {
		mark_by(k, NULL, h);
		return;
	}
	if (known)
		mark_by(k, known, h);
	if (!h->ifname || (known && !strcmp(known, h->ifname)))
		return;
	/* One that has our mark, but that nobody declared, is ours to take away. */
	if (keep_declares(k, h->ifname) ||
	    (h->group & GROUP_OURS && (h->group & GROUP_HASH) == topology_hash(k->member->known.name)))
		mark_by(k, h->ifname, h);
}

void keep_heard(void *engine, const struct heard *h)
{
	struct engine *g = engine;

	for (struct kept *k = g->heard[keep_chain(h->nsid)]; k; k = k->same)
		if (k->nsid == h->nsid)
			mark_heard(k, h);
}

/* What has our mark on the host, and is declared nowhere. */
static void listen_anew(struct engine *g)
{
	struct err e;

	if (g->listener)
		(void)!listener_replay(g->listener, keep_heard, g, &e);
}

void keep_listen(struct engine *g)
{
	if (!g->listener || listener_read(g->listener, keep_heard, g) != -ENOBUFS)
		return;
	for (size_t i = 0; i < g->n_members; i++)
		keep_mark_all(g->members[i]);
	listen_anew(g);
}

void keep_audit(struct engine *g)
{
	for (size_t i = 0; i < g->n_members; i++)
		for (size_t n = 0; n < g->members[i]->n_kept; n++) {
			struct kept *k = &g->members[i]->kept[n];

			k->due = k->all = k->unrouted = true;
		}
	listen_anew(g);
}
