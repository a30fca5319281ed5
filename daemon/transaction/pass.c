/* SPDX-License-Identifier: MIT */
/* pass.c - observe, resolve owners, plan, execute: the loop that everything goes through, once. */
#include "pass.h"
#include "kernel/nft_owner.h"
#include "model/owner.h"

void pass_init(struct pass *p, const struct machine *m)
{
	*p = (struct pass){ .machine = m };
	model_init(&p->observed, m->kinds);
}

void pass_rewind(struct pass *p)
{
	if (p->executing)
		execute_done(&p->execution);
	p->executing = false;
}

static void forget_plan(struct pass *p)
{
	pass_rewind(p);
	plan_done(&p->plan);
	problems_done(&p->problems);
	p->problems = (struct problems){ 0 };
}

void pass_release(struct pass *p)
{
	netns_set_done(&p->set);
	nft_owner_rest();
}

void pass_done(struct pass *p)
{
	forget_plan(p);
	model_done(&p->observed);
	pass_release(p);
	*p = (struct pass){ 0 };
}

int pass_open(struct pass *p, const char **names, size_t n, const char *pins, struct err *e)
{
	forget_plan(p);
	netns_set_done(&p->set);
	return p->machine->open(p->machine->arg, &p->set, names, n, pins, e);
}

int pass_clear(struct pass *p, bool (*is_ours)(const void *arg, const char *netns), const void *arg, struct err *e)
{
	for (size_t i = 0; i < p->set.n; i++) {
		struct netns *ns = &p->set.v[i];

		if (ns->state == NETNS_PLACEHOLDER && is_ours(arg, ns->name) && netns_clear(ns, p->set.dir, e) < 0)
			return e->code;
	}
	if (p->machine->clear)
		p->machine->clear(p->machine->arg, &p->set);
	return 0;
}

int pass_name(struct pass *p, struct netns *ns, struct err *e)
{
	return p->machine->name(p->machine->arg, &p->set, ns, e);
}

int pass_name_all(struct pass *p, enum netns_state state, struct err *e)
{
	for (size_t i = 0; i < p->set.n; i++)
		if (p->set.v[i].state == state && pass_name(p, &p->set.v[i], e) < 0)
			return e->code;
	return 0;
}

/* The last observation of namespaces where nothing was done since is as good as a new one. */
static void keep_unchanged(struct pass *p, struct model *before)
{
	for (size_t i = 0; i < before->n; i++) {
		const struct netns *ns = netns_find(&p->set, before->objects[i]->netns);

		if (before->objects[i]->assumed || (ns && ns->unchanged))
			model_adopt(&p->observed, before->objects[i]);
	}
	arena_join(&p->observed.arena, &before->arena);
	model_done(before);
}

static int observe_all(struct pass *p, struct err *e)
{
	for (size_t i = 0; i < p->set.n; i++) {
		struct netns *ns = &p->set.v[i];
		struct object *want = model_netns(p->wish.desired, ns->name);
		int r = 0;

		if (!ns->unchanged)
			r = p->machine->observe(p->machine->arg, &p->set, ns, &p->wish, &p->observed, e);
		if (r < 0)
			return r;
		if (want)
			want->name_blocked = ns->state == NETNS_STALE || ns->state == NETNS_PLACEHOLDER;
		ns->unchanged = netns_is_there(ns);
	}
	return 0;
}

/* Resolves what involves more than one namespace. */
static void resolve(struct pass *p)
{
	for (size_t i = 0; i < p->observed.n; i++) {
		struct object *o = p->observed.objects[i];

		if (!o->kind->resolve)
			continue;
		o->kind->resolve(&p->observed, o, model_same(p->wish.desired, o));
		o->kind->resolve(&p->observed, o, model_same(p->wish.last, o));
	}
}

static const char *claimant(const struct wish *w, const char *id)
{
	for (size_t i = 0; i < w->n_claims; i++)
		if (model_find(w->claims[i].model, id))
			return w->claims[i].topology;
	return NULL;
}

/* The mark of most objects is that of all topologies; that of some names the one that made it. */
static bool is_made_by(const struct object *o, const char *topology)
{
	return o->sign.topology && !strcmp(o->sign.topology, topology);
}

