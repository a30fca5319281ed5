/* SPDX-License-Identifier: MIT */
/* known.c - the topologies that the engine knows, in order of name. */
#include "model/back.h"
#include "heal/keep.h"
#include "model/owner.h"

void member_free(struct member *m)
{
	json_object_put(m->known.json);
	problems_done(&m->known.problems);
	model_done(&m->originals);
	model_done(&m->claims);
	drifts_done(&m->drifts);
	json_object_put(m->previous);
	free(m);
}

struct member *member_find(const struct engine *g, const char *name, size_t *ret_place)
{
	size_t low = 0, high = g->n_members;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = strcmp(name, g->members[mid]->known.name);

		if (c == 0)
			return g->members[mid];
		*(c < 0 ? &high : &low) = c < 0 ? mid : mid + 1;
	}
	if (ret_place)
		*ret_place = low;
	return NULL;
}

struct member *member_need(struct engine *g, const char *name)
{
	size_t place;
	struct member *m = member_find(g, name, &place);

	if (m)
		return m;
	g->members = must(realloc(g->members, (g->n_members + 1) * sizeof(*g->members)));
	memmove(g->members + place + 1, g->members + place, (g->n_members - place) * sizeof(*g->members));
	g->n_members++;
	m = g->members[place] = must(calloc(1, sizeof(*m)));
	snprintf(m->known.name, sizeof(m->known.name), "%s", name);
	model_init(&m->originals, g->kinds);
	model_init(&m->claims, g->kinds);
	m->drifts = g->drifts;
	g->marks[topology_hash(name) % MARK_BUCKETS]++;
	return m;
}

void member_drop(struct engine *g, const char *name)
{
	struct member *m = member_find(g, name, NULL);
	size_t i = 0;

	if (!m)
		return;
	while (g->members[i] != m)
		i++;
	g->n_members--;
	memmove(g->members + i, g->members + i + 1, (g->n_members - i) * sizeof(*g->members));
	g->marks[topology_hash(name) % MARK_BUCKETS]--;
	keep_done(g, m);
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

		if (o->any)
			continue;
		if (object_is(o, "netns"))
			k->namespaces++;
		else if (object_is(o, "link") && (!object_ref(o, true, &i, &ref) || strcmp(ref.to, o->place) > 0))
			k->links++;
	}
}

int member_load(const struct engine *g, struct json_object *json, struct topology *ret, struct err *e)
{
	struct problems p = { 0 };
	int r = load_json(json, g->kinds, ret, &p);

	if (r < 0)
		err_set(e, EINVAL, "%s: %s", p.v[0].where.pointer ? p.v[0].where.pointer : "", p.v[0].message);
	problems_done(&p);
	return r;
}

/* The record is what the member is from now on. */
void member_take(struct engine *g, struct record *r, const struct model *declared)
{
	struct member *m = member_need(g, r->name);

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
	share_note(m, declared);
	model_done(&m->originals);
	m->originals = r->originals;
	model_init(&r->originals, g->kinds);
	if (declared)
		count(&m->known, declared);
}

int member_store(const struct engine *g, const struct member *m, struct err *e)
{
	struct record r = {
		.state = known_is_up(&m->known) ? STATE_UP : m->known.awaiting ? STATE_WAITING : m->known.state,
		.since_usec = m->known.since_usec,
		.healed = (uint32_t)m->known.healed,
		.topology = m->known.json,
		.originals = m->originals,
		.confirm_usec = m->known.confirm_usec,
		.previous = m->previous,
		.persist = m->persist,
	};

	snprintf(r.name, sizeof(r.name), "%s", m->known.name);
	snprintf(r.source, sizeof(r.source), "%s", m->known.source);
	return state_store(&g->state, &r, e);
}

static void originals_copy(struct model *to, const struct model *from)
{
	for (size_t i = 0; i < from->n; i++)
		model_add(to, object_copy(to, from->objects[i], ~UINT64_C(0)), NULL);
}

static void on_looked(void *engine, struct job *j)
{
	share_disown(engine, j->next.name, &j->observed, &j->desired.model, &j->last.model);
}

/* What other topologies still declare of what is not theirs does not go back. */
static void on_returning(void *engine, struct job *j)
{
	const struct engine *g = engine;

	for (size_t i = 0; i < g->n_members; i++)
		if (g->members[i]->claims.n && strcmp(g->members[i]->known.name, j->next.name))
			back_share(&j->desired.model, &g->members[i]->claims);
}

/* What is up now, for a job to start from. */
int member_job(struct engine *g, struct job *j, const char *name, struct err *e)
{
	struct member *m = member_find(g, name, NULL);

	*j = (struct job){ 0 };
	job_init(j, g->kinds, &g->state, g->netns_dir, g->machine);
	j->owner = g;
	j->opened = keep_opened;
	j->looked = on_looked;
	j->next_index = g->next_index;
	snprintf(j->next.name, sizeof(j->next.name), "%s", name);
	if (!m)
		return 0;
	j->returning = on_returning;
	j->next.had = !m->known.unapplied;
	j->next.healed = (uint32_t)m->known.healed;
	snprintf(j->next.source, sizeof(j->next.source), "%s", m->known.source);
	j->next.confirm_usec = m->known.confirm_usec;
	j->next.previous = json_object_get(m->previous);
	originals_copy(&j->next.originals, &m->originals);
	if (!known_is_up(&m->known))
		return 0;
	model_done(&j->last.model);
	if (member_load(g, m->known.json, &j->last, e) < 0)
		return e->code;
	member_number(m, &j->last.model);
	return 0;
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

/* A change that left the kernel between two states is shown until it is mended. */
void member_failed(struct engine *g, struct job *j)
{
	struct member *m = member_find(g, j->next.name, NULL);

	if (!m || !j->back_failed)
		return;
	m->known.state = STATE_FAILED;
	m->broken = true;
	problems_done(&m->known.problems);
	for (size_t i = 0; i < j->problems.n; i++)
		problem_copy(&m->known.problems, &j->problems.v[i]);
}

/* What is up is kept from now on. */
static void member_keep(struct engine *g, struct job *j)
{
	struct member *m = member_find(g, j->next.name, NULL);

	m->broken = m->heal_failed = false;
	m->again_usec = 0;
	if (j->next.state != STATE_UP) {
		keep_done(g, m);
		drifts_done(&m->drifts);
		return;
	}
	m->on_drift = j->desired.on_drift;
	keep_take(g, m, &j->desired.model, &j->set, true);
	m->forgot = false;
	drift_declared(&m->drifts, &m->declared);
}

void member_unsettled(struct engine *g, struct job *j)
{
	struct member *m = member_find(g, j->next.name, NULL);

	if (j->next_index > g->next_index)
		g->next_index = j->next_index;
	if (!m || m->known.awaiting)
		return;
	keep_mark_all(m);
	g->marked = true;
}

void member_settle(struct engine *g, struct job *j, bool forget)
{
	struct member *m = member_find(g, j->next.name, NULL);
	struct err e;

	if (j->result < 0) {
		member_unsettled(g, j);
		member_failed(g, j);
		return;
	}
	if (j->next_index > g->next_index)
		g->next_index = j->next_index;
	member_take(g, &j->next, j->next.state == STATE_UP ? &j->desired.model : NULL);
	if (!j->same || j->written)
		member_keep(g, j);
	else
		drift_settle_all(&m->drifts);
	if (forget && state_forget(&g->state, j->next.name, &e) == 0)
		member_drop(g, j->next.name);
}
