/* SPDX-License-Identifier: MIT */
/* export.c - the method Export: the present state as a topology.  What no topology declares is told only to those
 * who may make changes, and only if they ask for it. */
#include "export.h"
#include "answer.h"
#include "costly.h"
#include "inspect/export.h"
#include "topology/env.h"

enum { NAMES_MAX = 4096 };

struct export_in {
	struct json_object *namespaces;
	bool all;
};
static const struct json_member members[] = {
	JSON_MEMBER(export_in, namespaces, LIST, .optional = true, .max = NAMES_MAX, .problem = name_problem),
	JSON_MEMBER(export_in, all, FLAG, .optional = true),
};
const struct json_struct export_takes = PARAMETERS(export_in, members);

struct export_question {
	struct question question; /* first: answer gets a pointer to it */
	struct engine *engine;
	struct arena arena;
	const char **names;
	size_t n;
	bool ours; /* only what topologies declare, and what carries our mark */
	struct exporting *exporting;
};

static bool declares(const void *arg, const char *netns, size_t *i, const char **ret_name, struct model **ret)
{
	const struct export_question *q = arg;
	const struct topology *const *all;
	size_t n = engine_topologies(q->engine, &all);

	while (*i < n) {
		const struct topology *t = all[(*i)++];
		struct model *m = (struct model *)(uintptr_t)&t->declared;

		if (!topology_is_up(t) || !model_netns(m, netns))
			continue;
		*ret_name = t->name;
		*ret = m;
		return true;
	}
	return false;
}

/* The host is in each topology, declared or not. */
static bool is_declared(const struct object *o, size_t field, const struct object *by)
{
	if (field == SIZE_MAX)
		return !object_is(o, "netns") || strcmp(o->netns, "host") != 0 || by->declared;
	return !by->managed || by->kind != o->kind || object_has(by, field);
}

static bool is_told(const void *arg, const struct object *o, size_t field)
{
	const struct export_question *q = arg;
	const struct object *by = NULL;
	const char *name;
	struct model *m;

	if (!q->ours || (o->sign.hash && !object_is(o, "netns")))
		return true;
	for (size_t i = 0; declares(arg, o->netns, &i, &name, &m);) {
		by = model_same(m, o);
		if (by && is_declared(o, field, by))
			return true;
	}
	return false;
}

/* The namespaces of all topologies. */
static void list_declared(struct export_question *q)
{
	const struct topology *const *all;
	size_t n = engine_topologies(q->engine, &all), room = 0, used = 0;

	for (size_t i = 0; i < n; i++)
		room += topology_is_up(all[i]) ? all[i]->declared.n : 0;
	q->names = must(calloc(room + 1, sizeof(*q->names)));
	/* No name at all would mean all. */
	q->names[q->n++] = "host";
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; topology_is_up(all[i]) && k < all[i]->declared.n; k++)
			if (object_is(all[i]->declared.objects[k], "netns"))
				q->names[q->n++] = arena_strdup(&q->arena, all[i]->declared.objects[k]->netns);
	qsort(q->names, q->n, sizeof(*q->names), texts_cmp);
	for (size_t i = 0; i < q->n; i++)
		if (!used || strcmp(q->names[used - 1], q->names[i]) != 0)
			q->names[used++] = q->names[i];
	q->n = used;
}

static void list_named(struct export_question *q, struct json_object *names)
{
	q->names = must(calloc(list_size(names) + 1, sizeof(*q->names)));
	for (size_t i = 0; i < list_size(names); i++)
		q->names[q->n++] = arena_strdup(&q->arena, list_text(names, i));
}

/* What no topology can say may be another program's: @veiled only says that there is something. */
static struct json_object *unsaid_json(const struct unsaid *u, bool veiled)
{
	struct json_object *list = must(json_object_new_array());

	for (size_t i = 0; i < u->n_v && !veiled; i++)
		json_object_array_add(list, json_object_new_string(u->v[i]));
	if (u->n_v && veiled)
		json_object_array_add(list, json_object_new_string(
						    "there is more here that no topology can declare; root sees what"));
	if (u->more && !veiled)
		json_object_array_add(list, json_object_new_string("and there is more"));
	return list;
}

static const char *macs(const void *arg, const char *topology)
{
	const struct export_question *q = arg;
	const struct topology *t = engine_find(q->engine, topology);

	return t ? topology_macs(t) : topology;
}

static bool begin(struct export_question *q)
{
	const struct env *env = engine_env(q->engine);
	const struct exporting_options options = {
		.dir = env->netns_dir,
		.identity = env->identity,
		.macs = macs,
		.kinds = env->kinds,
		.names = q->names,
		.n = q->n,
		.declares = declares,
		.is_told = is_told,
		.arg = q,
	};
	const char *missing = NULL;
	struct err e;

	if (exporting_begin(&q->exporting, &options, &missing, &e) == 0)
		return true;
	if (missing)
		call_error(q->question.call, ERROR("NoSuchPlace"), one_string("place", missing));
	else
		call_refused(q->question.call, &e);
	return false;
}

static bool on_answer(struct question *question, _unused_ const struct facts *f)
{
	struct export_question *q = (struct export_question *)question;
	struct json_object *reply;

	if (!q->exporting)
		return begin(q);
	if (exporting_step(q->exporting)) {
		question->waits = exporting_waits(q->exporting) < 0 ? 0 : exporting_waits(q->exporting);
		return true;
	}
	reply = json_object_new_object();
	add(reply, "topology", exporting_take(q->exporting));
	add(reply, "unsaid", unsaid_json(exporting_unsaid(q->exporting), !question->call->peer->may_change));
	call_reply(question->call, reply);
	return false;
}

static void on_free(struct question *question)
{
	struct export_question *q = (struct export_question *)question;

	exporting_end(q->exporting);
	arena_done(&q->arena);
	free(q->names);
	free(q);
}

void method_export(struct call *c, const void *parameters, void *arg)
{
	const struct export_in *in = parameters;
	struct method_context *m = arg;
	struct export_question *q = must(calloc(1, sizeof(*q)));
	bool named = list_size(in->namespaces);

	*q = (struct export_question){
		.question = { .call = c, .answer = on_answer, .free = on_free, .unaided = true },
		.engine = m->engine,
		.ours = !c->peer->may_change || !(in->all || named),
	};
	if (named)
		list_named(q, in->namespaces);
	else if (!in->all)
		list_declared(q);
	costly_ask(m->costly, &q->question);
}
