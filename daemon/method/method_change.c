/* SPDX-License-Identifier: MIT */
/* method_change.c - the methods that change something: each queues changes at the engine,
 * and is answered when the last of them is done. */
#include "method_change.h"
#include "answer.h"
#include "engine/outcome.h"
#include "engine/shape.h"
#include "engine/boot.h"
#include "topology/topology.h"

enum { NAMES_MAX = 4096 };

/* A call that waits for one change or for several. */
struct pending {
	struct call *call; /* NULL: the client has disconnected */
	size_t left;       /* changes that are not finished */
	size_t all;        /* changes */
	bool one;          /* answered with the summary, not with a list */
	struct json_object *summaries, *failures, *users;
	struct json_object *warnings; /* NULL: there are none */
	const char *error;            /* the first */
	struct json_object *error_parameters;
};

static void pending_free(struct pending *p)
{
	json_object_put(p->summaries);
	json_object_put(p->failures);
	json_object_put(p->users);
	json_object_put(p->warnings);
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

	*p = (struct pending){ .call = c,
			       .one = one,
			       .summaries = json_object_new_array(),
			       .failures = json_object_new_array(),
			       .users = json_object_new_array() };
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
	/* If there are several, each has an outcome of its own. */
	if (p->error && p->all <= 1) {
		call_error(c, p->error, json_object_get(p->error_parameters));
		return;
	}
	reply = json_object_new_object();
	if (p->one) {
		add(reply, "summary", json_object_get(json_object_array_get_idx(p->summaries, 0)));
		if (p->warnings)
			add(reply, "warnings", json_object_get(p->warnings));
	} else {
		add(reply, "summaries", json_object_get(p->summaries));
		if (json_object_array_length(p->failures))
			add(reply, "failures", json_object_get(p->failures));
		if (!strcmp(c->method, ERROR("Down")) || !strcmp(c->method, ERROR("Rollback")))
			add(reply, "lingering", json_object_get(p->users));
	}
	call_reply(c, reply);
}

static void failure_add(struct pending *p, const struct outcome *o)
{
	const char *error = outcome_row(o->code)->error;
	struct json_object *one = one_string("name", o->name), *parameters = outcome_parameters(o);

	add(one, "error", json_object_new_string(error));
	add(one, "parameters", parameters);
	json_object_array_add(p->failures, one);
	if (p->error)
		return;
	p->error = error;
	p->error_parameters = json_object_get(parameters);
}

static void on_done(void *arg, const struct outcome *o)
{
	struct pending *p = arg;

	if (o->warnings.n && !p->warnings)
		p->warnings = shape_problems(&o->warnings);
	if (o->code == OUTCOME_DONE)
		json_object_array_add(p->summaries, shape_summary(o));
	else
		failure_add(p, o);
	for (size_t i = 0; i < o->n_users; i++) {
		struct json_object *one = one_string("namespace", o->users[i].netns);

		add(one, "pid", json_object_new_int(o->users[i].pid));
		add(one, "command", json_object_new_string(o->users[i].command));
		json_object_array_add(p->users, one);
	}
	if (--p->left)
		return;
	answer(p);
	pending_free(p);
}

/* How many of the first @n operations Plan would list. */
static int64_t steps_among(const struct plan *plan, size_t n)
{
	const struct plan part = { .ops = plan->ops, .n = n };
	size_t created, changed, removed;

	plan_count(&part, &created, &changed, &removed);
	return (int64_t)(created + changed + removed);
}

static void on_progress(void *arg, const struct plan *plan, size_t first, size_t done)
{
	struct pending *p = arg;
	struct json_object *reply;

	if (!p->call || !p->call->more || first == done)
		return;
	reply = json_object_new_object();
	add(reply, "done", json_object_new_int64(steps_among(plan, done)));
	add(reply, "total", json_object_new_int64(steps_among(plan, plan->n)));
	add(reply, "steps", shape_steps(plan, first, done));
	call_progress(p->call, reply);
}

