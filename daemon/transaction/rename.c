/* SPDX-License-Identifier: MIT */
/* rename.c - puts the marks of another name on what a topology has created.  What is not as declared stays so: only marks
 * are planned.  After a crash the remaining ones are put; a rollback would take what has the new mark already for somebody
 * else's. */
#include "rename.h"
#include "model/owner.h"

static void refused(struct job *j, const struct err *e)
{
	problem_add_err(&j->problems, e, NULL, NULL);
	if (j->result == 0)
		j->result = e->code;
}

/* A link of ours may have a damaged mark. */
static bool is_named(const struct object *o)
{
	return o->owner == OWNER_OURS && o->kind->mark && (o->sign.topology || object_is(o, "link"));
}

static void plan_marks(struct job *j)
{
	struct pass *p = &j->pass;

	plan_done(&p->plan);
	p->plan = (struct plan){ .desired = &j->desired.model, .observed = &p->observed };
	for (size_t i = 0; i < p->observed.n; i++)
		if (is_named(p->observed.objects[i]))
			plan_add(&p->plan, (struct op){ .before = p->observed.objects[i], .mark = MARK_PUT });
}

/* Observes as @from, and plans the marks of @to. */
static int observe(struct job *j, const char *from, const char *to, struct err *e)
{
	struct wish w = { .topology = from, .marks = to, .desired = &j->desired.model, .last = &j->desired.model };

	if (!j->pass.set.n && job_open(j, e) < 0)
		return e->code;
	pass_doubt(&j->pass, NULL);
	if (pass_observe(&j->pass, &w, e) < 0)
		return e->code;
	plan_marks(j);
	if (!j->rolling_back)
		j->changed = j->pass.plan.n;
	return 0;
}

/* Namespaces are opened first: what fails until here leaves no record. */
static int prepare(struct job *j, struct err *e)
{
	if ((j->desired.model.n && job_open(j, e) < 0) || j->store->begin(j->store->arg, &j->next, e) < 0)
		return e->code;
	j->written = true;
	j->phase = JOB_OBSERVE;
	return 1;
}

static int step_observe(struct job *j, struct err *e)
{
	const char *names[] = { j->next.renames, j->next.name };

	if (j->desired.model.n && observe(j, names[j->rolling_back], names[!j->rolling_back], e) < 0)
		return e->code;
	j->phase = j->desired.model.n ? JOB_EXECUTE : JOB_COMMIT;
	return 1;
}

static int step_execute(struct job *j, struct err *e)
{
	const struct op *op;
	int r = pass_execute(&j->pass, &op, e);

	if (r == 0) {
		pass_rewind(&j->pass);
		j->phase = JOB_COMMIT;
	}
	return r < 0 ? r : 1;
}

/* As pass_execute: 0 when everything is done. */
static int step(struct job *j, struct err *e)
{
	if (j->phase == JOB_PREPARE)
		return prepare(j, e);
	if (j->phase == JOB_OBSERVE)
		return step_observe(j, e);
	if (j->phase == JOB_EXECUTE)
		return step_execute(j, e);
	return (j->rolling_back ? j->store->abandon : j->store->commit)(j->store->arg, j->next.name, e);
}

bool rename_step(struct job *j)
{
	struct err e;
	int r = step(j, &e);

	if (r < 0 && j->rolling_back) {
		j->outcome = OUTCOME_ROLLBACK_FAILED;
		problem_add_err(&j->problems, &e, NULL, NULL);
	} else if (r < 0) {
		refused(j, &e);
		/* What the new mark is on already gets the former one again. */
		j->rolling_back = j->written;
		j->phase = JOB_OBSERVE;
		r = j->written;
	}
	if (r <= 0)
		j->phase = JOB_DONE;
	return r > 0;
}

void rename_resume(struct job *j)
{
	struct err e;
	int r;

	j->written = true;
	for (j->phase = JOB_OBSERVE; (r = step(j, &e)) > 0;)
		;
	if (r < 0)
		refused(j, &e);
	j->phase = JOB_DONE;
}
