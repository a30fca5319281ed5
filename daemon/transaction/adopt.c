/* SPDX-License-Identifier: MIT */
/* adopt.c - takes over existing objects of others: nothing of them changes, they only get
 * our marks.  Until the last mark is put the record says so, and after a crash the
 * remaining marks are put; a rollback would take half-marked objects for ours. */
#include "adopt.h"
#include "model/owner.h"

static void differ(struct job *j, const struct object *o, const char *how, const char *detail)
{
	problem_add(&j->problems, EEXIST, &o->where, "%s %s%s%s %s", o->kind->label, o->place, *detail ? " " : "",
		    detail, how);
	j->outcome = OUTCOME_DIFFERS;
	j->result = -EEXIST;
}

/* Lists all that is not as declared, in the words of a plan. */
static void find_differences(struct job *j)
{
	static const char *const how[] = { "does not exist", "would have to be changed", "exists, but is not declared",
					   "would have to be recreated" };
	struct arena a = { 0 };

	for (size_t i = 0; i < j->pass.plan.n; i++) {
		const struct op *op = &j->pass.plan.ops[i];
		const struct object *o = op->after ? op->after : op->before;
		const struct object *have = model_find(&j->pass.observed, o->id);
		struct step s;

		if (have && have->out_of_order && op->after)
			continue; /* reported where it is removed */
		if (plan_step(op, &a, &s))
			differ(j, o, how[o->out_of_order ? 3 : op->before ? op->after ? 1 : 2 : 0], s.detail);
	}
	for (size_t i = 0; i < j->pass.observed.n; i++) {
		const struct object *o = j->pass.observed.objects[i];

		if (o->sign.taken && model_find(&j->desired.model, o->id) &&
		    !model_find(&j->desired.model, o->id)->managed)
			differ(j, o,
			       "has a link group or an alias, where netnsd puts its mark: ip link set … group default alias ''",
			       "");
	}
	arena_done(&a);
}

/* Plans a step for each object that has no mark yet. */
static void plan_marks(struct job *j)
{
	plan_done(&j->pass.plan);
	j->pass.plan = (struct plan){ .desired = &j->desired.model, .observed = &j->pass.observed };
	for (size_t i = 0; i < j->pass.observed.n; i++) {
		struct object *o = j->pass.observed.objects[i];

		if (o->unmarked)
			plan_add(&j->pass.plan, (struct op){ .before = o,
							     .after = model_find(&j->desired.model, o->id),
							     .mark = MARK_PUT });
	}
	j->changed = j->pass.plan.n;
}

static int execute(struct job *j, struct err *e)
{
	const struct op *op;
	int r;

	pass_rewind(&j->pass);
	while ((r = pass_execute(&j->pass, &op, e)) > 0)
		;
	return r;
}

/* Removes the marks that have been put so far. */
static void take_off(struct job *j)
{
	struct err e;

	for (size_t i = 0; i < j->pass.plan.n; i++)
		j->pass.plan.ops[i].mark = MARK_TAKE_OFF;
	if (execute(j, &e) < 0) {
		j->outcome = OUTCOME_ROLLBACK_FAILED;
		problem_add_err(&j->problems, &e, NULL, NULL);
	} else {
		(void)!j->store->abandon(j->store->arg, j->next.name, &e);
	}
}

static void refused(struct job *j, const struct err *e)
{
	problem_add_err(&j->problems, e, NULL, NULL);
	j->result = e->code;
}

static void put_marks(struct job *j)
{
	struct err e;

	if (execute(j, &e) == 0 && j->store->commit(j->store->arg, j->next.name, &e) == 0)
		return;
	refused(j, &e);
	take_off(j);
}

bool adopt_open(struct job *j)
{
	struct err e;
	int r = job_open(j, &e);

	if (r < 0)
		refused(j, &e);
	return r == 0;
}

void adopt_run(struct job *j)
{
	struct err e;

	if (job_plan(j) < 0)
		return;
	find_differences(j);
	if (j->outcome == OUTCOME_DIFFERS)
		return;
	plan_marks(j);
	if (j->store->begin(j->store->arg, &j->next, &e) < 0) {
		refused(j, &e);
		return;
	}
	j->written = true;
	put_marks(j);
}

void adopt_resume(struct job *j)
{
	j->written = true;
	if (job_plan(j) < 0)
		return;
	plan_marks(j);
	put_marks(j);
}