static void submit(struct method_context *m, struct pending *p, struct change *change)
{
	call_caller(p->call, change->by, sizeof(change->by));
	change->arg = p;
	change->done = on_done;
	change->of_user = !p->call->peer->root;
	p->left++;
	p->all++;
	engine_submit(m->engine, change);
	m->work(m->arg);
}

struct apply_in {
	const char *name, *source;
	struct json_object *topology;
	bool replace, no_disrupt, sure, persist;
	uint32_t confirm_seconds;
};
static const struct json_member apply_members[] = {
	JSON_MEMBER(apply_in, name, TEXT, .problem = name_problem),
	JSON_MEMBER(apply_in, topology, OBJECT),
	JSON_MEMBER(apply_in, source, TEXT, .optional = true, .max = SOURCE_SIZE - 1),
	JSON_MEMBER(apply_in, replace, FLAG, .optional = true),
	JSON_MEMBER(apply_in, no_disrupt, FLAG, .optional = true),
	JSON_MEMBER(apply_in, sure, FLAG, .optional = true),
	JSON_MEMBER(apply_in, confirm_seconds, U32, .optional = true, .min = 1, .max = CONFIRM_SECONDS_MAX),
	JSON_MEMBER(apply_in, persist, FLAG, .optional = true),
};
const struct json_struct apply_takes = PARAMETERS(apply_in, apply_members);

/* Takes the topology from the call. */
static void take_topology(struct change *c, const char *name, const char *source, struct json_object *topology)
{
	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->source, sizeof(c->source), "%s", source ? source : "");
	/* The topology is stored, also for boot, under the name that it was applied as. */
	topology_put_name(topology, name);
	c->topology = json_object_get(topology);
}

void method_apply(struct call *c, const void *parameters, void *arg)
{
	const struct apply_in *in = parameters;
	struct change change = { .type = CHANGE_APPLY,
				 .replace = in->replace,
				 .no_disrupt = in->no_disrupt,
				 .guarded = !in->sure && !in->confirm_seconds,
				 .persist = in->persist,
				 .confirm_seconds = in->confirm_seconds,
				 .progress = on_progress };

	take_topology(&change, in->name, in->source, in->topology);
	submit(arg, pending_new(c, true), &change);
}

struct adopt_in {
	const char *name, *source;
	struct json_object *topology;
};
static const struct json_member adopt_members[] = {
	JSON_MEMBER(adopt_in, name, TEXT, .problem = name_problem),
	JSON_MEMBER(adopt_in, topology, OBJECT, .optional = true),
	JSON_MEMBER(adopt_in, source, TEXT, .optional = true, .max = SOURCE_SIZE - 1),
};
const struct json_struct adopt_takes = PARAMETERS(adopt_in, adopt_members);

void method_adopt(struct call *c, const void *parameters, void *arg)
{
	const struct adopt_in *in = parameters;
	struct change change = { .type = CHANGE_ADOPT };

	take_topology(&change, in->name, in->source, in->topology);
	submit(arg, pending_new(c, true), &change);
}

struct rename_in {
	const char *name, *to;
};
static const struct json_member rename_members[] = {
	JSON_MEMBER(rename_in, name, TEXT, .problem = name_problem),
	JSON_MEMBER(rename_in, to, TEXT, .problem = name_problem),
};
const struct json_struct rename_takes = PARAMETERS(rename_in, rename_members);

void method_rename(struct call *c, const void *parameters, void *arg)
{
	const struct rename_in *in = parameters;
	struct change change = { .type = CHANGE_RENAME };

	snprintf(change.name, sizeof(change.name), "%s", in->name);
	snprintf(change.to, sizeof(change.to), "%s", in->to);
	submit(arg, pending_new(c, true), &change);
}

/* Makes a change for each of the names, or for each topology in state @state. */
static void change_all(struct call *c, struct method_context *m, const struct change *like, struct json_object *names,
		       enum topology_state state)
{
	size_t n = list_size(names), n_topologies;
	const struct topology *const *topologies;
	struct pending *p;

