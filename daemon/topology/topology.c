/* SPDX-License-Identifier: MIT */
/* topology.c - the topologies that netnsd has, in order of name. */
#include "usec.h"
#include "base/json.h"
#include "model/kind.h"
#include "model/model.h"
#include "topology.h"
#include "model/revert.h"
#include "model/owner.h"

void topology_free(struct topology *t)
{
	json_text_put(t->json);
	json_text_put(t->names);
	problems_done(&t->problems);
	model_done(&t->saved);
	model_done(&t->claims);
	drifts_done(&t->drifts);
	json_text_put(t->previous);
	free(t);
}

struct topology *topology_find(const struct env *env, const char *name, size_t *ret_place)
{
	size_t low = 0, high = env->n_topologies;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(name, env->topologies[mid]->name);

		if (c == 0)
			return env->topologies[mid];
		*(c < 0 ? &high : &low) = c < 0 ? mid : mid + 1;
	}
	if (ret_place)
		*ret_place = low;
	return NULL;
}

/* Adds @t, which has a name that no other has. */
static void insert(struct env *env, struct topology *t)
{
	size_t place = 0;

	(void)topology_find(env, t->name, &place);
	env->topologies = must(realloc(env->topologies, (env->n_topologies + 1) * sizeof(*env->topologies)));
	memmove(env->topologies + place + 1, env->topologies + place,
		(env->n_topologies - place) * sizeof(*env->topologies));
	env->n_topologies++;
	env->topologies[place] = t;
	env->marks[topology_hash(t->name) % MARK_BUCKETS]++;
}

/* Removes it from the list, and no more. */
static void take_out(struct env *env, const struct topology *t)
{
	size_t i = 0;

	while (env->topologies[i] != t)
		i++;
	env->n_topologies--;
	memmove(env->topologies + i, env->topologies + i + 1, (env->n_topologies - i) * sizeof(*env->topologies));
	env->marks[topology_hash(t->name) % MARK_BUCKETS]--;
}

struct topology *topology_need(struct env *env, const char *name)
{
	struct topology *t = topology_find(env, name, NULL);

	if (t)
		return t;
	t = must(calloc(1, sizeof(*t)));
	snprintf(t->name, sizeof(t->name), "%s", name);
	model_init(&t->saved, env->kinds);
	model_init(&t->claims, env->kinds);
	t->drifts = env->drifts;
	insert(env, t);
	return t;
}

void topology_drop(struct env *env, const char *name)
{
	struct topology *t = topology_find(env, name, NULL);

	if (!t)
		return;
	take_out(env, t);
	topology_free(t);
}

void topology_rename(struct env *env, struct topology *t, const char *name)
{
	take_out(env, t);
	snprintf(t->name, sizeof(t->name), "%s", name);
	insert(env, t);
}

/* Counts what the topology created; both ends of a veth pair count once. */
static void count(struct topology *t, const struct model *m)
{
	t->namespaces = t->links = 0;
	for (size_t n = 0; n < m->n; n++) {
		const struct object *o = m->objects[n];
		struct ref ref;
		size_t i = 0;

		if (o->managed)
			continue;
		if (object_is(o, "netns"))
			t->namespaces++;
		else if (object_is(o, "link") && (!object_ref(o, true, &i, &ref) || strcmp(ref.to, o->place) > 0))
			t->links++;
	}
}

void topology_put_name(struct json_object *topology, const char *name)
{
	struct json_object *own = json_object_object_get(topology, "name");

	if (json_object_is_type(own, json_type_string) && strcmp(json_object_get_string(own), name))
		json_object_object_add(topology, "name", json_object_new_string(name));
}

int topology_load(const struct env *env, const struct json_text *json, const struct json_text *names,
		  struct declaration *ret, struct err *e)
{
	_cleanup_(json_putp) struct json_object *in = json_text_parse(json), *in_names = json_text_parse(names);
	struct problems p = { 0 };
	int r = load_json(in, in_names, env->kinds, ret, &p);

	if (r < 0)
		err_set(e, EINVAL, "%s: %s", p.v[0].where.pointer ? p.v[0].where.pointer : "", p.v[0].message);
	problems_done(&p);
	return r;
}

/* As it was when it was loaded: without what reverts, and without the kernel's numbers. */
static void copy_add(struct model *to, const struct object *o)
{
	struct object *copy = object_copy(to, o, o->declared);

	copy->handle = 0;
	copy->declared = copy->set;
	copy->where.pointer = o->where.pointer ? arena_strdup(&to->arena, o->where.pointer) : NULL;
	copy->id = arena_strdup(&to->arena, o->id);
	copy->hash = o->hash;
	model_adopt(to, copy);
}

int topology_declared(const struct env *env, const struct topology *t, struct declaration *ret, struct err *e)
{
	struct declaration d = { .on_drift = t->on_drift };

	/* What could not be read at the start, or is about to be rolled back then, is not watched. */
	if (!t->declared.n)
		return topology_load(env, t->json, t->names, ret, e);
	model_init(&d.model, env->kinds);
	for (size_t i = 0; i < t->declared.n; i++) {
		const struct object *o = t->declared.objects[i];

		/* A namespace that no file names is there for what reverts in it. */
		if (o->where.pointer || !object_is(o, "netns") || !strcmp(o->netns, "host"))
			copy_add(&d.model, o);
	}
	*ret = d;
	return 0;
}

