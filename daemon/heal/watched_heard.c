/* SPDX-License-Identifier: MIT */
/* watched_heard.c - turns events, and lost events, into marks on what is watched. */
#include "watched.h"
#include "model/owner.h"
#include "kernel/batch.h"

static int handle_cmp(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;

	return x->handle < y->handle ? -1 : x->handle > y->handle;
}

/* The link of the topology that has the number. */
static struct object *link_of(struct watched *k, uint32_t ifindex)
{
	struct object key = { .handle = ifindex }, *at = &key, **found;

	if (!k->sorted && k->n_links)
		qsort(k->links, k->n_links, sizeof(*k->links), handle_cmp);
	k->sorted = true;
	found = k->n_links ? bsearch(&at, k->links, k->n_links, sizeof(*k->links), handle_cmp) : NULL;
	return found ? *found : NULL;
}

/* Who it is has to be asked at once: most such programs end within a millisecond.  Of several, nobody is named, and
 * so none after the second is asked about. */
static void note_process(struct watched *k, const struct heard *h)
{
	if (!h->pid || k->several || k->pid == h->pid)
		return;
	if (k->pid)
		k->several = true;
	else
		process_describe(h->pid, h->command, k->by, sizeof(k->by));
	k->pid = h->pid;
}

static void mark_by(struct watched *k, const char *link, const struct heard *h)
{
	k->unrouted |= h->unrouted;
	note_process(k, h);
	watched_mark(k, link);
}

/* Whether the topology declares a route in that slot: other routes come and go without effect. */
static bool has_slot(struct watched *k, const struct slot *slot)
{
	struct object *const *o;
	size_t n;

	if (!k->slotted) {
		o = watched_objects(k->topology, k->name, NULL, &n);
		for (size_t i = 0; i < n; i++)
			slots_add(&k->slots, o[i]);
		slots_sort(&k->slots);
		k->slotted = true;
	}
	return slots_find(&k->slots, k->name, slot, &n);
}

/* From now on the number may belong to another link. */
static void forget_number(struct watched *k, struct object *link)
{
	k->topology->forgot |= link->marked;
	link->marked = 0;
}

/* Forgets the numbers of links: after lost events any link may have gone, and its number may
 * belong to another one, unless it is in the range that the kernel does not assign by itself. */
static void forget_numbers(struct topology *t)
{
	for (size_t i = 0; i < t->declared.n; i++) {
		struct object *o = t->declared.objects[i];

		if (!object_is(o, "link") || is_loopback(o->name) || o->marked >= INDEX_MIN)
			continue;
		o->marked = 0;
		o->cookie = 0;
	}
	t->forgot = true;
}

/* A link that has our mark, and that is not declared, may be removed if it was one of the declared
 * links: these are observed with it. */
static void mark_stray(struct watched *k, const struct heard *h)
{
	for (size_t i = 0; i < k->n_links; i++)
		if (k->links[i]->former == h->ifindex)
			mark_by(k, k->links[i]->name, h);
	mark_by(k, h->ifname, h);
}

static void mark_link(struct watched *k, const struct heard *h)
{
	struct object *link = h->ifindex && (k->by_link || h->gone) ? link_of(k, h->ifindex) : NULL;
	const char *known = link ? link->name : NULL;

	if (link && h->gone)
		forget_number(k, link);
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
	if (watched_declares(k, h->ifname))
		mark_by(k, h->ifname, h);
	else if (h->group & GROUP_OURS && (h->group & GROUP_HASH) == topology_hash(k->topology->name))
		mark_stray(k, h);
}

static void mark_heard(struct watched *k, const struct heard *h)
{
	if (h->netfilter) {
		if (k->netfilter)
			mark_by(k, NULL, h);
		return;
	}
	mark_link(k, h);
}

/* Takes an event of the listener. */
static void on_heard(void *arg, const struct heard *h)
{
	struct env *env = arg;

	env->marked = true;
	for (struct watched *k = env->heard[watched_chain(h->nsid)]; k; k = k->same)
		if (k->nsid == h->nsid)
			mark_heard(k, h);
}

/* Has all links announced again, to find those on the host that have our mark and are declared nowhere. */
static void listen_again(struct env *env)
{
	struct err e;

	if (env->listener)
		(void)!listener_replay(env->listener, on_heard, env, &e);
}

void watched_listen(struct env *env)
{
	if (!env->listener || listener_read(env->listener, on_heard, env) != -ENOBUFS)
		return;
	env->marked = true;
	for (size_t i = 0; i < env->n_topologies; i++) {
		struct topology *t = env->topologies[i];

		forget_numbers(t);
		watched_mark_all(t);
	}
	listen_again(env);
}

void watched_audit(struct env *env)
{
	env->marked = true;
	for (size_t i = 0; i < env->n_topologies; i++)
		for (size_t n = 0; n < env->topologies[i]->n_watched; n++) {
			struct watched *k = &env->topologies[i]->watched[n];

			k->due = k->all = k->unrouted = true;
		}
	listen_again(env);
}
