/* SPDX-License-Identifier: MIT */
/* answer.c - from parameters to C, and from what the engine says to JSON. */
#include "engine/outcome.h"
#include "answer.h"

void add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

struct json_object *param(const struct call *c, const char *name)
{
	return json_object_object_get(c->parameters, name);
}

const char *param_text(const struct call *c, const char *name)
{
	struct json_object *v = param(c, name);

	return v ? json_object_get_string(v) : NULL;
}

bool param_bool(const struct call *c, const char *name)
{
	return json_object_get_boolean(param(c, name));
}

bool name_ok(struct call *c, const char *name, const char *parameter)
{
	struct err e;

	if (!name_problem(name, &e))
		return true;
	call_error_string(c, INVALID_PARAMETER, "parameter", parameter);
	return false;
}

/* A process of a container has no number here. */
void call_caller(const struct call *c, char *ret, size_t size)
{
	const struct peer *peer = c->peer;
	char command[32];

	if (peer->pid <= 0) {
		snprintf(ret, size, "uid %u", peer->uid);
		return;
	}
	process_command(peer->pid, command, sizeof(command));
	snprintf(ret, size, "uid %u, pid %d (%s)", peer->uid, peer->pid, command);
}

struct json_object *one_string(const char *key, const char *value)
{
	struct json_object *o = json_object_new_object();

	add(o, key, json_object_new_string(value));
	return o;
}

static struct json_object *problem_list(const struct problems *p)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = 0; i < p->n; i++)
		json_object_array_add(list, status_problem(&p->v[i]));
	return list;
}

static struct json_object *problem_or_none(const struct problems *p, size_t i)
{
	static const struct problem none = { .message = (char *)"unknown" };

	return status_problem(i < p->n ? &p->v[i] : &none);
}

static void add_others(struct json_object *to, const struct outcome *o)
{
	if (*o->others)
		add(to, "others", json_object_new_string(o->others));
}

const char *outcome_error(const struct outcome *o, struct json_object **ret)
{
	char awaited[512];
	size_t i = 0;

	switch (o->code) {
	case OUTCOME_DONE:
		return NULL;
	case OUTCOME_INVALID:
	case OUTCOME_DISRUPTS:
	case OUTCOME_DIFFERS:
		*ret = json_object_new_object();
		add(*ret, "problems", problem_list(&o->problems));
		return o->code == OUTCOME_INVALID ? ERROR("Invalid") : o->code == OUTCOME_DISRUPTS ? ERROR("Disrupts") : ERROR("Differs");
	case OUTCOME_BUSY:
		*ret = one_string("name", o->name);
		return ERROR("Busy");
	case OUTCOME_NOTHING_TO_CONFIRM:
		*ret = one_string("name", o->name);
		return ERROR("NothingToConfirm");
	case OUTCOME_REFUSED:
		*ret = json_object_new_object();
		add(*ret, "problem", problem_or_none(&o->problems, 0));
		add_others(*ret, o);
		return ERROR("Refused");
	case OUTCOME_CONFLICT:
		while (!o->problems.v[i].owner)
			i++;
		*ret = one_string("object", o->problems.v[i].object);
		add(*ret, "owner", json_object_new_string(o->problems.v[i].owner));
		add(*ret, "problems", problem_list(&o->problems));
		return ERROR("Conflict");
	case OUTCOME_WAITING:
		outcome_awaited(o, awaited, sizeof(awaited));
		*ret = one_string("name", o->name);
		add(*ret, "for", json_object_new_string(awaited));
		add(*ret, "problems", problem_list(&o->problems));
		return ERROR("Waiting");
	case OUTCOME_NO_SUCH_TOPOLOGY:
		*ret = one_string("name", o->name);
		return ERROR("NoSuchTopology");
	case OUTCOME_NAME_IN_USE:
		*ret = one_string("name", o->name);
		add(*ret, "source", json_object_new_string(o->source));
		return ERROR("NameInUse");
	case OUTCOME_NOT_PERSISTED:
		*ret = one_string("name", o->name);
		add(*ret, "problem", problem_or_none(&o->problems, 0));
		return ERROR("NotPersisted");
	case OUTCOME_ROLLBACK_FAILED:
		*ret = json_object_new_object();
		add(*ret, "problem", problem_or_none(&o->problems, 0));
		add(*ret, "after", problem_or_none(&o->problems, 1));
		add_others(*ret, o);
		return ERROR("RollbackFailed");
	}
	return NULL;
}

struct json_object *steps_json(const struct plan *plan, size_t first, size_t end)
{
	struct json_object *list = json_object_new_array();
	struct arena a = { 0 };

	for (size_t i = first; i < end; i++) {
		struct step s;

		if (plan_step(&plan->ops[i], &a, &s))
			json_object_array_add(list, status_step(&s));
	}
	arena_done(&a);
	return list;
}

void refused(struct call *c, const struct err *e)
{
	struct json_object *o = json_object_new_object();
	struct problems p = { 0 };

	problem_add_err(&p, e, NULL, NULL);
	add(o, "problem", status_problem(&p.v[0]));
	problems_done(&p);
	call_error(c, ERROR("Refused"), o);
}
