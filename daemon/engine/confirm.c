/* SPDX-License-Identifier: MIT */
/* confirm.c - confirmation and rollback by hand: the record of a topology holds the
 * previous one, and the time when that returns by itself.  A rollback is a change like
 * any other. */
#include "confirm.h"
#include "usec.h"
#include "boot.h"
#include "engine.h"
#include "store/event.h"

/* Seconds between attempts to roll back, doubled each time. */
enum { PAUSE_FIRST = 1, PAUSE_MAX = 60 };

#define SECOND UINT64_C(1000000)

uint64_t confirm_left(uint64_t confirm_usec)
{
	uint64_t now = usec_now(CLOCK_BOOTTIME);

	if (!confirm_usec)
		return 0;
	return confirm_usec > now ? confirm_usec - now : 1;
}

bool confirm_overdue(const struct topology *t)
{
	return t->confirm_usec && t->confirm_usec <= usec_now(CLOCK_BOOTTIME);
}

bool confirm_awaited(const struct engine *g, const struct change *c)
{
	const struct topology *t = topology_find(&g->env, c->name, NULL);

	return t && t->confirm_usec && c->type != CHANGE_CONFIRM && c->type != CHANGE_ROLLBACK;
}

static struct json_text *previous_new(const struct topology *t)
{
	struct previous p = {
		/* One that waits for what others create is to come up. */
		.state = topology_is_up(t) || t->awaiting ? STATE_UP : STATE_DOWN,
		.topology = t->json,
		.names = t->names,
	};

	snprintf(p.source, sizeof(p.source), "%s", t->source);
	return previous_text(&p);
}

bool confirm_previous(const struct topology *t, struct previous *ret)
{
	struct err e;

	return t->previous && previous_read(t->previous, ret, &e) == 0 && ret->state == STATE_UP;
}

bool confirm_takes_down(const struct job *j, const struct change *c)
{
	struct previous previous = { 0 };
	bool was_up;
	struct err e;

	if (c->type != CHANGE_ROLLBACK || j->next.state == STATE_UP || !j->next.previous)
		return false;
	was_up = previous_read(j->next.previous, &previous, &e) == 0 && previous.state == STATE_UP;
	previous_done(&previous);
	return was_up;
}

void confirm_keep(struct job *j, const struct topology *t, const struct change *c)
{
	bool stays = t && topology_is_up(t) && json_text_equal(t->json, j->next.topology) &&
		     json_text_equal(t->names, j->next.names);

	/* An up that has to be confirmed is the first apply of a boot file. */
	bool applies = c->type == CHANGE_APPLY || (c->type == CHANGE_UP && c->confirm_seconds);

	if (c->type != CHANGE_ROLLBACK && (!applies || stays))
		return;
	json_text_put(j->next.previous);
	j->next.previous = t && t->json ? previous_new(t) : NULL;
	j->next.confirm_usec = c->confirm_seconds ? usec_now(CLOCK_BOOTTIME) + c->confirm_seconds * SECOND : 0;
}

int confirm_take(struct engine *g, const char *name, struct err *e)
{
	struct topology *t = topology_find(&g->env, name, NULL);
	const enum topology_state state = t->state;
	uint64_t confirm_usec = t->confirm_usec;
	bool persist = t->persist;

	/* A confirmation that could not be written does not count; it can be tried again in time. */
	if (persist && boot_persist(g, t, e) < 0)
		return e->code;
	t->confirm_usec = 0;
	t->persist = false;
	/* A change that could not be rolled back is confirmed now, so it is healed again. */
	if (t->refusals)
		t->state = STATE_UP;
	if (topology_store(&g->env, t, e) < 0) {
		t->confirm_usec = confirm_usec;
		t->state = state;
		t->persist = persist;
		return e->code;
	}
	if (t->refusals) {
		t->broken = false;
		problems_done(&t->problems);
	}
	t->refusals = 0;
	return 0;
}

/* Nobody waits for the rollback at the deadline: why it failed is shown, and it is tried again. */
static void on_done(void *arg, const struct outcome *o)
{
	struct engine *g = arg;
	struct topology *t = topology_find(&g->env, o->name, NULL);
	struct event failed = { .type = EVENT_FAILED, .topology = o->name };
	uint64_t pause;
	char message[600];

	if (!t || !confirm_overdue(t))
		return;
	pause = (uint64_t)PAUSE_FIRST << (t->refusals < 6 ? t->refusals : 6);
	pause = pause < PAUSE_MAX ? pause : PAUSE_MAX;
	t->refusals++;
	t->due_usec = usec_now(CLOCK_BOOTTIME) + pause * SECOND;
	snprintf(message, sizeof(message), "not confirmed in time, and rollback failed, it is retried: %s",
		 o->problems.n ? o->problems.v[0].message : "");
	t->state = STATE_FAILED;
	problems_done(&t->problems);
	problem_add(&t->problems, o->problems.n ? o->problems.v[0].code : 0, NULL, "%s", message);
	failed.message = message;
	failed.code = o->problems.n ? o->problems.v[0].code : 0;
	events_tell(g->env.events, &failed);
}

uint64_t confirm_deadline(const struct engine *g)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < g->env.n_topologies; i++)
		if (g->env.topologies[i]->confirm_usec && g->env.topologies[i]->due_usec < first)
			first = g->env.topologies[i]->due_usec;
	return first;
}

void confirm_tick(struct engine *g)
{
	uint64_t now = usec_now(CLOCK_BOOTTIME);

	for (size_t i = 0; i < g->env.n_topologies; i++) {
		struct topology *t = g->env.topologies[i];
		struct change c = { .type = CHANGE_ROLLBACK, .overdue = true, .arg = g, .done = on_done };

		if (!t->confirm_usec || t->due_usec > now)
			continue;
		t->due_usec = UINT64_MAX;
		snprintf(c.name, sizeof(c.name), "%s", t->name);
		queue_add(&g->queue, &c);
		/* A client that has disconnected must not delay it. */
		if (g->env.changing && !g->env.changing->rolling_back) {
			g->env.changing->wait.ends = "an unconfirmed change is rolled back first; try again afterwards";
			g->env.changing->wait.next = 0;
		}
	}
}
