/* SPDX-License-Identifier: MIT */
/* start.c - what a restart finds: changes that were cut off are taken back, drift is
 * put right, and what is as it should be is not touched. */
#include "engine.h"
#include "log.h"

#define CUT_OFF "a change that was cut off cannot be taken back: "

static void start_failed(struct engine *g, const char *name, const char *what, const struct err *e)
{
	struct member *m = member_need(g, name);

	log_error("%s: %s%s", name, what, e->text);
	m->known.state = STATE_FAILED;
	problem_add_err(&m->known.problems, e, NULL, NULL);
}

static void on_known(void *arg, struct record *r, const struct err *e)
{
	struct engine *g = arg;
	struct topology t = { 0 };
	struct err bad;

	if (e || member_load(g, r->topology, &t, &bad) < 0) {
		start_failed(g, r->name, "", e ? e : &bad);
		return;
	}
	member_take(g, r, r->state == STATE_DOWN ? NULL : &t.model);
	topology_done(&t);
}

/* What was cut off is taken back. */
static void on_pending(void *arg, struct record *r, const struct err *e)
{
	struct engine *g = arg;
	struct job *j = &g->job;
	struct err bad;

	/* Without a readable record there is nothing to go back to; what was made carries its mark. */
	if (e) {
		start_failed(g, r->name, CUT_OFF, e);
		return;
	}
	if (member_job(g, j, r->name, &bad) == 0) {
		topology_done(&j->desired);
		if (member_load(g, r->topology, &j->desired, &bad) < 0)
			model_init(&j->desired.model, g->kinds);
		job_recover(j, &r->delta);
		while (job_step(j))
			;
		if (j->result < 0) {
			member_need(g, r->name);
			j->back_failed = true;
			member_failed(g, j);
			log_error("%s: " CUT_OFF "%s", r->name, j->problems.v[0].message);
		}
	} else {
		start_failed(g, r->name, CUT_OFF, &bad);
	}
	job_done(j);
}

static void report_drift(const struct job *j)
{
	size_t n = j->desired.on_drift == ON_DRIFT_REPORT ? j->plan.n : 0;

	if (n)
		log_notice("%s: %zu steps away from what is declared; its file says to report, not to heal", j->next.name, n);
	else if (j->written && j->result == 0)
		log_notice("%s: healed in %zu steps", j->next.name, j->created + j->changed + j->removed);
}

/* What is up and is not as it should be is put right; what is as it should be is not touched. */
static void heal(struct engine *g, struct member *m)
{
	struct job *j = &g->job;
	struct err e;

	if (m->known.state != STATE_UP || !m->known.json || member_job(g, j, m->known.name, &e) < 0) {
		job_done(j);
		return;
	}
	topology_done(&j->desired);
	if (member_load(g, m->known.json, &j->desired, &e) == 0) {
		j->quiet = true;
		j->next.topology = json_object_get(m->known.json);
		j->next.since_usec = m->known.since_usec;
		/* Whose drift is only to be reported is left as it is. */
		if (j->desired.on_drift == ON_DRIFT_REPORT)
			job_plan(j);
		else
			while (job_step(j))
				;
		report_drift(j);
		if (j->result < 0)
			j->back_failed = true;
		if (j->result < 0 || j->written)
			member_settle(g, j, false);
	}
	job_done(j);
}

int engine_start(struct engine *g, struct err *e)
{
	if (state_read(&g->state, false, g->kinds, on_known, g, e) < 0 ||
	    state_read(&g->state, true, g->kinds, on_pending, g, e) < 0)
		return e->code;
	for (size_t i = 0; i < g->n_members; i++)
		heal(g, g->members[i]);
	return 0;
}