/* Objects that other topologies declare in namespaces of this one carry our mark, but do not belong to it. */
static void disown(struct pass *p)
{
	for (size_t i = 0; i < p->observed.n; i++) {
		struct object *o = p->observed.objects[i];
		const char *owner;

		if (o->owner != OWNER_OURS || !o->sign.hash || object_is(o, "link") || object_is(o, "netns") ||
		    is_made_by(o, p->wish.topology) || model_same(p->wish.desired, o) || model_same(p->wish.last, o))
			continue;
		owner = claimant(&p->wish, o->id);
		if (!owner)
			continue;
		o->owner = OWNER_OTHER_TOPOLOGY;
		o->owner_name = owner;
	}
}

/* A field of an object of ours that no file sets, and that another topology declares, is
 * compared by that one. */
static void yield(struct pass *p, const struct object *want, struct object *have)
{
	uint64_t mask = object_diff(want, have) & want->usual;

	for (size_t i = 0; i < p->wish.n_claims && mask; i++) {
		const struct object *claim = model_same(p->wish.claims[i].model, want);

		if (claim && claim->managed)
			object_assign(&p->observed, have, want, mask & claim->set & ~claim->usual);
	}
}

static void yield_all(struct pass *p)
{
	for (size_t i = 0; i < p->wish.desired->n && p->wish.n_claims; i++) {
		const struct object *want = p->wish.desired->objects[i];
		struct object *have = want->usual && !want->managed ? model_same(&p->observed, want) : NULL;

		if (have && have->kind == want->kind)
			yield(p, want, have);
	}
}

int pass_observe(struct pass *p, const struct wish *w, struct err *e)
{
	struct model before = p->observed;
	int r;

	forget_plan(p);
	p->wish = *w;
	model_init(&p->observed, p->machine->kinds);
	model_link(w->desired);
	model_link(w->last);
	keep_unchanged(p, &before);
	r = observe_all(p, e);
	/* They belong to the caller. */
	p->wish.extents = NULL;
	if (r < 0)
		return r;
	resolve(p);
	model_link(&p->observed);
	if (w->adopt)
		owner_pretend(&p->observed, w->desired, w->topology);
	owner_resolve(&p->observed, w->topology, w->desired, w->adopt ? w->desired : w->last, w->tried);
	disown(p);
	yield_all(p);
	return 0;
}

int pass_plan(struct pass *p)
{
	return plan_make(&p->plan, p->wish.desired, &p->observed, &p->problems);
}

void pass_doubt(struct pass *p, const struct object *o)
{
	struct netns *ns = o ? netns_find(&p->set, o->netns) : NULL;
	struct ref ref;

	if (ns)
		ns->unchanged = false;
	for (size_t i = 0; !o && i < p->set.n; i++)
		p->set.v[i].unchanged = false;
	for (size_t i = 0; o && object_ref(o, true, &i, &ref);) {
		const struct object *far = model_find_ref(p->wish.desired, ref.class, ref.to);

		if (!far)
			far = model_find_ref(&p->observed, ref.class, ref.to);
		ns = far ? netns_find(&p->set, far->netns) : NULL;
		if (ns)
			ns->unchanged = false;
	}
}

static void begin(struct pass *p)
{
	for (size_t i = 0; i < p->plan.n; i++) {
		const struct op *op = &p->plan.ops[i];

		if (op->before)
			pass_doubt(p, op->before);
		if (op->after)
			pass_doubt(p, op->after);
	}
	execute_init(&p->execution, &p->plan, &p->set, p->wish.marks ? p->wish.marks : p->wish.topology,
		     p->machine->identity);
	if (p->wish.macs)
		p->execution.batch.macs = p->wish.macs;
	p->executing = true;
}

int pass_execute(struct pass *p, const struct op **ret_op, struct err *e)
{
	uint32_t *next = &p->execution.batch.next_index;
	int r;

	if (!p->executing)
		begin(p);
	/* Passes take turns in a namespace: a heal while a change is running. */
	if (*next < *p->machine->next_index)
		*next = *p->machine->next_index;
	*ret_op = NULL;
	r = p->machine->execute(p->machine->arg, &p->execution, ret_op, e);
	*p->machine->next_index = *next;
	return r;
}
