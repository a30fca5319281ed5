/* SPDX-License-Identifier: MIT */
/* gather_netns.c - facts about topologies, from the engine, and about namespaces, from the kernel. */
#include "gather.h"
#include "engine/drifted.h"
#include "engine/reconcile.h"
#include "kernel/netns.h"
#include "kind/link.h"
#include "kind/nft.h"
#include "model/owner.h"
#include <sys/socket.h>
#include <sys/stat.h>

static void add_text(struct arena *a, const char **ret, const char *s)
{
	*ret = s ? arena_strdup(a, s) : NULL;
}

/* Where packets to a port are sent on to. */
static void add_port_forwards(struct declared_netns *n, const struct nft_nat *nat)
{
	n->port_forwards = must(calloc(nat->n_dnat + 1, sizeof(*n->port_forwards)));
	for (size_t i = 0; i < nat->n_dnat; i++) {
		const struct nft_target *to = &nat->dnat[i].target;
		struct inet *at = &n->port_forwards[n->n_port_forwards].to;

		/* One that is a range is nobody's in particular. */
		if (!to->families || memcmp(to->from, to->to, sizeof(to->from)) != 0)
			continue;
		*at = (struct inet){ to->families == NFT_IPV4 ? AF_INET : AF_INET6,
				     to->families == NFT_IPV4 ? 32 : 128,
				     { 0 } };
		memcpy(at->addr, to->from, to->families == NFT_IPV4 ? 4 : 16);
		n->n_port_forwards++;
	}
}

static void add_nat(struct declared_netns *n, const struct object *o, struct arena *facts)
{
	_cleanup_(arena_done) struct arena a = {};
	struct nft_nat nat;

	if (!o->kind->netfilter)
		return;
	add_text(facts, &n->nat, ((const struct nft *)o)->nat);
	add_text(facts, &n->filter, ((const struct nft *)o)->filter);
	if (!((const struct nft *)o)->nat)
		return;
	nft_nat_get(((const struct nft *)o)->nat, &nat, &a);
	n->masquerades = nat.n_masquerade;
	add_port_forwards(n, &nat);
}

/* true, "ipv4" or "ipv6" in the file. */
static void add_forwarding(struct declared_netns *n, const struct object *o)
{
	struct json_object *v = object_value(o, "forwarding");
	const char *s = json_object_get_string(v);

	if (!v)
		return;
	n->forwards4 = !strcmp(s, "true") || !strcmp(s, "ipv4");
	n->forwards6 = !strcmp(s, "true") || !strcmp(s, "ipv6");
	json_object_put(v);
}

static void add_netns(struct facts *f, struct topology_fact *t, const struct object *netns)
{
	struct declared_netns *n = ARRAY_ADD(t, netns);

	add_text(&f->arena, &n->name, netns->netns);
	n->existing = netns->managed;
	add_forwarding(n, netns);
}

static void add_object(struct facts *f, struct topology_fact *t, struct declared_netns *n, const struct object *o)
{
	struct declared_link *l;
	struct ref ref;

	add_nat(n, o, &f->arena);
	if (!object_is(o, "link"))
		return;
	l = ARRAY_ADD(t, links);
	l->netns = n->name;
	add_text(&f->arena, &l->name, o->name);
	l->down = link_is_down(o);
	l->created = !o->managed;
	for (size_t i = 0; object_ref(o, true, &i, &ref);)
		if (!strcmp(ref.class, "link"))
			add_text(&f->arena, &l->peer, ref.to);
}

/* What it declares.  Its places are in order of namespace; object.first is of the last pass, which may be about a part. */
static void add_declared(struct facts *f, struct topology_fact *t, const struct topology *from)
{
	size_t at = 0;

	for (size_t i = 0; i < from->declared.n; i++)
		if (object_is(from->places[i], "netns"))
			add_netns(f, t, from->places[i]);
	for (size_t i = 0; i < from->declared.n; i++) {
		const struct object *o = from->places[i];

		while (at < t->n_netns && strcmp(t->netns[at].name, o->netns) < 0)
			at++;
		if (at < t->n_netns && !object_is(o, "netns") && !strcmp(t->netns[at].name, o->netns))
			add_object(f, t, &t->netns[at], o);
	}
}

