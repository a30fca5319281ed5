/* SPDX-License-Identifier: MIT */
/* view.c - what is shown of a topology: everything in its own namespaces; in those of
 * others, which may have thousands of interfaces, what it declares. */
#include "view.h"
#include "settle.h"
#include "engine.h"
#include "base/shell.h"
#include "kernel/nft_obstacle.h"
#include "kernel/xt_obstacle.h"
#include "model/kind.h"
#include "model/model.h"
#include "model/order.h"

enum { OBSTACLES_MAX = 64 };

static const char *const *declared_links(struct arena *a, const struct object *netns)
{
	const char **names;
	size_t n = 0;

	for (const struct object *o = netns->first; o; o = o->next)
		n += object_is(o, "link");
	names = arena_alloc(a, (n + 1) * sizeof(*names));
	n = 0;
	for (const struct object *o = netns->first; o; o = o->next)
		if (object_is(o, "link"))
			names[n++] = o->name;
	names[n] = NULL;
	return names;
}

static const struct extent *declared_extents(struct job *j)
{
	struct extent *extents = arena_alloc(&j->last.model.arena, (j->pass.set.n + 1) * sizeof(*extents));

	for (size_t i = 0; i < j->pass.set.n; i++) {
		const struct object *netns = model_netns(&j->last.model, j->pass.set.v[i].name);

		if (netns && netns->managed)
			extents[i].only = declared_links(&j->last.model.arena, netns);
	}
	return extents;
}

/* The namespaces whose packets others can hold up: the topology has them forward or translate. */
static bool forwards(const struct object *netns)
{
	bool is = object_says(netns, "forwarding");

	for (const struct object *o = netns->first; o && !is; o = o->next)
		is = o->kind->netfilter;
	return is;
}

struct obstacles_of {
	struct view *view;
	const char *netns;
};

static void obstacle_add(const struct obstacles_of *of, const struct obstacle *o)
{
	struct view *v = of->view;

	if (v->n_obstacles == OBSTACLES_MAX)
		return;
	if (!v->obstacles)
		v->obstacles = arena_alloc(&v->arena, OBSTACLES_MAX * sizeof(*v->obstacles));
	v->obstacles[v->n_obstacles] = *o;
	v->obstacles[v->n_obstacles].netns = of->netns;
	v->obstacles[v->n_obstacles++].command =
		arena_fmt(&v->arena, "%s%s", netns_exec(&v->arena, of->netns), o->command);
}

static void on_nft(const struct nft_obstacle *o, void *arg)
{
	const struct obstacles_of *of = arg;
	struct arena *a = &of->view->arena;

	obstacle_add(of, &(struct obstacle){
				 .chain = arena_fmt(a, "table %s %s, chain %s", o->family, o->table, o->chain),
				 .how = arena_strdup(a, o->how),
				 .command = arena_fmt(a, "nft list chain %s %s %s", o->family, shell_word(a, o->table),
						      shell_word(a, o->chain)),
				 .certain = true,
			 });
}

static void on_xt(const struct xt_obstacle *o, void *arg)
{
	const struct obstacles_of *of = arg;
	struct arena *a = &of->view->arena;

	obstacle_add(of, &(struct obstacle){
				 .chain = arena_fmt(a, "%s, table %s, chain FORWARD", o->command, o->table),
				 .how = o->drops ? "policy drop"
						 : arena_fmt(a, "%u rule%s", o->rules, o->rules == 1 ? "" : "s"),
				 .command = arena_fmt(a, "%s -t %s -S FORWARD", o->command, shell_word(a, o->table)),
				 .certain = o->drops,
			 });
}

/* What cannot be read is not shown: it is a hint only. */
static void add_obstacles(struct view *v, const struct netns *ns)
{
	const struct object *netns = model_netns(v->declared, ns->name);
	struct obstacles_of of = { v, netns ? netns->netns : NULL };
	struct err e;

	if (!netns || ns->fd < 0 || !forwards(netns))
		return;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);
	if (entered >= 0)
		(void)!nft_obstacles(on_nft, &of, &e);
	if (entered >= 0)
		(void)!xt_obstacles(on_xt, &of, &e);
}

/* Shows everything in the order of the file: the kernel's is that of creation, and ours that of names. */
static void order(struct view *v, const struct model *observed)
{
	v->namespaces = arena_alloc(&v->arena, (observed->n + 1) * sizeof(*v->namespaces));
	for (size_t i = 0; i < observed->n; i++)
		if (object_is(observed->objects[i], "netns"))
			v->namespaces[v->n_namespaces++] = observed->objects[i];
	order_objects(v->namespaces, v->n_namespaces, order_declared, v->declared);
	for (size_t i = 0; i < v->n_namespaces; i++)
		order_links(v->namespaces[i], order_declared, v->declared);
}

void view_done(struct view *v)
{
	arena_done(&v->arena);
	*v = (struct view){ 0 };
}

int engine_observe(struct engine *g, const char *name, struct view *ret, struct err *e)
{
	struct job *j = &g->planned;
	struct wish w = { .topology = name, .desired = &j->last.model, .last = &j->last.model };
	struct err away;

	*ret = (struct view){ 0 };
	job_done(j);
	if (topology_job(g, j, name, e) < 0)
		return e->code;
	j->quiet = true;
	w.claims = j->claims;
	w.n_claims = j->n_claims;
	model_link(&j->last.model);
	/* What is missing is no reason not to show the rest. */
	if (job_open(j, &away) == 0) {
		w.extents = declared_extents(j);
		(void)!pass_observe(&j->pass, &w, &away);
	}
	ret->declared = &j->last.model;
	ret->observed = &j->pass.observed;
	order(ret, ret->observed);
	for (size_t i = 0; i < j->pass.set.n; i++)
		add_obstacles(ret, &j->pass.set.v[i]);
	pass_release(&j->pass);
	return 0;
}
