/* SPDX-License-Identifier: MIT */
/* method.c - the table of methods: from parameters to the engine, and from its
 * outcomes to replies and errors.  What comes in has been checked against the
 * interface text. */
#include "method.h"
#include "idl_text.h"
#include "log.h"
#include "status.h"

#define ERROR(name) "io.netnsd." name

enum { NAMES_MAX = 4096 };

/* A call that waits for one change or for several. */
struct pending {
	struct call *call;		/* NULL: nobody listens any more */
	size_t left;			/* changes that are not done */
	bool one;			/* answered with the summary, not with a list */
	struct json_object *summaries, *lingering;
	const char *error;		/* the first */
	struct json_object *error_parameters;
};

static void add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

static struct json_object *param(const struct call *c, const char *name)
{
	return json_object_object_get(c->parameters, name);
}

static const char *param_text(const struct call *c, const char *name)
{
	struct json_object *v = param(c, name);

	return v ? json_object_get_string(v) : NULL;
}

static bool param_bool(const struct call *c, const char *name)
{
	return json_object_get_boolean(param(c, name));
}

/* A name that goes into paths and marks; answers the call if it is none. */
static bool name_ok(struct call *c, const char *name, const char *parameter)
{
	struct err e;

	if (!name_problem(name, &e))
		return true;
	call_error_string(c, INVALID_PARAMETER, "parameter", parameter);
	return false;
}

static struct json_object *one_string(const char *key, const char *value)
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

/* The error that an outcome is, and its parameters; NULL if it is none. */
static const char *outcome_error(const struct outcome *o, struct json_object **ret)
{
	size_t i = 0;

	switch (o->code) {
	case OUTCOME_DONE:
		return NULL;
	case OUTCOME_INVALID:
		*ret = json_object_new_object();
		add(*ret, "problems", problem_list(&o->problems));
		return ERROR("Invalid");
	case OUTCOME_REFUSED:
		*ret = json_object_new_object();
		add(*ret, "problem", problem_or_none(&o->problems, 0));
		return ERROR("Refused");
	case OUTCOME_CONFLICT:
		while (!o->problems.v[i].owner)
			i++;
		*ret = one_string("object", o->problems.v[i].object);
		add(*ret, "owner", json_object_new_string(o->problems.v[i].owner));
		add(*ret, "problems", problem_list(&o->problems));
		return ERROR("Conflict");
	case OUTCOME_NO_SUCH_TOPOLOGY:
		*ret = one_string("name", o->name);
		return ERROR("NoSuchTopology");
	case OUTCOME_NAME_IN_USE:
		*ret = one_string("name", o->name);
		add(*ret, "source", json_object_new_string(o->source));
		return ERROR("NameInUse");
	case OUTCOME_ROLLBACK_FAILED:
		*ret = json_object_new_object();
		add(*ret, "problem", problem_or_none(&o->problems, 0));
		add(*ret, "after", problem_or_none(&o->problems, 1));
		return ERROR("RollbackFailed");
	}
	return NULL;
}

static void pending_free(struct pending *p)
{
	json_object_put(p->summaries);
	json_object_put(p->lingering);
	json_object_put(p->error_parameters);
	free(p);
}

static void on_vanished(struct call *c)
{
	struct pending *p = c->data;

	p->call = NULL;
}

static struct pending *pending_new(struct call *c, bool one)
{
	struct pending *p = must(calloc(1, sizeof(*p)));

	*p = (struct pending){ .call = c, .one = one, .summaries = json_object_new_array(),
			       .lingering = json_object_new_array() };
	c->data = p;
	c->vanished = on_vanished;
	return p;
}

static void answer(struct pending *p)
{
	struct call *c = p->call;
	struct json_object *reply;

	if (!c)
		return;
	if (p->error) {
		call_error(c, p->error, json_object_get(p->error_parameters));
		return;
	}
	reply = json_object_new_object();
	if (p->one) {
		add(reply, "summary", json_object_get(json_object_array_get_idx(p->summaries, 0)));
	} else {
		add(reply, "summaries", json_object_get(p->summaries));
		if (!strcmp(c->method, ERROR("Down")))
			add(reply, "lingering", json_object_get(p->lingering));
	}
	call_reply(c, reply);
}