	/* Includes topologies that are new in the boot directories. */
	boot_refresh(m->engine);
	n_topologies = engine_topologies(m->engine, &topologies);
	p = pending_new(c, false);
	p->left = 1; /* until all are queued */
	for (size_t i = 0; i < (n ? n : n_topologies); i++) {
		struct change change = *like;

		if (!n && (state == STATE_DOWN) != (topologies[i]->state == STATE_DOWN))
			continue;
		snprintf(change.name, sizeof(change.name), "%s", n ? list_text(names, i) : topologies[i]->name);
		submit(m, p, &change);
	}
	if (--p->left)
		return;
	answer(p);
	pending_free(p);
}

struct up_in {
	struct json_object *names;
};
static const struct json_member up_members[] = {
	JSON_MEMBER(up_in, names, LIST, .optional = true, .max = NAMES_MAX, .problem = name_problem),
};
const struct json_struct up_takes = PARAMETERS(up_in, up_members);

void method_up(struct call *c, const void *parameters, void *arg)
{
	const struct up_in *in = parameters;

	change_all(c, arg, &(struct change){ .type = CHANGE_UP }, in->names, STATE_DOWN);
}

struct down_in {
	struct json_object *names;
	bool all, forget;
};
static const struct json_member down_members[] = {
	JSON_MEMBER(down_in, names, LIST, .optional = true, .max = NAMES_MAX, .problem = name_problem),
	JSON_MEMBER(down_in, all, FLAG, .optional = true),
	JSON_MEMBER(down_in, forget, FLAG, .optional = true),
};
const struct json_struct down_takes = PARAMETERS(down_in, down_members);

void method_down(struct call *c, const void *parameters, void *arg)
{
	const struct down_in *in = parameters;

	if (list_size(in->names) || in->all)
		change_all(c, arg, &(struct change){ .type = CHANGE_DOWN, .forget = in->forget }, in->names, STATE_UP);
	else
		call_error_string(c, INVALID_PARAMETER, "parameter", "names");
}

struct confirm_in {
	const char *name;
};
static const struct json_member confirm_members[] = {
	JSON_MEMBER(confirm_in, name, TEXT, .optional = true, .problem = name_problem),
};
const struct json_struct confirm_takes = PARAMETERS(confirm_in, confirm_members);

struct rollback_in {
	const char *name;
	bool unconfirmed;
};
static const struct json_member rollback_members[] = {
	JSON_MEMBER(rollback_in, name, TEXT, .optional = true, .problem = name_problem),
	JSON_MEMBER(rollback_in, unconfirmed, FLAG, .optional = true),
};
const struct json_struct rollback_takes = PARAMETERS(rollback_in, rollback_members);

/* Makes a change of the topology @name, or of all that await confirmation (NULL). */
static void change_waiting(struct call *c, const char *name, struct method_context *m, struct change change)
{
	const struct topology *const *topologies;
	size_t n = engine_topologies(m->engine, &topologies);
	struct pending *p;

	p = pending_new(c, false);
	p->left = 1; /* until all are queued */
	for (size_t i = 0; i < (name ? 1 : n); i++) {
		if (!name && !topologies[i]->confirm_usec)
			continue;
		snprintf(change.name, sizeof(change.name), "%s", name ? name : topologies[i]->name);
		submit(m, p, &change);
	}
	if (--p->left)
		return;
	p->error = outcome_row(OUTCOME_NOTHING_TO_CONFIRM)->error;
	answer(p);
	pending_free(p);
}

void method_confirm(struct call *c, const void *parameters, void *arg)
{
	const struct confirm_in *in = parameters;

	change_waiting(c, in->name, arg, (struct change){ .type = CHANGE_CONFIRM });
}

void method_rollback(struct call *c, const void *parameters, void *arg)
{
	const struct rollback_in *in = parameters;
	/* What awaited confirmation may have been rolled back by the time it is its turn. */
	struct change change = { .type = CHANGE_ROLLBACK, .unconfirmed = in->unconfirmed || !in->name };

	change_waiting(c, in->name, arg, change);
}
