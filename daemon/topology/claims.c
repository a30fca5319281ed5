/* SPDX-License-Identifier: MIT */
/* claims.c - what several topologies declare about an object that none of them creates:
 * an interface is managed by one; a key may be declared by several that agree, and
 * reverts when the last of them goes. */
#include "model/revert.h"
#include "topology.h"
#include "claims.h"

static bool contradicts(const struct object *want, const struct object *claim)
{
	struct object both = *want;

	/* Both create it, or both would manage the interface. */
	if (want->managed == claim->managed && (!want->managed || object_is(want, "link")))
		return true;
	/* Only what both declare is compared. */
	both.set = want->set & claim->set & ~want->usual & ~claim->usual;
	for (size_t i = 0; i < want->kind->n_fields; i++)
		if (object_has(&both, i) && !want->kind->fields[i].type->equal(object_at(want, i), object_at(claim, i)))
			return true;
	return false;
}

static int check_one(struct job *j, const struct topology *other, const struct object *want, const struct object *claim)
{
	struct arena a = { 0 };
	const char *both, *object;

	if (!want || !claim || (want->managed && !topology_claims(&j->desired.model, want)) ||
	    (!want->kind->excludes && !contradicts(want, claim)))
		return 0;
	both = want->kind->excludes ? want->kind->excludes(&a, want, claim) : NULL;
	if (want->kind->excludes && !both)
		return 0;
	object = plan_object(&a, want);
	if (both)
		problem_add_in_the_way(&j->problems, &want->where, object,
				       arena_fmt(&a,
						 "%s %s: %s belongs to the topology %s; take it out of one of the two, "
						 "or run: netnsctl down %s",
						 want->kind->label, want->place, both, other->name, other->name),
				       other->name);
	else
		problem_add_conflict(&j->problems, &want->where, object, other->name);
	arena_done(&a);
	return -EEXIST;
}

static int check_against(struct job *j, const struct topology *other)
{
	const struct model *desired = &j->desired.model;
	int r = 0;

	for (size_t i = 0; i < other->claims.n; i++)
		r = check_one(j, other, model_same(desired, other->claims.objects[i]), other->claims.objects[i]) ?: r;
	return r;
}

/* The host is created by nobody, and declared by all. */
static struct topology *maker(const struct env *env, const char *netns)
{
	for (size_t i = 0; i < env->n_topologies && strcmp(netns, "host") != 0; i++) {
		const struct object *own = model_netns(&env->topologies[i]->declared, netns);

		if (own && !own->managed)
			return env->topologies[i];
	}
	return NULL;
}

/* Checks a namespace that is declared as existing, and may be that of another topology. */
static int check_existing(const struct env *env, struct job *j, const struct object *netns)
{
	const struct topology *t = maker(env, netns->netns);
	int r = 0;

	if (!t || !strcmp(t->name, j->next.name))
		return 0;
	for (const struct object *o = netns->first; o && r == 0; o = o->next)
		r = check_one(j, t, o, model_same(&t->declared, o));
	return r;
}

/* Whether @t uses a namespace of @j, or of a topology that does. */
static bool lives_in(const struct env *env, struct topology *t, const struct job *j)
{
	t->visited = true;
	for (size_t i = 0; i < t->claims.n; i++) {
		const struct object *claim = t->claims.objects[i], *own = model_netns(&j->desired.model, claim->netns);
		struct topology *next = object_is(claim, "netns") && !own ? maker(env, claim->netns) : NULL;

		if (object_is(claim, "netns") && own && !own->managed)
			return true;
		if (next && !next->visited && lives_in(env, next, j))
			return true;
	}
	return false;
}

/* Of two topologies that use each other's namespaces neither could ever go down. */
static int check_circle(const struct env *env, struct job *j, const struct object *netns)
{
	struct topology *t = maker(env, netns->netns);

	if (!t || !strcmp(t->name, j->next.name))
		return 0;
	for (size_t i = 0; i < env->n_topologies; i++)
		env->topologies[i]->visited = !strcmp(env->topologies[i]->name, j->next.name);
	if (!lives_in(env, t, j))
		return 0;
	problem_add(&j->problems, ELOOP, &netns->where,
		    "namespace %s is created by the topology %s, which itself uses a namespace of %s", netns->netns,
		    t->name, j->next.name);
	return -ELOOP;
}

