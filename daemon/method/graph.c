/* SPDX-License-Identifier: MIT */
/* graph.c - the method Graph: what there is to draw; with live, also what no topology declares, which is for those who
 * may change it. */
#include "graph.h"
#include "graph_live.h"
#include "answer.h"
#include "costly.h"
#include "engine/graph.h"

enum { NAMES_MAX = 4096 };

struct graph_in {
	struct json_object *names;
	bool live;
};
static const struct json_member members[] = {
	JSON_MEMBER(graph_in, names, LIST, .optional = true, .max = NAMES_MAX, .problem = name_problem),
	JSON_MEMBER(graph_in, live, FLAG, .optional = true),
};
const struct json_struct graph_takes = PARAMETERS(graph_in, members);

struct graph_question {
	struct question question; /* first: answer gets a pointer to it */
	struct json_object *names;
	struct engine *engine;
	struct graph_live *live; /* NULL: it has not begun */
};

/* NULL: the call has been answered with an error. */
static struct json_object *ask_engine(struct call *c, struct engine *g, struct json_object *names)
{
	struct json_object *answer = NULL;
	const char *missing = NULL;
	struct err e;
	int r = graph_answer(g, names, &answer, &missing, &e);

	if (r == -ENOENT && missing)
		call_no_such_topology(c, missing);
	else if (r < 0)
		call_refused(c, &e);
	return r < 0 ? NULL : answer;
}

static bool on_answer(struct question *question, const struct facts *f)
{
	struct graph_question *q = (struct graph_question *)question;
	struct json_object *answer;

	if (!q->live) {
		answer = ask_engine(question->call, q->engine, q->names);
		if (!answer)
			return false;
		q->live = graph_live_begin(f, answer);
	}
	if (graph_live_step(q->live))
		return true;
	call_reply(question->call, graph_live_take(q->live));
	return false;
}

static void on_free(struct question *question)
{
	struct graph_question *q = (struct graph_question *)question;

	graph_live_end(q->live);
	json_object_put(q->names);
	free(q);
}

void method_graph(struct call *c, const void *parameters, void *arg)
{
	const struct graph_in *in = parameters;
	struct method_context *m = arg;
	struct graph_question *q;
	struct json_object *answer;

	if (!in->live) {
		answer = ask_engine(c, m->engine, in->names);
		if (answer)
			call_reply(c, answer);
		return;
	}
	if (!c->peer->may_change) {
		call_error(c, PERMISSION_DENIED, NULL);
		return;
	}
	q = must(calloc(1, sizeof(*q)));
	*q = (struct graph_question){ .question = { .call = c, .answer = on_answer, .free = on_free },
				      .names = json_object_get(in->names),
				      .engine = m->engine };
	costly_ask(m->costly, &q->question);
}
