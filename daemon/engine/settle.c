/* SPDX-License-Identifier: MIT */
/* settle.c - lets a change start from what its topology is, and the topology be what the
 * change has made of it. */
#include "settle.h"
#include "heal/watched.h"
#include "model/revert.h"

static void saved_copy(struct model *to, const struct model *from)
{
	for (size_t i = 0; i < from->n; i++)
		model_add(to, object_copy(to, from->objects[i], ~UINT64_C(0)), NULL);
}

/* What is up now, for a job to start from. */
int member_job(struct engine *g, struct job *j, const char *name, struct err *e)
{
	struct member *m = member_find(&g->env, name, NULL);

	*j = (struct job){ 0 };
	job_init(j, &g->env.machine, &g->env.store);
	snprintf(j->next.name, sizeof(j->next.name), "%s", name);
	state_pins(&g->env.state, name, j->pins, sizeof(j->pins));
	j->claims = claims_of_others(&g->env, name, &j->n_claims);
	if (!m)
		return 0;
	j->next.had = !m->known.unapplied;
	j->next.healed = (uint32_t)m->known.healed;
	snprintf(j->next.source, sizeof(j->next.source), "%s", m->known.source);
	j->next.confirm_usec = m->known.confirm_usec;
	j->next.previous = json_object_get(m->previous);
	saved_copy(&j->next.saved, &m->saved);
	if (!known_is_up(&m->known))
		return 0;
	model_done(&j->last.model);
	if (member_declared(&g->env, m, &j->last, e) < 0)
		return e->code;
	member_number(m, &j->last.model);
	return 0;
}

/* A change that left the kernel between two states is shown until it is mended. */
void member_failed(struct engine *g, struct job *j)
{
	struct member *m = member_find(&g->env, j->next.name, NULL);

	if (!m || j->outcome != OUTCOME_ROLLBACK_FAILED)
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
	struct member *m = member_find(&g->env, j->next.name, NULL);

	m->broken = m->heal_failed = false;
	m->again_usec = 0;
	if (j->next.state != STATE_UP) {
		watched_done(&g->env, m);
		drifts_done(&m->drifts);
		return;
	}
	m->on_drift = j->desired.on_drift;
	watched_take(&g->env, m, &j->desired.model, &j->pass.set, true);
	m->forgot = false;
	drift_declared(&m->drifts, &m->declared);
}

void member_unsettled(struct engine *g, struct job *j)
{
	struct member *m = member_find(&g->env, j->next.name, NULL);

	if (!m || m->known.awaiting)
		return;
	watched_mark_all(m);
	g->env.marked = true;
}

void member_settle(struct engine *g, struct job *j, bool forget)
{
	struct member *m = member_find(&g->env, j->next.name, NULL);
	struct err e;

	if (j->result < 0) {
		member_unsettled(g, j);
		member_failed(g, j);
		return;
	}
	member_take(&g->env, &j->next, j->next.state == STATE_UP ? &j->desired.model : NULL);
	if (!j->same || j->written)
		member_keep(g, j);
	else
		drift_settle_all(&m->drifts);
	if (forget && state_forget(&g->env.state, j->next.name, &e) == 0)
		member_drop(&g->env, j->next.name);
}
