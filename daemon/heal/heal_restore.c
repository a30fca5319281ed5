/* SPDX-License-Identifier: MIT */
/* heal_restore.c - restores the saved values of an interface that existed before netnsd
 * and has been renamed (by udev, say). */
#include "topology/claims.h"
#include "topology/topology.h"
#include "healing.h"
#include <net/if.h>

/* In a saved value: its interface is gone, so whichever appears is another. */
enum { HANDLE_GONE = INT32_MAX };

static void add_as(struct model *to, const struct object *o, const char *name, uint64_t mask)
{
	struct object *copy = object_copy(to, o, mask);

	copy->name = o->name ? arena_strdup(&to->arena, name) : NULL;
	copy->place = o->name ? arena_fmt(&to->arena, "%s/%s", o->netns, name) : copy->netns;
	/* Neither an address of ours nor a value: existing objects are not created. */
	copy->managed = !object_is(o, "address");
	model_add(to, copy, NULL);
}

static bool is_at(const struct object *o, const struct object *link)
{
	return o->name && !strcmp(o->name, link->name) && !strcmp(o->netns, link->netns);
}

/* What is desired, and what was ours, under the new name. */
static void models_make(const struct heal *h, const struct object *link, const char *name, struct model *desired,
			struct model *last)
{
	const struct object *netns = model_netns(&h->topology->declared, link->netns);
	struct object *const *declared;
	size_t n;

	declared = watched_objects(h->topology, link->netns, link->name, &n);
	add_as(desired, netns, NULL, 0);
	add_as(last, netns, NULL, 0);
	for (size_t i = 0; i < h->topology->saved.n; i++)
		if (is_at(h->topology->saved.objects[i], link))
			add_as(desired, h->topology->saved.objects[i], name, ~UINT64_C(0));
	for (size_t i = 0; i < n; i++)
		add_as(last, declared[i], name, declared[i]->declared);
}

static int carry_out(struct pass *p, const char *netns, const struct wish *w, struct err *e)
{
	const struct op *op;
	int r = pass_open(p, &netns, 1, NULL, e);

	if (r == 0)
		r = pass_observe(p, w, e);
	if (r < 0)
		return r;
	(void)!pass_plan(p);
	while ((r = pass_execute(p, &op, e)) > 0)
		;
	return r;
}

static void restore(struct heal *h, struct object *link, const char *name)
{
	const char *only[] = { name, NULL };
	struct model desired, last;
	const struct extent extent = { .only = only };
	struct wish w = { .topology = h->topology->name,
			  .macs = topology_macs(h->topology),
			  .desired = &desired,
			  .last = &last,
			  .extents = &extent };
	_cleanup_(freep) struct claim *claims = claims_of_others(h->env, w.topology, &w.n_claims);
	struct pass p;
	struct err e;

	w.claims = claims;
	pass_init(&p, &h->env->machine);
	model_init(&desired, h->env->kinds);
	model_init(&last, h->env->kinds);
	models_make(h, link, name, &desired, &last);
	if (carry_out(&p, link->netns, &w, &e) < 0)
		problem_add_err(&h->refused, &e, &link->where, NULL);
	pass_done(&p);
	model_done(&desired);
	model_done(&last);
}

/* Finds the name of the interface with the number. */
static bool name_of(const struct heal *h, const char *netns, uint32_t handle, char name[IF_NAMESIZE])
{
	const struct netns *ns = netns_find(&h->pass.set, netns);
	struct err e;

	if (!ns || ns->fd < 0)
		return false;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);
	return entered >= 0 && if_indextoname(handle, name);
}

static void forget_handle(struct heal *h, struct object *link)
{
	struct err e;

	link->handle = HANDLE_GONE;
	for (size_t i = 0; i < h->topology->saved.n; i++)
		if (is_at(h->topology->saved.objects[i], link))
			h->topology->saved.objects[i]->handle = HANDLE_GONE;
	/* If it cannot be written, it is restored once more after the next restart at worst. */
	(void)!topology_store(h->env, h->topology, &e);
}

bool heal_restore_renamed(struct heal *h)
{
	bool any = false;

	for (size_t i = 0; i < h->scope.desired.n && !h->report; i++) {
		struct object *want = h->scope.desired.objects[i];
		const struct object *have = model_find(&h->pass.observed, want->id),
				    *original = model_find(&h->topology->saved, want->id);
		uint32_t handle = original && original->handle ? original->handle : want->handle;
		char name[IF_NAMESIZE];

		/* In a namespace of others the number may belong to an interface of an unrelated namespace. */
		if (strcmp(want->netns, "host") || !want->managed || !object_is(want, "link") || !handle ||
		    handle == HANDLE_GONE || (have && (have->assumed || have->handle == handle)))
			continue;
		if (name_of(h, want->netns, handle, name) && strcmp(name, want->name)) {
			restore(h, want, name);
			forget_handle(h, want);
			any = true;
		}
	}
	return any;
}
