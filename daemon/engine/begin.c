/* SPDX-License-Identifier: MIT */
/* begin.c - makes a job of a change, or refuses it before anything is observed. */
#include "base/json.h"
#include "format/load.h"
#include "settle.h"
#include "confirm.h"
#include "usec.h"
#include "begin.h"
#include "boot.h"
#include "model/owner.h"

void outcome_refuse(struct outcome *o, enum outcome_code code, const struct err *e)
{
	o->code = code;
	if (e)
		problem_add_err(&o->problems, e, NULL, NULL);
}

void outcome_from(struct outcome *o, struct job *j)
{
	o->created = j->created;
	o->changed = j->changed;
	o->removed = j->removed;
	memcpy(o->others, j->result < 0 ? j->lost : j->others, sizeof(o->others));
	o->users = TAKE(j->users);
	o->n_users = j->n_users;
	o->problems = j->problems;
	o->warnings = j->doubts;
	j->problems = j->doubts = (struct problems){ 0 };
	o->code = j->result < 0 && j->outcome == OUTCOME_DONE ? OUTCOME_REFUSED : j->outcome;
}

bool change_may_begin(const struct engine *g, const struct change *c, struct outcome *o)
{
	const struct topology *t = topology_find(&g->env, c->name, NULL);
	struct err e;

	if (!c->topology && !t) {
		outcome_refuse(o, OUTCOME_NO_SUCH_TOPOLOGY, NULL);
		return false;
	}
	if (confirm_awaited(g, c)) {
		outcome_refuse(o, OUTCOME_BUSY, NULL);
		return false;
	}
	if (c->type == CHANGE_ROLLBACK && t->unapplied) {
		err_set(&e, ENOENT, "%s was never applied, so there is nothing to revert: netnsctl up %s", c->name,
			c->name);
		outcome_refuse(o, OUTCOME_REFUSED, &e);
		return false;
	}
	return true;
}

bool change_admit(struct engine *g, struct change *c, struct outcome *o)
{
	const struct topology *t = topology_find(&g->env, c->name, NULL);
	struct err e;

	snprintf(o->name, sizeof(o->name), "%s", c->name);
	if (c->of_user && g->queue.leaving) {
		err_set(&e, ECANCELED, "netnsd is stopping; nothing was touched: try again when it is back");
		outcome_refuse(o, OUTCOME_REFUSED, &e);
		return false;
	}
	/* Another change came first. */
	o->superseded = (c->overdue && !(t && confirm_overdue(t))) || (c->awaited && !(t && t->awaiting));
	if (o->superseded || !change_may_begin(g, c, o))
		return false;
	if ((c->type == CHANGE_CONFIRM || c->unconfirmed) && !t->confirm_usec) {
		outcome_refuse(o, OUTCOME_NOTHING_TO_CONFIRM, NULL);
		return false;
	}
	if (c->type == CHANGE_CONFIRM) {
		if (confirm_take(g, c->name, &e) < 0)
			outcome_refuse(o, OUTCOME_REFUSED, &e);
		return false;
	}
	boot_forget(g, c);
	return c->type != CHANGE_UP || boot_admit(g, c, o);
}

/* Two topologies whose marks are the same in the kernel must not be up together. */
static int check_hash(const struct engine *g, const char *name, struct err *e)
{
	uint16_t own = topology_find(&g->env, name, NULL) ? 1 : 0;

	for (size_t i = 0; i < g->env.n_topologies && g->env.marks[topology_hash(name) % MARK_BUCKETS] > own; i++) {
		const struct topology *t = g->env.topologies[i];

		if (strcmp(t->name, name) && topology_hash(t->name) == topology_hash(name))
			return err_set(e, EEXIST, "the names %s and %s have the same mark; choose another name", name,
				       t->name);
	}
	return 0;
}

/* An empty file for a topology that is up is more likely a mistake than intended. */
static int check_empty(const struct job *j, struct err *e)
{
	bool declares = false, had = false;

	for (size_t i = 0; i < j->desired.model.n; i++)
		declares |= strcmp(j->desired.model.objects[i]->id, "netns host") != 0;
	for (size_t i = 0; i < j->last.model.n; i++)
		had |= strcmp(j->last.model.objects[i]->id, "netns host") != 0;
	if (had && !declares)
		return err_set(e, EINVAL, "declares nothing, but %s is up; to take it down: netnsctl down %s",
			       j->next.name, j->next.name);
	return 0;
}

static bool begin_apply(struct engine *g, struct job *j, const struct change *c, struct json_object *json,
			struct json_object *names, struct outcome *o)
{
	struct topology *t = topology_find(&g->env, c->name, NULL);
	struct err e;
	int shared;

