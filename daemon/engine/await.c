/* SPDX-License-Identifier: MIT */
/* await.c - topologies that wait for what others create: an interface, a namespace.
 * Nothing of them exists yet.  When something appears that they name, they are brought up
 * like any other: completely, or not at all. */
#include "await.h"
#include "store/event.h"
#include "heal/watched.h"

bool await_may(const struct engine *g, const struct change *c, const struct job *j)
{
	const struct topology *t = topology_find(&g->env, c->name, NULL);
	bool brings_up = c->type == CHANGE_APPLY || c->type == CHANGE_UP || c->type == CHANGE_ROLLBACK;

	/* A topology that is up stays as it is: it does not give way to what may never appear. */
	return g->env.listener && brings_up && !c->confirm_seconds && j->result < 0 && !j->written &&
	       !(t && topology_is_up(t)) && problems_await(&j->problems);
}

static bool waits_already(const struct topology *t, const struct record *r)
{
	return t && t->awaiting && !strcmp(t->source, r->source) && json_text_equal(t->json, r->topology) &&
	       json_text_equal(t->names, r->names);
}

int await_take(struct engine *g, struct job *j, struct err *e)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);

	j->next.state = STATE_WAITING;
	if (waits_already(t, &j->next))
		j->next.since_usec = t->since_usec;
	else if (state_store(&g->env.state, &j->next, e) < 0)
		return e->code;
	topology_take(&g->env, &j->next, NULL);
	t = topology_find(&g->env, j->next.name, NULL);
	for (size_t i = 0; i < j->problems.n; i++)
		problem_copy(&t->problems, &j->problems.v[i]);
	watched_take(&g->env, t, &j->desired.model, &j->pass.set, false);
	return 0;
}

/* A failure that repeats itself is reported once. */
void await_failed(struct engine *g, const struct change *c, struct outcome *o)
{
	struct topology *t = c->awaited ? topology_find(&g->env, c->name, NULL) : NULL;
	struct problems *known = t ? &t->problems : NULL;

	if (!t || o->superseded || o->code == OUTCOME_DONE || o->code == OUTCOME_WAITING || !o->problems.n)
		return;
	o->superseded = t->state == STATE_FAILED && known->n && !strcmp(known->v[0].message, o->problems.v[0].message);
	t->state = STATE_FAILED;
	problems_done(known);
	for (size_t i = 0; i < o->problems.n; i++)
		problem_copy(known, &o->problems.v[i]);
}

void await_again(struct engine *g, struct topology *t)
{
	struct change c = { .type = CHANGE_UP, .awaited = true };

	for (size_t i = 0; i < t->n_watched; i++)
		watched_clear(&t->watched[i]);
	snprintf(c.name, sizeof(c.name), "%s", t->name);
	queue_add(&g->queue, &c);
}

/* The running change has observed already; new events are for the next. */
static bool is_queued(const struct engine *g, const struct topology *t)
{
	const struct entry *entry = g->queue.first[LINE_OWN];

	while (entry && (entry == g->queue.at || !entry->change.awaited || strcmp(entry->change.name, t->name)))
		entry = entry->next;
	return entry;
}

/* Queued once, however many events arrive until its turn. */
static bool is_woken(const struct engine *g, const struct topology *t)
{
	return t->awaiting && watched_is_marked(t) && !is_queued(g, t);
}

bool await_needed(const struct engine *g)
{
	for (size_t i = 0; i < g->env.n_topologies; i++)
		if (is_woken(g, g->env.topologies[i]))
			return true;
	return false;
}

void await_step(struct engine *g)
{
	for (size_t i = 0; i < g->env.n_topologies; i++)
		if (is_woken(g, g->env.topologies[i]))
			await_again(g, g->env.topologies[i]);
}

void await_kernel(struct engine *g, const struct job *j, const char *what)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);
	char message[600];
	struct event ev = { .type = EVENT_WAITING, .topology = j->next.name, .message = message };

	if (t && t->unapplied) {
		t->state = STATE_WAITING;
		problems_done(&t->problems);
		problem_add(&t->problems, EAGAIN, NULL, "%s", what);
	}
	snprintf(message, sizeof(message), "waits: %s", what);
	events_tell(g->env.events, &ev);
}