static void say(const struct outcome *o)
{
	const struct problem *first = o->problems.n ? &o->problems.v[0] : NULL;
	struct log_about about = { .topology = o->name };

	if (o->code == OUTCOME_DONE) {
		about.id = LOG_ID_APPLIED;
		if (o->created + o->changed + o->removed == 0)
			log_say(LOG_INFO, &about, "%s: unchanged", o->name);
		else
			log_say(LOG_INFO, &about, "%s: %zu created, %zu changed, %zu removed in %.1f ms", o->name, o->created,
				o->changed, o->removed, (double)o->duration_usec / 1000);
	} else if (first) {
		about.id = o->code == OUTCOME_ROLLBACK_FAILED ? LOG_ID_ROLLBACK_FAILED : LOG_ID_REFUSED;
		about.code = first->code;
		log_say(o->code == OUTCOME_ROLLBACK_FAILED ? LOG_ERR : LOG_NOTICE, &about, "%s: %s", o->name, first->message);
	}
}

static void on_done(void *arg, const struct outcome *o)
{
	struct json_object *parameters = NULL;
	const char *error = outcome_error(o, &parameters);
	struct pending *p = arg;

	say(o);
	if (!error)
		json_object_array_add(p->summaries, status_summary(o));
	else if (!p->error) {
		p->error = error;
		p->error_parameters = json_object_get(parameters);
	}
	json_object_put(parameters);
	for (size_t i = 0; i < o->n_lingering; i++) {
		struct json_object *one = one_string("namespace", o->lingering[i].netns);

		add(one, "pid", json_object_new_int(o->lingering[i].pid));
		add(one, "command", json_object_new_string(o->lingering[i].command));
		json_object_array_add(p->lingering, one);
	}
	if (--p->left)
		return;
	answer(p);
	pending_free(p);
}

static struct json_object *steps_json(const struct plan *plan, size_t first, size_t end)
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

static void on_progress(void *arg, const struct plan *plan, size_t first, size_t done)
{
	struct pending *p = arg;
	struct json_object *reply;

	if (!p->call || !p->call->more || first == done)
		return;
	reply = json_object_new_object();
	add(reply, "done", json_object_new_int64((int64_t)done));
	add(reply, "total", json_object_new_int64((int64_t)plan->n));
	add(reply, "steps", steps_json(plan, first, done));
	call_progress(p->call, reply);
}

static void submit(struct method_context *m, struct pending *p, struct change *change)
{
	change->arg = p;
	change->done = on_done;
	p->left++;
	engine_submit(m->engine, change);
	m->work(m->arg);
}

static void method_apply(struct call *c, void *arg)
{
	const char *name = param_text(c, "name"), *source = param_text(c, "source");
	struct change change = { .type = CHANGE_APPLY, .replace = param_bool(c, "replace"), .progress = on_progress };
	struct method_context *m = arg;

	if (!name_ok(c, name, "name"))
		return;
	if (source && strlen(source) >= sizeof(change.source)) {
		call_error_string(c, INVALID_PARAMETER, "parameter", "source");
		return;
	}
	snprintf(change.name, sizeof(change.name), "%s", name);
	snprintf(change.source, sizeof(change.source), "%s", source ? source : "");
	change.topology = json_object_get(param(c, "topology"));
	submit(m, pending_new(c, true), &change);
}

static void method_plan(struct call *c, void *arg)
{
	const char *name = param_text(c, "name");
	struct method_context *m = arg;
	struct json_object *reply = NULL;
	const struct plan *plan = NULL;
	struct outcome o;
	const char *error;

	if (!name_ok(c, name, "name"))
		return;
	engine_plan(m->engine, name, param(c, "topology"), &plan, &o);
	error = outcome_error(&o, &reply);
	outcome_done(&o);
	if (error) {
		call_error(c, error, reply);
		return;
	}
	reply = one_string("name", name);
	add(reply, "steps", steps_json(plan, 0, plan->n));
	call_reply(c, reply);
}