	if (c->topology && t && (topology_is_up(t) || t->awaiting) && !c->replace && strcmp(t->source, c->source)) {
		snprintf(o->source, sizeof(o->source), "%s", t->source);
		outcome_refuse(o, OUTCOME_NAME_IN_USE, NULL);
		return false;
	}
	model_done(&j->desired.model);
	if (load_json(json, names, g->env.kinds, &j->desired, &o->problems) < 0) {
		outcome_refuse(o, OUTCOME_INVALID, NULL);
		return false;
	}
	if (c->topology)
		model_doubts(&j->desired.model, &j->doubts);
	if ((c->topology && check_empty(j, &e) < 0) || check_hash(g, c->name, &e) < 0) {
		outcome_refuse(o, OUTCOME_INVALID, &e);
		return false;
	}
	shared = claims_check(&g->env, j);
	if (shared < 0) {
		o->code = shared == -EEXIST ? OUTCOME_CONFLICT : OUTCOME_REFUSED;
		o->problems = j->problems;
		j->problems = (struct problems){ 0 };
		return false;
	}
	j->next.topology = json_text_new(json);
	j->next.names = json_text_new(j->desired.names);
	j->next.state = STATE_UP;
	j->next.since_usec = usec_now(CLOCK_REALTIME);
	if (c->topology)
		snprintf(j->next.source, sizeof(j->next.source), "%s", c->source);
	j->no_disrupt = c->no_disrupt;
	j->guarded = c->guarded;
	j->adopt = j->next.adopt = c->type == CHANGE_ADOPT;
	/* Everything is shown in the order of the file: another order is another topology, if only for that. */
	j->same = c->type != CHANGE_ROLLBACK && t && t->state == STATE_UP && !strcmp(t->source, j->next.source) &&
		  json_text_identical(t->json, j->next.topology) && json_text_equal(t->names, j->next.names);
	if (j->same)
		j->next.since_usec = t->since_usec;
	confirm_keep(j, t, c);
	j->next.persist = c->persist;
	if (c->persist && (c->preview ? boot_may_persist(g, c->name, &e) : boot_prepare(g, c, &e)) < 0) {
		outcome_refuse(o, OUTCOME_REFUSED, &e);
		return false;
	}
	return true;
}

/* A topology that uses a namespace has to be brought down before the namespace is removed. */
static bool check_users(const struct engine *g, const struct job *j, struct outcome *o)
{
	const char *netns;
	const struct topology *user = claims_user(&g->env, j, &netns);
	struct err e;

	if (!user)
		return true;
	err_set(&e, EBUSY, "namespace %s is in use by the topology %s: netnsctl down %s first", netns, user->name,
		user->name);
	outcome_refuse(o, OUTCOME_REFUSED, &e);
	o->user = user->name;
	return false;
}

/* Brings up what the client sent, or else what @json and @names say.  A rollback restores what names stood for, too. */
static bool begin_up(struct engine *g, struct job *j, const struct change *c, const struct json_text *json,
		     const struct json_text *names, struct outcome *o)
{
	_cleanup_(json_putp) struct json_object *topology =
		c->topology ? json_object_get(c->topology) : json_text_parse(json);
	_cleanup_(json_putp) struct json_object *stood_for = c->type == CHANGE_ROLLBACK ? json_text_parse(names) : NULL;

	return begin_apply(g, j, c, topology, stood_for, o);
}

static void begin_down(struct job *j, const struct change *c, const struct topology *t, struct json_text *json,
		       struct json_text *names)
{
	_cleanup_(json_putp) struct json_object *empty = json_object_new_object();

	j->next.topology = json ? json_text_get(json) : json_text_new(empty);
	j->next.names = json_text_get(names);
	j->next.state = STATE_DOWN;
	j->next.forget = c->forget;
	j->next.since_usec = usec_now(CLOCK_REALTIME);
	confirm_keep(j, t, c);
}

/* Prepares the job of a change; false if it is refused before anything is observed. */
bool change_begin(struct engine *g, struct job *j, const struct change *c, struct outcome *o)
{
	struct topology *t = topology_find(&g->env, c->name, NULL);
	struct json_text *json = t ? t->json : NULL, *names = t ? t->names : NULL;
	bool up = c->type == CHANGE_APPLY || c->type == CHANGE_UP || c->type == CHANGE_ADOPT, begun = true;
	struct previous previous = { 0 };
	struct err e;

	if (topology_job(g, j, c->name, &e) < 0) {
		outcome_refuse(o, OUTCOME_REFUSED, &e);
		return false;
	}
	j->beside = c->type == CHANGE_ROLLBACK;
	if (c->type == CHANGE_ROLLBACK)
		up = confirm_previous(t, &previous);
	if (previous.topology) {
		snprintf(j->next.source, sizeof(j->next.source), "%s", previous.source);
		json = previous.topology;
		names = previous.names;
	}
	if (up)
		begun = begin_up(g, j, c, json, names, o);
	else
		begin_down(j, c, t, json, names);
	previous_done(&previous);
	return begun && check_users(g, j, o);
}
