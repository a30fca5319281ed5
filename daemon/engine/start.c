/* SPDX-License-Identifier: MIT */
/* start.c - what a restart finds: rolls back interrupted changes, repairs drift, and
 * leaves alone what is as declared. */
#include "rename.h"
#include "settle.h"
#include "start.h"
#include "confirm.h"
#include "transaction/adopt.h"
#include "await.h"
#include "boot.h"
#include "heal/heal.h"
#include "base/log.h"

#define CUT_OFF "an interrupted change cannot be rolled back: "

static void tell(struct engine *g, const char *name, enum event_type type, int code, const char *what, const char *why)
{
	char message[1024];

	snprintf(message, sizeof(message), "%s%s", what, why);
	events_tell(g->env.events, &(struct event){ .type = type, .topology = name, .message = message, .code = code });
}

static void alive(const struct engine *g)
{
	if (g->alive)
		g->alive();
}

static void start_failed(struct engine *g, const char *name, const char *what, const struct err *e)
{
	struct topology *t = topology_need(&g->env, name);

	tell(g, name, EVENT_FAILED, e->code, what, e->text);
	t->state = STATE_FAILED;
	problem_add_err(&t->problems, e, NULL, NULL);
}

/* The previous topology must be as valid as the present one. */
static int topologies_load(struct engine *g, struct record *r, struct declaration *ret, struct err *e)
{
	struct declaration previous = { 0 };
	struct previous old = { 0 };
	int valid = r->previous ? previous_read(r->previous, &old, e) : 0;

	if (r->previous && valid == 0)
		valid = topology_load(&g->env, old.topology, old.names, &previous, e);
	previous_done(&old);
	declaration_done(&previous);
	if (valid < 0) {
		err_prefix(e, "\"previous\": \"topology\"");
		return state_refuse(&g->env.state, false, r->name, e);
	}
	if (topology_load(&g->env, r->topology, r->names, ret, e) == 0)
		return 0;
	err_prefix(e, "\"topology\"");
	return state_refuse(&g->env.state, false, r->name, e);
}

static void on_known(void *arg, struct record *r, const struct err *e)
{
	struct engine *g = arg;
	struct declaration t = { 0 };
	struct err bad;

	/* Only the last step of its last change was interrupted. */
	if (!e && r->forget) {
		boot_unpersist(g, r->name);
		(void)!state_forget(&g->env.state, r->name, &bad);
		return;
	}
	if (e || topologies_load(g, r, &t, &bad) < 0) {
		start_failed(g, r->name, "", e ? e : &bad);
		return;
	}
	topology_take(&g->env, r, r->state == STATE_DOWN || r->state == STATE_WAITING ? NULL : &t.model);
	declaration_done(&t);
}

/* What was to be adopted was as declared: it is ours, and watched from now on. */
static void resume_adopt(struct engine *g, struct record *r)
{
	struct job *j = &g->job;
	struct err e;

	if (topology_job(g, j, r->name, &e) < 0 ||
	    (declaration_done(&j->desired), topology_load(&g->env, r->topology, r->names, &j->desired, &e) < 0)) {
		start_failed(g, r->name, CUT_OFF, &e);
		job_done(j);
		return;
	}
	j->next.topology = json_text_get(r->topology);
	j->next.names = json_text_get(r->names);
	j->next.state = STATE_UP;
	j->next.since_usec = r->since_usec;
	snprintf(j->next.source, sizeof(j->next.source), "%s", r->source);
	j->adopt = true;
	adopt_resume(j);
	if (j->result == 0)
		topology_settle(g, j, false);
	else
		tell(g, r->name, EVENT_FAILED, j->problems.v[0].code,
		     "an interrupted adoption cannot be completed: ", j->problems.v[0].message);
	job_done(j);
}

/* A rename goes forward only. */
static void rename_again(struct engine *g, struct record *r)
{
	struct err e;

	if (rename_recover(g, r, &e) == 0)
		return;
	start_failed(g, r->renames, "an interrupted rename cannot be completed, restart netnsd to try again: ", &e);
	/* Some of it may have either name. */
	topology_find(&g->env, r->renames, NULL)->broken = true;
}