bool topology_claims(const struct model *declared, const struct object *o)
{
	const struct object *netns = model_netns(declared, o->netns);

	/* The loopback of a namespace of ours is managed too, but nobody else can declare it. */
	if (!netns || !netns->managed || (!o->managed && object_is(o, "link")))
		return false;
	return !o->managed || o->declared & ~kind_mask(o->kind, HIDDEN) & ~kind_mask(o->kind, KEY);
}

/* Notes what @t, whose model is @declared, claims. */
static void note_claims(struct topology *t, const struct model *declared)
{
	const struct kinds *kinds = t->claims.kinds;

	model_done(&t->claims);
	model_init(&t->claims, kinds);
	for (size_t i = 0; declared && i < declared->n; i++) {
		const struct object *o = declared->objects[i];

		if (topology_claims(declared, o))
			model_add(&t->claims, object_copy(&t->claims, o, o->declared), NULL);
	}
}

/* Takes the state of the topology from its record. */
void topology_take(struct env *env, struct record *r, const struct model *declared)
{
	struct topology *t = topology_need(env, r->name);

	snprintf(t->source, sizeof(t->source), "%s", r->source);
	snprintf(t->macs, sizeof(t->macs), "%s", r->macs);
	snprintf(t->renames, sizeof(t->renames), "%s", r->renames);
	t->state = r->state;
	t->awaiting = r->state == STATE_WAITING;
	t->healed = r->healed;
	t->since_usec = r->since_usec;
	t->unapplied = false;
	t->persist = r->persist;
	/* boot.c reads the file again when somebody asks. */
	t->on_disk = ON_DISK_SAME;
	t->on_disk_problem = NULL;
	json_text_put(t->json);
	t->json = json_text_get(r->topology);
	json_text_put(t->names);
	t->names = json_text_get(r->names);
	problems_done(&t->problems);
	t->confirm_usec = t->due_usec = r->confirm_usec;
	t->refusals = 0;
	json_text_put(t->previous);
	t->previous = TAKE(r->previous);
	note_claims(t, declared);
	model_done(&t->saved);
	t->saved = r->saved;
	model_init(&r->saved, env->kinds);
	if (declared)
		count(t, declared);
}

int topology_store(const struct env *env, const struct topology *t, struct err *e)
{
	struct record r = {
		.state = topology_is_up(t) ? STATE_UP
			 : t->awaiting     ? STATE_WAITING
					   : t->state,
		.since_usec = t->since_usec,
		.healed = (uint32_t)t->healed,
		.topology = t->json,
		.names = t->names,
		.saved = t->saved,
		.confirm_usec = t->confirm_usec,
		.previous = t->previous,
		.persist = t->persist,
	};

	snprintf(r.name, sizeof(r.name), "%s", t->name);
	snprintf(r.source, sizeof(r.source), "%s", t->source);
	snprintf(r.macs, sizeof(r.macs), "%s", t->macs);
	snprintf(r.renames, sizeof(r.renames), "%s", t->renames);
	return state_store(&env->state, &r, e);
}

void topology_number(const struct topology *t, struct model *last)
{
	for (size_t i = 0; i < t->declared.n; i++) {
		const struct object *o = t->declared.objects[i];
		struct object *same = o->cookie || t->forgot ? model_same(last, o) : NULL;

		if (!same)
			continue;
		same->marked = o->marked;
		same->former = o->former;
		same->cookie = o->cookie;
	}
}

bool topology_declares(const struct topology *t, const char *netns)
{
	_cleanup_(json_putp) struct json_object *json = NULL;
	struct json_object *namespaces;

	/* Most can be excluded without parsing: the name of a namespace contains nothing that JSON escapes. */
	if (!t->json || !strstr(json_text_chars(t->json), netns))
		return false;
	json = json_text_parse(t->json);
	if (!strcmp(netns, "host"))
		return json_object_object_get(json, "host");
	namespaces = json_object_object_get(json, "namespaces");
	return json_object_is_type(namespaces, json_type_object) && json_object_object_get(namespaces, netns);
}

enum why_not topology_left_alone(const struct env *env, const struct topology *t)
{
	const struct topology *k = t;

	/* A topology that is being changed, or renamed, is observed by that change. */
	if (env->changing &&
	    (!strcmp(env->changing->next.name, k->name) || !strcmp(env->changing->next.renames, k->name)))
		return WHY_NOT_CHANGING;
	if (k->awaiting)
		return WHY_NOT_AWAITING;
	if (t->broken)
		return WHY_NOT_ROLLBACK_FAILED;
	if (t->n_watched || k->unapplied || k->state == STATE_DOWN)
		return WHY_NOT_NONE;
	if (k->confirm_usec && k->confirm_usec <= usec_now(CLOCK_BOOTTIME))
		return WHY_NOT_OVERDUE;
	return k->state == STATE_FAILED ? WHY_NOT_NO_RECORD : WHY_NOT_NONE;
}
