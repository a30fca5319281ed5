/* SPDX-License-Identifier: MIT */
/* preview.c - plans a change without carrying it out.  Whatever is known to refuse the change refuses the plan, in the
 * same way: who reads a plan must be able to rely on it. */
#include "reconcile.h"
#include "await.h"
#include "begin.h"
#include "confirm.h"

/* What the kernel lacks is found out before the first step of a change. */
static bool is_possible(const struct job *j, struct outcome *o)
{
	struct err e;
	const struct op *lacking = execute_lacking(&j->pass.plan, &e);
	char object[600];

	if (!lacking)
		return true;
	snprintf(object, sizeof(object), "%s %s", lacking->after->kind->label, lacking->after->place);
	o->code = OUTCOME_REFUSED;
	problem_add_err(&o->problems, &e, &lacking->after->where, object);
	return false;
}

static void warn(const struct job *j, struct problems *p)
{
	for (size_t i = 0; i < j->pass.plan.n; i++) {
		const struct op *op = &j->pass.plan.ops[i];
		const struct object *o = op->after ? op->after : op->before;

		if (o->kind->warn)
			o->kind->warn(&j->pass.plan, op, netns_find(&j->pass.set, o->netns), p);
	}
}

void engine_plan(struct engine *g, const struct change *c, const struct plan **ret_plan, struct outcome *ret)
{
	struct job *j = &g->planned;
	bool waits;

	*ret = (struct outcome){ 0 };
	snprintf(ret->name, sizeof(ret->name), "%s", c->name);
	job_done(j);
	if (!change_may_begin(g, c, ret) || !change_begin(g, j, c, ret))
		return;
	if (job_plan(j) < 0) {
		waits = await_may(g, c, j);
		outcome_from(ret, j);
		ret->code = waits ? OUTCOME_WAITING : ret->code;
	} else if (is_possible(j, ret)) {
		*ret_plan = &j->pass.plan;
		ret->down = confirm_takes_down(j, c);
		ret->warnings = j->doubts;
		j->doubts = (struct problems){ 0 };
		warn(j, &ret->warnings);
	}
	/* Namespaces that were only observed are not held. */
	pass_release(&j->pass);
}
