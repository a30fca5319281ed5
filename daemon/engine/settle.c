/* SPDX-License-Identifier: MIT */
/* settle.c - the state that a change starts from, and the state that it leaves its topology in. */
#include "settle.h"
#include "heal/watched.h"
#include "model/revert.h"
#include "topology/claims.h"

static void saved_copy(struct model *to, const struct model *from)
{
	for (size_t i = 0; i < from->n; i++)
		model_add(to, object_copy(to, from->objects[i], ~UINT64_C(0)), NULL);
}

/* Prepares a job that starts from what is up now. */
int topology_job(struct engine *g, struct job *j, const char *name, struct err *e)
{
	struct topology *t = topology_find(&g->env, name, NULL);

	*j = (struct job){ 0 };
	job_init(j, &g->env.machine, &g->env.store);
	snprintf(j->next.name, sizeof(j->next.name), "%s", name);
	state_pins(&g->env.state, name, j->pins, sizeof(j->pins));
	j->claims = claims_of_others(&g->env, name, &j->n_claims);
	if (!t)
		return 0;
	j->next.had = !t->unapplied;
	j->next.healed = (uint32_t)t->healed;
	snprintf(j->next.source, sizeof(j->next.source), "%s", t->source);
	snprintf(j->next.macs, sizeof(j->next.macs), "%s", t->macs);
	j->next.confirm_usec = t->confirm_usec;
	j->next.previous = json_text_get(t->previous);
	saved_copy(&j->next.saved, &t->saved);
	if (!topology_is_up(t))
		return 0;
	model_done(&j->last.model);
	if (topology_declared(&g->env, t, &j->last, e) < 0)
		return e->code;
	topology_number(t, &j->last.model);
	claims_owned(&g->env, name, &j->last.model, &j->owned);
	return 0;
}

/* A change that left the kernel between two states is shown until that is repaired. */
void topology_failed(struct engine *g, struct job *j)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);

	if (!t || j->outcome != OUTCOME_ROLLBACK_FAILED)
		return;
	t->state = STATE_FAILED;
	t->broken = true;
	problems_done(&t->problems);
	for (size_t i = 0; i < j->problems.n; i++)
		problem_copy(&t->problems, &j->problems.v[i]);
}

/* A topology that is up is watched from now on. */
static void topology_keep(struct engine *g, struct job *j)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);

	t->broken = t->heal_failed = false;
	t->again_usec = 0;
	if (j->next.state != STATE_UP) {
		watched_done(&g->env, t);
		drifts_done(&t->drifts);
		return;
	}
	t->on_drift = j->desired.on_drift;
	watched_take(&g->env, t, &j->desired.model, &j->pass.set, true);
	t->forgot = false;
	drift_declared(&t->drifts, &t->declared);
}

void topology_unsettled(struct engine *g, struct job *j)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);

	if (!t || t->awaiting)
		return;
	watched_mark_all(t);
	g->env.marked = true;
}

void topology_settle(struct engine *g, struct job *j, bool forget)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);
	struct err e;

	if (j->result < 0) {
		topology_unsettled(g, j);
		topology_failed(g, j);
		return;
	}
	topology_take(&g->env, &j->next, j->next.state == STATE_UP ? &j->desired.model : NULL);
	if (!j->same || j->written)
		topology_keep(g, j);
	else
		drift_settle_all(&t->drifts);
	if (forget && state_forget(&g->env.state, j->next.name, &e) == 0)
		topology_drop(&g->env, j->next.name);
}