int claims_check(const struct env *env, struct job *j)
{
	const struct model *desired = &j->desired.model;
	int r = 0;

	for (size_t i = 0; i < env->n_topologies && r == 0; i++)
		if (env->topologies[i]->claims.n && strcmp(env->topologies[i]->name, j->next.name))
			r = check_against(j, env->topologies[i]);
	for (size_t i = 0; i < desired->n && r == 0; i++)
		if (object_is(desired->objects[i], "netns") && desired->objects[i]->managed &&
		    (r = check_existing(env, j, desired->objects[i])) == 0)
			r = check_circle(env, j, desired->objects[i]);
	return r;
}

const struct topology *claims_user(const struct env *env, const struct job *j, const char **ret_netns)
{
	for (size_t i = 0; i < env->n_topologies; i++)
		for (size_t n = 0; n < env->topologies[i]->claims.n && strcmp(env->topologies[i]->name, j->next.name);
		     n++) {
			const struct object *claim = env->topologies[i]->claims.objects[n];
			const struct object *own =
				object_is(claim, "netns") ? model_netns(&j->last.model, claim->netns) : NULL;
			const struct object *still =
				own && !own->managed ? model_netns(&j->desired.model, claim->netns) : own;

			if (!own || own->managed || (still && !still->managed))
				continue;
			*ret_netns = own->netns;
			return env->topologies[i];
		}
	return NULL;
}

struct claim *claims_of_others(const struct env *env, const char *name, size_t *ret_n)
{
	struct claim *all = must(calloc(env->n_topologies + 1, sizeof(*all)));
	const struct job *changing = env->changing;
	size_t n = 0;

	if (changing && strcmp(changing->next.name, name))
		all[n++] = (struct claim){ changing->next.name, &changing->desired.model, true };
	for (size_t i = 0; i < env->n_topologies; i++)
		if (env->topologies[i]->claims.n && strcmp(env->topologies[i]->name, name))
			all[n++] = (struct claim){ .topology = env->topologies[i]->name,
						   .model = &env->topologies[i]->claims };
	*ret_n = n;
	return all;
}

void claims_owned(const struct env *env, const char *name, const struct model *last, struct model *ret)
{
	for (size_t i = 0; i < last->n; i++) {
		const struct object *o = last->objects[i];

		for (size_t n = 0; n < env->n_topologies && topology_claims(last, o); n++) {
			const struct topology *t = env->topologies[n];
			const struct object *own = strcmp(t->name, name) ? model_same(&t->declared, o) : NULL;

			if (!own || topology_claims(&t->declared, own))
				continue;
			model_add(ret, object_copy(ret, own, own->declared & ~own->usual), NULL);
			break;
		}
	}
}

/* Transfers the saved values of @o to @t; true if it had none. */
static bool transfer(struct topology *t, const struct job *j, const struct object *o)
{
	const struct object *claim = model_same(&t->claims, o), *own = model_same(&t->declared, o);
	const struct object *still = model_same(&j->desired.model, o), *netns = model_netns(&t->declared, o->netns);

	/* Whoever creates the namespace may declare the same key in it. */
	if (!claim && own && own->managed && !netns->managed)
		claim = own;
	if (!claim || (still && topology_claims(&j->desired.model, still)))
		return false;
	revert_merge(&t->saved, o, claim->set);
	return true;
}

/* What the creator of an object gives up reverts with the last topology that declares it: to what it would be now. */
static bool give(struct topology *t, const struct object *o)
{
	const struct object *claim = model_same(&t->claims, o);

	if (!claim)
		return false;
	revert_merge(&t->saved, o, claim->set);
	return true;
}

int claims_transfer(struct env *env, const struct job *j, struct err *e)
{
	const struct topology *from = topology_find(env, j->next.name, NULL);

	for (size_t i = 0; from && i < env->n_topologies; i++) {
		struct topology *t = env->topologies[i];
		bool handed = false;

		for (size_t n = 0; t != from && n < from->saved.n; n++)
			handed |= transfer(t, j, from->saved.objects[n]);
		for (size_t n = 0; t != from && n < j->given.n; n++)
			handed |= give(t, j->given.objects[n]);
		if (handed && topology_store(env, t, e) < 0)
			return e->code;
	}
	return 0;
}
