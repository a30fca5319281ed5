/* SPDX-License-Identifier: MIT */
/* watched.c - holds the watched namespaces, and notes which of them, and which of their
 * links, are to be observed again. */
#include "watched.h"
#include "kernel/nft_owner.h"
#include <fcntl.h>
#include <sys/stat.h>

enum {
	BY_LINK_MIN = 32, /* a namespace of ours with more links is observed link by link */
	NAMES_MAX = 64,   /* with more links than these, all are observed */
};

static int place_cmp(const struct object *o, const char *netns, const char *name)
{
	int c = strcmp(o->netns, netns);

	if (c || !o->name || !name)
		return c ? c : !!o->name - !!name;
	return strcmp(o->name, name);
}

static int object_cmp(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
	int c = place_cmp(x, y->netns, y->name);

	return c ? c : x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* The first object that is not before the place. */
static size_t place_first(const struct topology *t, const char *netns, const char *name)
{
	size_t low = 0, high = t->declared.n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (place_cmp(t->places[mid], netns, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct object *const *watched_objects(const struct topology *t, const char *netns, const char *name, size_t *ret_n)
{
	size_t first = place_first(t, netns, name), n = 0;

	while (first + n < t->declared.n && place_cmp(t->places[first + n], netns, name) == 0)
		n++;
	*ret_n = n;
	return t->places + first;
}

struct watched *watched_find(const struct topology *t, const char *netns)
{
	size_t low = 0, high = t->n_watched;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(netns, t->watched[mid].name);

		if (c == 0)
			return &t->watched[mid];
		*(c < 0 ? &high : &low) = c < 0 ? mid : mid + 1;
	}
	return NULL;
}

static void unhear(struct env *env, struct watched *k)
{
	if (!k->heard)
		return;
	for (struct watched **at = &env->heard[watched_chain(k->nsid)]; *at; at = &(*at)->same)
		if (*at == k) {
			*at = k->same;
			break;
		}
	k->heard = false;
}

static void hear(struct env *env, struct watched *k, const struct netns *ns)
{
	struct watched **at;

	if (k->heard && ns->heard && k->nsid == ns->nsid)
		return;
	unhear(env, k);
	if (!ns->heard)
		return;
	at = &env->heard[watched_chain(ns->nsid)];
	k->nsid = ns->nsid;
	k->heard = true;
	k->same = *at;
	*at = k;
}

static void watched_done_one(struct env *env, struct watched *k)
{
	unhear(env, k);
	nft_owner_put(k->owner);
	closep(&k->fd);
	free(k->links);
	free(k->names);
	slots_done(&k->slots);
}

void watched_done(struct env *env, struct topology *t)
{
	for (size_t i = 0; i < t->n_watched; i++)
		watched_done_one(env, &t->watched[i]);
	free(t->watched);
	free(t->places);
	model_done(&t->declared);
	model_init(&t->declared, env->kinds);
	t->watched = NULL;
	t->places = NULL;
	t->n_watched = 0;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* A namespace without a descriptor that can be bound again is watched all the same, and
 * recreated if somebody deletes it. */
static void hold(struct watched *k, struct netns *ns)
{
	struct err e;

	closep(&k->fd);
	k->fd = -1;
	if (netns_reopen(ns, &e) == 0)
		k->fd = fcntl(ns->fd, F_DUPFD_CLOEXEC, 3);
}

/* Owns the table there from now on, if there is one. */
static void own(const struct env *env, struct watched *k, const struct netns *ns)
{
	struct nft_owner *before = k->owner;

	if (!k->netfilter || !env->listener)
		return;
	k->owner = nft_owner_get(ns);
	nft_owner_put(before);
}

void watched_renew(struct env *env, struct watched *k, struct netns *ns, bool ours)
{
	ino_t inode = inode_of(ns->fd);

	if (ours && inode && (k->fd < 0 || inode != k->inode) && env->listener)
		hold(k, ns);
	k->inode = inode;
	hear(env, k, ns);
	own(env, k, ns);
}

/* Drops fields that revert to their former values: they are not ours to watch. */
static void strip(struct model *declared)
{
	struct model kept;

	model_init(&kept, declared->kinds);
	for (size_t i = 0; i < declared->n; i++) {
		struct object *o = declared->objects[i];

		o->set &= o->declared;
		/* Of an existing interface, a file may declare only what belongs to it. */
		if (o->declared || o->where.pointer || object_is(o, "netns"))
			model_adopt(&kept, o);
	}
	arena_join(&kept.arena, &declared->arena);
	model_done(declared);
	*declared = kept;
}

static void watched_make(struct topology *t, struct watched *k, const struct object *netns)
{
	size_t i = place_first(t, netns->netns, NULL);

	*k = (struct watched){ .topology = t, .fd = -1 };
	snprintf(k->name, sizeof(k->name), "%s", netns->netns);
	for (; i < t->declared.n && !strcmp(t->places[i]->netns, k->name); i++) {
		k->netfilter |= t->places[i]->kind->netfilter;
		k->outside |= t->places[i]->kind->outside;
		if (!object_is(t->places[i], "link"))
			continue;
		if (k->n_links % 16 == 0)
			k->links = must(realloc(k->links, (k->n_links + 16) * sizeof(*k->links)));
		k->links[k->n_links++] = t->places[i];
	}
	k->by_link = netns->managed || k->n_links > BY_LINK_MIN;
}

/* Watches the declared namespaces, in order of name, and takes over what @old holds of them. */
static void watched_make_all(struct env *env, struct topology *t, const struct topology *old, struct netns_set *set,
			     bool observed)
{
	size_t n = 0;

	for (size_t i = 0; i < t->declared.n; i++)
		n += object_is(t->places[i], "netns") && netns_find(set, t->places[i]->netns);
	t->watched = must(calloc(n + 1, sizeof(*t->watched)));
	t->n_watched = 0;
	for (size_t i = 0; i < t->declared.n; i++) {
		const struct object *o = t->places[i];
		struct netns *ns = object_is(o, "netns") ? netns_find(set, o->netns) : NULL;
		struct watched *k = &t->watched[t->n_watched], *before;

		/* In a namespace that is not there yet, only what others bring can be watched. */
		if (!ns || (t->awaiting && !o->managed))
			continue;
		t->n_watched++;
		watched_make(t, k, o);
		before = watched_find(old, k->name);
		if (before && before->fd >= 0) {
			k->fd = take_fd(&before->fd);
			k->inode = before->inode;
		}
		/* The change has not observed those. */
		if (before && before->unrouted)
			k->dirty = k->all = k->unrouted = true;
		if (before && before->crowded)
			k->dirty = k->crowded = true;
		watched_renew(env, k, ns, observed && !o->managed);
	}
}

void watched_take(struct env *env, struct topology *t, struct model *declared, struct netns_set *set, bool observed)
{
	struct topology old = *t;

	t->declared = *declared;
	*declared = (struct model){ 0 };
	strip(&t->declared);
	t->places = must(calloc(t->declared.n + 1, sizeof(*t->places)));
	if (t->declared.n)
		memcpy(t->places, t->declared.objects, t->declared.n * sizeof(*t->places));
	qsort(t->places, t->declared.n, sizeof(*t->places), object_cmp);
	watched_make_all(env, t, &old, set, observed);
	for (size_t i = 0; i < t->n_watched; i++)
		env->outside_changed |= t->watched[i].outside;
	for (size_t i = 0; i < old.n_watched; i++)
		env->outside_changed |= old.watched[i].outside;
	watched_done(env, &old);
}

bool watched_declares(const struct watched *k, const char *link)
{
	size_t n;

	watched_objects(k->topology, k->name, link, &n);
	return n;
}

void watched_mark(struct watched *k, const char *link)
{
	k->dirty = true;
	k->all |= link && k->n_names == NAMES_MAX;
	/* All are those that are declared. */
	if (!link || !k->by_link || k->n_names == NAMES_MAX || (k->all && watched_declares(k, link)))
		return;
	for (size_t i = 0; i < k->n_names; i++)
		if (!strcmp(k->names[i], link))
			return;
	if (!k->names)
		k->names = must(calloc(NAMES_MAX, sizeof(*k->names)));
	snprintf(k->names[k->n_names++], sizeof(*k->names), "%s", link);
}

void watched_mark_all(struct topology *t)
{
	for (size_t i = 0; i < t->n_watched; i++)
		t->watched[i].dirty = t->watched[i].all = t->watched[i].unrouted = t->watched[i].crowded = true;
}

bool watched_is_marked(const struct topology *t)
{
	for (size_t i = 0; i < t->n_watched; i++)
		if (t->watched[i].dirty || t->watched[i].due)
			return true;
	return false;
}

void watched_clear(struct watched *k)
{
	k->dirty = k->due = k->all = k->retry = k->unrouted = k->crowded = false;
	k->n_names = 0;
	k->several = false;
	k->pid = 0;
	*k->by = '\0';
	free(k->names);
	k->names = NULL;
}

void watched_retry(struct watched *k, const char *const *only)
{
	bool dirty = k->dirty;

	k->retry = true;
	k->all |= !only;
	for (; only && *only; only++)
		watched_mark(k, *only);
	k->dirty = dirty;
}

bool watched_has_retry(const struct topology *t)
{
	for (size_t i = 0; i < t->n_watched; i++)
		if (t->watched[i].retry)
			return true;
	return false;
}

static void check_name(const struct env *env, struct watched *k)
{
	bool renamed;

	if (!strcmp(k->name, "host"))
		return;
	/* While the namespace is held, no other has its inode. */
	renamed = netns_inode(env->netns_dir, k->name) != k->inode;
	/* A namespace that netnsd does not hold must not outlive its name because of the socket. */
	if (renamed && k->fd < 0)
		nft_owner_put(TAKE(k->owner));
	/* What blocked the name may have gone. */
	if (renamed || k->renamed || k->retry)
		k->dirty = k->all = true;
	k->renamed = renamed;
}

void watched_check_names(struct env *env, const char *name)
{
	env->marked = true;
	for (size_t i = 0; i < env->n_topologies; i++) {
		struct topology *t = env->topologies[i];
		struct watched *k = name ? watched_find(t, name) : NULL;

		if (k)
			check_name(env, k);
		for (size_t n = 0; !name && n < t->n_watched; n++)
			check_name(env, &t->watched[n]);
	}
}

void watched_mark_outside(struct env *env, const char *name)
{
	env->marked = true;
	for (size_t i = 0; i < env->n_topologies; i++) {
		struct topology *t = env->topologies[i];
		struct watched *k = name ? watched_find(t, name) : NULL;

		if (k && k->outside)
			watched_mark(k, NULL);
		for (size_t n = 0; !name && n < t->n_watched; n++)
			if (t->watched[n].outside)
				watched_mark(&t->watched[n], NULL);
	}
}

static const struct watched *holder(const struct env *env, const char *netns)
{
	for (size_t i = 0; i < env->n_topologies; i++) {
		const struct watched *k = watched_find(env->topologies[i], netns);

		if (k && k->fd >= 0)
			return k;
	}
	return NULL;
}

int watched_open(void *arg, struct netns_set *set, const char **names, size_t n, const char *pins, struct err *e)
{
	struct env *env = arg;

	if (machine_open(env->netns_dir, set, names, n, pins, e) < 0)
		return e->code;
	for (size_t i = 0; i < set->n; i++) {
		struct netns *ns = &set->v[i];
		bool placeholder = ns->state == NETNS_PLACEHOLDER;
		const struct watched *k = placeholder || ns->state == NETNS_ABSENT ? holder(env, ns->name) : NULL;

		ns->fd = k ? fcntl(k->fd, F_DUPFD_CLOEXEC, 3) : ns->fd;
		if (!k || ns->fd < 0)
			continue;
		ns->placeholder = placeholder;
		ns->state = NETNS_UNLINKED;
	}
	return 0;
}

void watched_hear(struct env *env, struct netns_set *set)
{
	struct err e;

	for (size_t i = 0; env->listener && i < set->n; i++) {
		struct netns *ns = &set->v[i];

		/* Our own namespace needs no number to be heard. */
		if (!strcmp(ns->name, "host")) {
			ns->nsid = NSID_OWN;
			ns->heard = true;
		}
		if (ns->fd >= 0 && !ns->heard)
			ns->heard = listener_nsid(env->listener, ns->fd, &ns->nsid, &e) == 0;
	}
}