/* Rolls back an interrupted change. */
static void on_pending(void *arg, struct record *r, const struct err *e)
{
	struct engine *g = arg;
	struct job *j = &g->job;
	const struct topology *t = topology_find(&g->env, r->name, NULL);
	struct err bad;

	if (!e && *r->renames) {
		rename_again(g, r);
		return;
	}
	/* Without both records there is nothing to roll back to; what was created carries its mark. */
	if (!e && r->had && !(t && t->json)) {
		err_set(&bad, ENODATA, "there is no record of the previous state");
		e = &bad;
	}
	if (e) {
		start_failed(g, r->name, CUT_OFF, e);
		return;
	}
	if (r->adopt) {
		resume_adopt(g, r);
		return;
	}
	if (topology_job(g, j, r->name, &bad) == 0) {
		declaration_done(&j->desired);
		if (topology_load(&g->env, r->topology, r->names, &j->desired, &bad) < 0)
			model_init(&j->desired.model, g->env.kinds);
		job_recover(j, &r->delta);
		while (job_step(j)) {
			alive(g);
			job_rest(j);
		}
		if (j->result < 0) {
			topology_need(&g->env, r->name);
			j->outcome = OUTCOME_ROLLBACK_FAILED;
			topology_failed(g, j);
			tell(g, r->name, EVENT_FAILED, j->problems.v[0].code, CUT_OFF, j->problems.v[0].message);
		} else {
			tell(g, r->name, EVENT_ROLLED_BACK, 0, "", "an interrupted change was rolled back");
		}
	} else {
		start_failed(g, r->name, CUT_OFF, &bad);
	}
	job_done(j);
}

/* Collects the names of its namespaces, for a set. */
static size_t names_of(const struct model *m, const char ***ret)
{
	const char **names = must(calloc(m->n + 1, sizeof(*names)));
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (object_is(m->objects[i], "netns"))
			names[n++] = m->objects[i]->netns;
	qsort(names, n, sizeof(*names), texts_cmp);
	*ret = names;
	return n;
}

/* Watches a topology that is up again, and has it observed as a whole. */
static int watch_again(struct engine *g, struct topology *t, struct err *e)
{
	_cleanup_(freep) const char **names = NULL;
	struct netns_set set = { 0 };
	struct declaration d = { 0 };
	size_t n;
	int r;

	if (topology_load(&g->env, t->json, t->names, &d, e) < 0)
		return e->code;
	n = names_of(&d.model, &names);
	r = netns_set_make(&set, g->env.netns_dir, names, n, e);
	if (r == 0) {
		t->on_drift = d.on_drift;
		watched_hear(&g->env, &set);
		watched_take(&g->env, t, &d.model, &set, false);
		watched_mark_all(t);
	}
	netns_set_done(&set);
	declaration_done(&d);
	return r;
}

/* When each topology was last applied, as far as the events from before the restart say. */
static void recall_applied(struct engine *g)
{
	struct json_object *list = events_last(g->env.events, NULL, EVENTS_MAX);

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *o = json_object_array_get_idx(list, i);
		const char *event = json_object_get_string(json_object_object_get(o, "event"));
		struct topology *t =
			topology_find(&g->env, json_object_get_string(json_object_object_get(o, "topology")), NULL);

		if (t && (!strcmp(event, "applied") || !strcmp(event, "rolled_back")))
			t->applied_usec = json_object_get_uint64(json_object_object_get(o, "time_usec"));
	}
	json_object_put(list);
}

int engine_start(struct engine *g, struct err *e)
{
	if (state_read(&g->env.state, false, g->env.kinds, on_known, g, e) < 0 ||
	    state_read(&g->env.state, true, g->env.kinds, on_pending, g, e) < 0)
		return e->code;
	rename_drop_former(g);
	state_release(&g->env.state);
	recall_applied(g);
	g->env.marked = true;
	for (size_t i = 0; i < g->env.n_topologies; i++) {
		struct topology *t = g->env.topologies[i];

		if (t->awaiting)
			await_again(g, t);
		/* A topology whose rollback is due is not repaired first. */
		if (t->state == STATE_UP && t->json && !confirm_overdue(t) && watch_again(g, t, e) < 0)
			start_failed(g, t->name, "", e);
	}
	return 0;
}