static void add_drifts(struct gathering *g, struct topology_fact *t)
{
	struct drifted d;

	for (size_t i = 0; engine_drifted(g->engine, t->name, &i, &d);) {
		struct drift_fact *to = ARRAY_ADD(t, drifts);
		struct arena *a = &g->facts->arena;

		add_text(a, &to->kind, d.kind);
		add_text(a, &to->object, d.object);
		add_text(a, &to->expected, d.expected);
		add_text(a, &to->actual, d.actual);
		add_text(a, &to->by, d.by);
		to->open = d.open;
		to->contested = d.contested;
	}
}

static void add_topology(struct gathering *g, const struct topology *from)
{
	struct topology_fact *t = ARRAY_ADD(g->facts, topologies);

	add_text(&g->facts->arena, &t->name, from->name);
	t->up = topology_is_up(from);
	t->failed = from->state == STATE_FAILED;
	t->waiting = from->state == STATE_WAITING;
	if (from->problems.n) {
		add_text(&g->facts->arena, &t->problem, from->problems.v[0].message);
		add_text(&g->facts->arena, &t->kernel, from->problems.v[0].kernel);
		t->problem_code = from->problems.v[0].code;
	}
	if (t->up)
		add_declared(g->facts, t, from);
	add_drifts(g, t);
}

/* One at a time; by name, as there may be others by the next step. */
bool gather_topologies(struct gathering *g)
{
	const struct topology *const *all;
	size_t n = engine_topologies(g->engine, &all);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i]->name, g->last) <= 0)
			continue;
		add_topology(g, all[i]);
		snprintf(g->last, sizeof(g->last), "%s", all[i]->name);
		return true;
	}
	return false;
}

static struct netns_fact *netns_add(struct facts *f, const char *name, enum place place, int topology)
{
	struct netns_fact *n = ARRAY_ADD(f, netns);

	*n = (struct netns_fact){
		.name = arena_strdup(&f->arena, name), .place = place, .topology = topology, .fd = -1
	};
	return n;
}

/* The host first; those that a topology made before those that another manages. */
static int place_cmp(const void *a, const void *b)
{
	const struct netns_fact *x = a, *y = b;
	int r = (y->place == PLACE_HOST) - (x->place == PLACE_HOST);

	return r ? r : strcmp(x->name, y->name) ?: (int)x->place - (int)y->place;
}

static void add_foreign(struct gathering *g, const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	for (struct dirent *one; d && (one = readdir(d));) {
		struct err e;

		if (name_problem(one->d_name, &e) || !strcmp(one->d_name, "host"))
			continue;
		if (n++ == FACTS_FOREIGN_MAX + g->facts->n_netns) {
			gather_unread(g, "there are more than %d namespaces that no topology declares",
				      FACTS_FOREIGN_MAX);
			break;
		}
		netns_add(g->facts, one->d_name, PLACE_FOREIGN, -1);
	}
	if (d)
		closedir(d);
}

bool gather_names(struct gathering *g)
{
	struct facts *f = g->facts;
	size_t n = 0;

	netns_add(f, "host", PLACE_HOST, -1);
	for (size_t i = 0; i < f->n_topologies; i++)
		for (size_t k = 0; k < f->topologies[i].n_netns; k++) {
			const struct declared_netns *one = &f->topologies[i].netns[k];

			if (strcmp(one->name, "host") != 0)
				netns_add(f, one->name, one->existing ? PLACE_EXISTING : PLACE_OURS,
					  one->existing ? -1 : (int)i);
		}
	if (f->depth == SURVEY_ALL)
		add_foreign(g, engine_env(g->engine)->netns_dir);
	qsort(f->netns, f->n_netns, sizeof(*f->netns), place_cmp);
	/* Of several of one name the first says whose it is. */
	for (size_t i = 0; i < f->n_netns; i++)
		if (!n || strcmp(f->netns[n - 1].name, f->netns[i].name) != 0)
			f->netns[n++] = f->netns[i];
	f->n_netns = n;
	return false;
}

