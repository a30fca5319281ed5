/* SPDX-License-Identifier: MIT */
/* topology.c - the topologies that the engine knows, in order of name. */
#include "usec.h"
#include "model/kind.h"
#include "model/model.h"
#include "topology.h"
#include "model/revert.h"
#include "model/owner.h"

void member_free(struct member *m)
{
	json_object_put(m->known.json);
	problems_done(&m->known.problems);
	model_done(&m->saved);
	model_done(&m->claims);
	drifts_done(&m->drifts);
	json_object_put(m->previous);
	free(m);
}

struct member *member_find(const struct env *env, const char *name, size_t *ret_place)
{
	size_t low = 0, high = env->n_members;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(name, env->members[mid]->known.name);

		if (c == 0)
			return env->members[mid];
		*(c < 0 ? &high : &low) = c < 0 ? mid : mid + 1;
	}
	if (ret_place)
		*ret_place = low;
	return NULL;
}

struct member *member_need(struct env *env, const char *name)
{
	size_t place;
	struct member *m = member_find(env, name, &place);

	if (m)
		return m;
	env->members = must(realloc(env->members, (env->n_members + 1) * sizeof(*env->members)));
	memmove(env->members + place + 1, env->members + place, (env->n_members - place) * sizeof(*env->members));
	env->n_members++;
	m = env->members[place] = must(calloc(1, sizeof(*m)));
	snprintf(m->known.name, sizeof(m->known.name), "%s", name);
	model_init(&m->saved, env->kinds);
	model_init(&m->claims, env->kinds);
	m->drifts = env->drifts;
	env->marks[topology_hash(name) % MARK_BUCKETS]++;
	return m;
}

void member_drop(struct env *env, const char *name)
{
	struct member *m = member_find(env, name, NULL);
	size_t i = 0;

	if (!m)
		return;
	while (env->members[i] != m)
		i++;
	env->n_members--;
	memmove(env->members + i, env->members + i + 1, (env->n_members - i) * sizeof(*env->members));
	env->marks[topology_hash(name) % MARK_BUCKETS]--;
	member_free(m);
}

/* Cables count once, and what was there before does not. */
static void count(struct known *k, const struct model *m)
{
	k->namespaces = k->links = 0;
	for (size_t n = 0; n < m->n; n++) {
		const struct object *o = m->objects[n];
		struct ref ref;
		size_t i = 0;

		if (o->managed)
			continue;
		if (object_is(o, "netns"))
			k->namespaces++;
		else if (object_is(o, "link") && (!object_ref(o, true, &i, &ref) || strcmp(ref.to, o->place) > 0))
			k->links++;
	}
}

int member_load(const struct env *env, struct json_object *json, struct topology *ret, struct err *e)
{
	struct problems p = { 0 };
	int r = load_json(json, env->kinds, ret, &p);

	if (r < 0)
		err_set(e, EINVAL, "%s: %s", p.v[0].where.pointer ? p.v[0].where.pointer : "", p.v[0].message);
	problems_done(&p);
	return r;
}

/* As it was when it was loaded: without what returns to what it was, and without the kernel's numbers. */
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

int member_declared(const struct env *env, const struct member *m, struct topology *ret, struct err *e)
{
	struct topology t = { .on_drift = m->on_drift };

	/* What could not be read at the start, or is about to be rolled back then, is not kept. */
	if (!m->declared.n)
		return member_load(env, m->known.json, ret, e);
	model_init(&t.model, env->kinds);
	for (size_t i = 0; i < m->declared.n; i++) {
		const struct object *o = m->declared.objects[i];

		/* A namespace that no file names is there for what returns in it. */
		if (o->where.pointer || !object_is(o, "netns") || !strcmp(o->netns, "host"))
			copy_add(&t.model, o);
	}
	*ret = t;
	return 0;
}

/* The record is what the member is from now on. */
void member_take(struct env *env, struct record *r, const struct model *declared)
{
	struct member *m = member_need(env, r->name);

	snprintf(m->known.source, sizeof(m->known.source), "%s", r->source);
	m->known.state = r->state;
	m->known.awaiting = r->state == STATE_WAITING;
	m->known.healed = r->healed;
	m->known.since_usec = r->since_usec;
	m->known.unapplied = false;
	m->persist = r->persist;
	/* boot.c looks again when somebody asks. */
	m->known.on_disk = ON_DISK_SAME;
	m->known.on_disk_problem = NULL;
	json_object_put(m->known.json);
	m->known.json = json_object_get(r->topology);
	problems_done(&m->known.problems);
	m->known.confirm_usec = m->due_usec = r->confirm_usec;
	m->refusals = 0;
	json_object_put(m->previous);
	m->previous = TAKE(r->previous);
	member_note_claims(m, declared);
	model_done(&m->saved);
	m->saved = r->saved;
	model_init(&r->saved, env->kinds);
	if (declared)
		count(&m->known, declared);
}

int member_store(const struct env *env, const struct member *m, struct err *e)
{
	struct record r = {
		.state = known_is_up(&m->known) ? STATE_UP : m->known.awaiting ? STATE_WAITING : m->known.state,
		.since_usec = m->known.since_usec,
		.healed = (uint32_t)m->known.healed,
		.topology = m->known.json,
		.saved = m->saved,
		.confirm_usec = m->known.confirm_usec,
		.previous = m->previous,
		.persist = m->persist,
	};

	snprintf(r.name, sizeof(r.name), "%s", m->known.name);
	snprintf(r.source, sizeof(r.source), "%s", m->known.source);
	return state_store(&env->state, &r, e);
}

void member_number(const struct member *m, struct model *last)
{
	for (size_t i = 0; i < m->declared.n; i++) {
		const struct object *o = m->declared.objects[i];
		struct object *same = o->cookie || m->forgot ? model_find(last, o->id) : NULL;

		if (!same)
			continue;
		same->marked = o->marked;
		same->former = o->former;
		same->cookie = o->cookie;
	}
}

bool member_claims(const struct model *declared, const struct object *o)
{
	const struct object *netns = model_netns(declared, o->netns);

	/* The loopback of a namespace of ours is managed too, but nobody else can claim it. */
	if (!netns || !netns->managed || (!o->managed && object_is(o, "link")))
		return false;
	return !o->managed || o->declared & ~kind_mask(o->kind, HIDDEN) & ~kind_mask(o->kind, KEY);
}

void member_note_claims(struct member *m, const struct model *declared)
{
	const struct kinds *kinds = m->claims.kinds;

	model_done(&m->claims);
	model_init(&m->claims, kinds);
	for (size_t i = 0; declared && i < declared->n; i++) {
		const struct object *o = declared->objects[i];

		if (member_claims(declared, o))
			model_add(&m->claims, object_copy(&m->claims, o, o->declared), NULL);
	}
}

enum why_not member_left_alone(const struct env *env, const struct member *m)
{
	const struct known *k = &m->known;

	/* What is just being changed is looked at by that change. */
	if (env->changing && !strcmp(env->changing->next.name, k->name))
		return WHY_NOT_CHANGING;
	if (k->awaiting)
		return WHY_NOT_AWAITING;
	if (m->broken)
		return WHY_NOT_ROLLBACK_FAILED;
	if (m->n_watched || k->unapplied || k->state == STATE_DOWN)
		return WHY_NOT_NONE;
	if (k->confirm_usec && k->confirm_usec <= usec_now(CLOCK_BOOTTIME))
		return WHY_NOT_OVERDUE;
	return k->state == STATE_FAILED ? WHY_NOT_NO_RECORD : WHY_NOT_NONE;
}
