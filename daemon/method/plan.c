/* SPDX-License-Identifier: MIT */
/* plan.c - the method Plan: what Apply or Rollback would do, or how it would be refused. */
#include "plan.h"
#include "answer.h"
#include "engine/outcome.h"
#include "engine/shape.h"
#include "store/record.h"

struct plan_in {
	const char *name, *source;
	struct json_object *topology;
	bool replace, no_disrupt, sure, persist, rollback;
	uint32_t confirm_seconds;
};
static const struct json_member members[] = {
	JSON_MEMBER(plan_in, name, TEXT, .problem = name_problem),
	JSON_MEMBER(plan_in, topology, OBJECT, .optional = true),
	JSON_MEMBER(plan_in, source, TEXT, .optional = true, .max = SOURCE_SIZE - 1),
	JSON_MEMBER(plan_in, replace, FLAG, .optional = true),
	JSON_MEMBER(plan_in, no_disrupt, FLAG, .optional = true),
	JSON_MEMBER(plan_in, sure, FLAG, .optional = true),
	JSON_MEMBER(plan_in, confirm_seconds, U32, .optional = true, .min = 1, .max = CONFIRM_SECONDS_MAX),
	JSON_MEMBER(plan_in, persist, FLAG, .optional = true),
	JSON_MEMBER(plan_in, rollback, FLAG, .optional = true),
};
const struct json_struct plan_takes = PARAMETERS(plan_in, members);

static void reply(struct call *c, const struct plan *plan, const struct outcome *o)
{
	struct json_object *reply = one_string("name", o->name);

	add(reply, "steps", shape_steps(plan, 0, plan->n));
	if (o->down)
		add(reply, "down", json_object_new_boolean(true));
	if (o->warnings.n)
		add(reply, "warnings", shape_problems(&o->warnings));
	call_reply(c, reply);
}

void method_plan(struct call *c, const void *parameters, void *arg)
{
	const struct plan_in *in = parameters;
	/* As method_apply makes it. */
	struct change change = { .type = in->rollback ? CHANGE_ROLLBACK : CHANGE_APPLY,
				 .topology = in->topology,
				 .replace = in->replace,
				 .no_disrupt = in->no_disrupt,
				 .guarded = !in->rollback && !in->sure && !in->confirm_seconds,
				 .persist = in->persist,
				 .confirm_seconds = in->confirm_seconds,
				 .preview = true };
	struct method_context *m = arg;
	const struct plan *plan = NULL;
	struct outcome o;

	if (!in->rollback == !in->topology) {
		call_error_string(c, INVALID_PARAMETER, "parameter", "topology");
		return;
	}
	snprintf(change.name, sizeof(change.name), "%s", in->name);
	snprintf(change.source, sizeof(change.source), "%s", in->source ? in->source : "");
	engine_plan(m->engine, &change, &plan, &o);
	if (o.code == OUTCOME_DONE)
		reply(c, plan, &o);
	else
		call_outcome(c, &o);
	outcome_done(&o);
}