static const char *index_text(const char *name, size_t i, char path[64])
{
	snprintf(path, 64, "%s[%zu]", name, i);
	return path;
}

/* One change for each of the names, or for each known topology in state @state. */
static void change_all(struct call *c, struct method_context *m, const struct change *like, bool all, enum topology_state state)
{
	struct json_object *names = param(c, "names");
	size_t n = names ? json_object_array_length(names) : 0;
	const struct known *const *known;
	size_t n_known = engine_known(m->engine, &known);
	struct pending *p;
	char path[64];

	if (n > NAMES_MAX || (!n && !all)) {
		call_error_string(c, INVALID_PARAMETER, "parameter", "names");
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!name_ok(c, json_object_get_string(json_object_array_get_idx(names, i)), index_text("names", i, path)))
			return;
	p = pending_new(c, false);
	p->left = 1;	/* until all are in line */
	for (size_t i = 0; i < (n ? n : n_known); i++) {
		struct change change = *like;

		if (!n && (state == STATE_DOWN) != (known[i]->state == STATE_DOWN))
			continue;
		snprintf(change.name, sizeof(change.name), "%s",
			 n ? json_object_get_string(json_object_array_get_idx(names, i)) : known[i]->name);
		submit(m, p, &change);
	}
	if (--p->left)
		return;
	answer(p);
	pending_free(p);
}

static void method_up(struct call *c, void *arg)
{
	const struct change change = { .type = CHANGE_UP };

	change_all(c, arg, &change, true, STATE_DOWN);
}

static void method_down(struct call *c, void *arg)
{
	const struct change change = { .type = CHANGE_DOWN, .forget = param_bool(c, "forget") };

	change_all(c, arg, &change, param_bool(c, "all"), STATE_UP);
}

/* An error of the kernel or of memory while looking. */
static void refused(struct call *c, const struct err *e)
{
	struct json_object *o = json_object_new_object();
	struct problems p = { 0 };

	problem_add_err(&p, e, NULL, NULL);
	add(o, "problem", status_problem(&p.v[0]));
	problems_done(&p);
	call_error(c, ERROR("Refused"), o);
}

static void method_status(struct call *c, void *arg)
{
	const char *name = param_text(c, "name");
	struct method_context *m = arg;
	struct json_object *reply;
	struct err e;
	int r = status_topologies(m->engine, name, &reply, &e);

	if (r == 0)
		call_reply(c, reply);
	else if (r == -ENOENT && name)
		call_error_string(c, ERROR("NoSuchTopology"), "name", name);
	else
		refused(c, &e);
}

static void method_list(struct call *c, void *arg)
{
	struct method_context *m = arg;
	struct json_object *reply;
	struct err e;

	if (status_list(m->engine, &reply, &e) == 0)
		call_reply(c, reply);
	else
		refused(c, &e);
}

static void method_show(struct call *c, void *arg)
{
	const char *name = param_text(c, "name");
	struct method_context *m = arg;
	const struct known *k = engine_find(m->engine, name);
	struct json_object *reply;

	if (!k || !k->json) {
		call_error_string(c, ERROR("NoSuchTopology"), "name", name);
		return;
	}
	reply = one_string("name", k->name);
	add(reply, "topology", json_object_get(k->json));
	call_reply(c, reply);
}

static void method_ping(struct call *c, _unused_ void *arg)
{
	call_reply(c, one_string("version", NETNSD_VERSION));
}

struct interface method_interface(struct method_context *m)
{
	static const struct method methods[] = {
		{ "Apply", CHANGE, method_apply },
		{ "Plan", READ, method_plan },
		{ "Up", CHANGE, method_up },
		{ "Down", CHANGE, method_down },
		{ "Status", READ, method_status },
		{ "List", READ, method_list },
		{ "Show", READ, method_show },
		{ "Ping", READ, method_ping },
	};

	return (struct interface){ idl_text, methods, ARRAY_SIZE(methods), m };
}