static int declared_cmp(const void *a, const void *b)
{
	const struct declared_link *x = *(const struct declared_link *const *)a,
				   *y = *(const struct declared_link *const *)b;

	return strcmp(x->netns, y->netns) ?: strcmp(x->name, y->name);
}

static void list_declared(struct gathering *g)
{
	const struct facts *f = g->facts;

	for (size_t i = 0; i < f->n_topologies; i++)
		g->n_declared += f->topologies[i].n_links;
	g->declared = must(calloc(g->n_declared + 1, sizeof(struct declared_link *)));
	g->n_declared = 0;
	for (size_t i = 0; i < f->n_topologies; i++)
		for (size_t k = 0; k < f->topologies[i].n_links; k++) {
			f->topologies[i].links[k].topology = (int)i;
			g->declared[g->n_declared++] = &f->topologies[i].links[k];
		}
	qsort(g->declared, g->n_declared, sizeof(struct declared_link *), declared_cmp);
}

/* One of that name that others made is not the declared one. */
static bool is_declared(const struct facts *f, const struct netns_fact *n, const struct link_fact *l,
			const struct declared_link *d)
{
	return n->place == PLACE_OURS || !d->created ||
	       l->group == group_of_link(f->topologies[d->topology].name, l->name);
}

/* In a namespace that a topology made, all links are its own. */
static void find_owners(struct gathering *g, struct netns_fact *n)
{
	n->owners = must(calloc(n->s.n_links + 1, sizeof(*n->owners)));
	n->declared = must(calloc(n->s.n_links + 1, sizeof(struct declared_link *)));
	for (size_t i = 0; i < n->s.n_links; i++) {
		const struct declared_link key = { .netns = n->name, .name = n->s.links[i].name }, *at = &key, **found;

		n->owners[i] = n->topology;
		found = g->n_declared
				? bsearch(&at, g->declared, g->n_declared, sizeof(struct declared_link *), declared_cmp)
				: NULL;
		if (!found || !is_declared(g->facts, n, &n->s.links[i], *found))
			continue;
		n->owners[i] = (*found)->topology;
		n->declared[i] = *found;
	}
}

static void netns_end(struct gathering *g, struct netns_fact *n)
{
	for (enum survey_part p = 0; p < SURVEY_PARTS; p++)
		if (n->s.cut & 1U << p)
			gather_unread(g, "%s has more %s than are read", n->name, survey_part_name(p));
	find_owners(g, n);
	survey_end(TAKE(g->reader));
	g->at++;
}

static bool netns_open_next(struct gathering *g, struct netns_fact *n, struct err *e)
{
	struct netns_set set;
	struct stat st;
	int r = netns_set_make(&set, engine_env(g->engine)->netns_dir, &n->name, 1, e);

	if (r == 0 && netns_is_there(&set.v[0])) {
		n->fd = take_fd(&set.v[0].fd);
		n->there = true;
		n->inode = fstat(n->fd, &st) == 0 ? st.st_ino : 0;
	} else if (r == 0) {
		n->stale = set.v[0].state == NETNS_STALE || set.v[0].state == NETNS_PLACEHOLDER;
	}
	netns_set_done(&set);
	return r == 0 && (!n->there || survey_begin(&g->reader, &n->s, n->fd, g->facts->depth, e) == 0);
}

bool gather_netns(struct gathering *g)
{
	struct netns_fact *n;
	struct err e;
	int r;

	if (!g->declared)
		list_declared(g);
	if (g->at == g->facts->n_netns)
		return false;
	n = &g->facts->netns[g->at];
	if (!g->reader) {
		if (!netns_open_next(g, n, &e))
			gather_unread(g, "%s could not be read: %s", n->name, e.text);
		g->at += !g->reader;
		return true;
	}
	r = survey_step(g->reader, &e);
	if (r < 0)
		gather_unread(g, "%s could be read only in part: %s", n->name, e.text);
	if (r <= 0)
		netns_end(g, n);
	return true;
}
