/* SPDX-License-Identifier: MIT */
/* job.c - carries out one change: observe, plan, record, execute, observe again, commit; and on a failure the same once
 * more, back to what was there before. */
#include "job.h"
#include "model/revert.h"
#include "kernel/netns_users.h"

/* The kernel may remove dependents without an event; more rounds than this are a fight. */
enum { ROUNDS_MAX = 3, ROLLBACK_TRIES_MAX = 2 };

void job_init(struct job *j, const struct machine *machine, const struct store *store)
{
	j->store = store;
	pass_init(&j->pass, machine);
	model_init(&j->before, machine->kinds);
	model_init(&j->owned, machine->kinds);
	model_init(&j->given, machine->kinds);
	if (!j->desired.model.kinds)
		model_init(&j->desired.model, machine->kinds);
	if (!j->last.model.kinds)
		model_init(&j->last.model, machine->kinds);
	model_init(&j->next.saved, machine->kinds);
	model_init(&j->next.delta, machine->kinds);
}

void job_done(struct job *j)
{
	pass_done(&j->pass);
	free(j->names);
	free(j->claims);
	declaration_done(&j->desired);
	declaration_done(&j->last);
	model_done(&j->before);
	model_done(&j->owned);
	model_done(&j->given);
	record_done(&j->next);
	problems_done(&j->problems);
	problems_done(&j->doubts);
	free(j->users);
	fd_reserve_give(&j->fd_reserve);
	*j = (struct job){ 0 };
}

static void fail(struct job *j, const struct err *e, const struct object *o)
{
	char object[600];

	if (o)
		snprintf(object, sizeof(object), "%s %s", o->kind->label, o->place);
	problem_add_err(&j->problems, e, o ? &o->where : NULL, o ? object : NULL);
	if (j->result == 0)
		j->result = e->code;
}

static struct model *target(struct job *j)
{
	return j->rolling_back ? &j->before : &j->desired.model;
}

/* Adds what undeclared fields and objects revert to; what other topologies still declare of others' objects does not
 * revert. */
static void complete(struct job *j)
{
	struct model *desired = &j->desired.model;
	bool had = j->last.model.n || j->next.saved.n;

	revert_complete(desired, &j->last.model, &j->next.saved, &j->pass.observed);
	for (size_t i = 0; had && i < j->n_claims; i++)
		if (!j->claims[i].pending)
			revert_shared(desired, j->claims[i].model, &j->given);
	revert_shared(desired, &j->owned, NULL);
}

static int observe(struct job *j, struct err *e)
{
	struct wish w = {
		.topology = j->next.name,
		.macs = *j->next.macs ? j->next.macs : NULL,
		.desired = target(j),
		.last = &j->last.model,
		/* From the second observation on, what we have tried to create is ours where it carries our mark. */
		.tried = j->rolling_back || j->completed ? &j->desired.model : NULL,
		.claims = j->claims,
		.n_claims = j->n_claims,
		.adopt = j->adopt,
	};
	int r;

	j->pass.set.tried = w.tried;
	r = pass_observe(&j->pass, &w, e);
	if (r < 0)
		return r;
	if (!j->rolling_back && !j->completed)
		complete(j);
	j->completed = true;
	return 0;
}

/* Observes, and plans from there to the desired state. */
static int observe_and_plan(struct job *j)
{
	struct problems *found = &j->pass.problems;
	struct err e;
	int r = observe(j, &e);

	if (r < 0) {
		fail(j, &e, NULL);
		return r;
	}
	r = pass_plan(&j->pass);
	for (size_t i = 0; i < found->n; i++)
		problem_copy(&j->problems, &found->v[i]);
	if (r == -EEXIST)
		j->outcome = OUTCOME_CONFLICT;
	if (r < 0 && j->result == 0)
		j->result = r;
	if (r == 0 && j->no_disrupt && !j->written && plan_disrupts(&j->pass.plan, &j->problems)) {
		j->outcome = OUTCOME_DISRUPTS;
		r = j->result = -EBUSY;
	}
	if (r == 0 && j->guarded && !j->written &&
	    plan_locks_out(&j->pass.plan, &j->last.model, &j->pass.set, &j->problems)) {
		j->outcome = OUTCOME_LOCKS_OUT;
		r = j->result = -EPERM;
	}
	return r;
}

int job_plan(struct job *j)
{
	struct err e;
	int r = j->pass.set.n ? 0 : job_open(j, &e);

	if (r < 0) {
		fail(j, &e, NULL);
		return r;
	}
	return observe_and_plan(j);
}

static void observe_for(struct job *j, enum job_round round)
{
	j->round = round;
	j->phase = JOB_OBSERVE;
}

/* Records what is about to happen, before it does. */
static int write_down(struct job *j, struct err *e)
{
	int r;

	revert_remember(&j->next.saved, &j->pass.plan);
	revert_forget(&j->next.saved, &j->desired.model);
	revert_delta(&j->next.delta, &j->pass.plan);
	if (j->quiet)
		j->next.healed += (uint32_t)(j->created + j->changed + j->removed);
	r = fd_reserve_take(&j->fd_reserve, e);
	if (r == 0)
		r = j->store->begin(j->store->arg, &j->next, e);
	j->written = r == 0;
	return r;
}

static void prepare(struct job *j)
{
	struct err e;

	j->phase = JOB_DONE;
	if ((!j->pass.set.n && job_open(j, &e) < 0) || job_clear(j, &e) < 0)
		fail(j, &e, NULL);
	else
		observe_for(j, ROUND_FIRST);
}

static void rollback_failed(struct job *j, const struct err *e)
{
	if (e)
		fail(j, e, NULL);
	j->outcome = OUTCOME_ROLLBACK_FAILED;
	j->phase = JOB_DONE;
}

/* The change has failed: rolls back. */
static void roll_back(struct job *j)
{
	struct err e;

	if (j->rolling_back) {
		rollback_failed(j, NULL);
		return;
	}
	/* After a second observation the first plan is lost, as it is after a crash. */
	revert_before(&j->before, &j->last.model, &j->next.delta,
		      j->rounds == 0 && j->pass.executing ? &j->pass.plan : NULL);
	j->rolling_back = true;
	j->n_first = j->problems.n;
	j->pass.set.exclusive = false;
	j->pass.set.tried = &j->desired.model;
	j->rounds = j->wait.tries = 0;
	j->wait.ends = NULL;
	fd_reserve_give(&j->fd_reserve);
	/* Namespaces that were unlinked by this change get their names back. */
	if (pass_name_all(&j->pass, NETNS_PINNED, &e) < 0)
		rollback_failed(j, &e);
	else
		observe_for(j, ROUND_BACK);
}

static bool is_pinned(const struct netns *ns, _unused_ const void *arg)
{
	return ns->state == NETNS_PINNED;
}

/* All steps are done. */
static void conclude(struct job *j)
{
	struct err e;

	j->phase = JOB_COMMIT;
	if (j->rolling_back)
		return;
	/* Fresh namespaces are complete now. */
	if (pass_name_all(&j->pass, NETNS_FRESH, &e) < 0)
		job_refuse(j, &e);
	else
		j->n_users = netns_users_find(&j->pass.set, is_pinned, NULL, &j->users);
}

static void execute_or_conclude(struct job *j)
{
	if (j->pass.plan.n)
		j->phase = JOB_EXECUTE;
	else
		conclude(j);
}

static void planned_first(struct job *j, int r)
{
	const struct plan *plan = &j->pass.plan;
	struct err e;

	j->phase = JOB_DONE;
	if (r < 0)
		return;
	plan_count(plan, &j->created, &j->changed, &j->removed);
	plan_others(plan, j->others, sizeof(j->others));
	if (plan->n == 0 && (j->quiet || j->same))
		return;
	if (!j->rolling_back && write_down(j, &e) < 0)
		fail(j, &e, NULL);
	else
		execute_or_conclude(j);
}

static void planned_back(struct job *j, int r)
{
	if (r < 0)
		rollback_failed(j, NULL);
	else
		execute_or_conclude(j);
}

/* What came with its namespace or interface is only now observed, and saved. */
static void note(struct job *j)
{
	struct model *noted = &j->pass.execution.batch.noted;

	for (size_t i = 0; i < noted->n; i++)
		revert_merge(&j->next.saved, noted->objects[i], ~UINT64_C(0));
	model_done(noted);
	model_init(noted, j->pass.machine->kinds);
	j->noted = true;
}

/* Others may have blocked the rollback: from the present state it may succeed.  False: the failure stands. */
static bool may_roll_back_again(struct job *j)
{
	if (!j->rolling_back || j->rollback_tries++ == ROLLBACK_TRIES_MAX)
		return false;
	/* The last observation may be out of date for this one. */
	pass_doubt(&j->pass, NULL);
	problems_cut(&j->problems, j->n_first);
	j->rounds = 0;
	observe_for(j, ROUND_BACK);
	return true;
}

static void step_execute(struct job *j)
{
	struct execution *x = &j->pass.execution;
	size_t first = j->pass.executing ? x->next : 0;
	const struct op *op = NULL;
	struct err e;
	int r = pass_execute(&j->pass, &op, &e);
	bool forth = !j->rolling_back && j->rounds == 0;

	if (forth && *j->others)
		plan_others_lost(&j->pass.plan, x->next, r < 0 ? op : NULL, j->lost, sizeof(j->lost));
	if (r == -ENODEV && job_lost(j, op)) {
		observe_for(j, ROUND_VERIFY);
		return;
	}
	if (r < 0) {
		fail(j, &e, op ? (op->after ? op->after : op->before) : NULL);
		if (!may_roll_back_again(j))
			roll_back(j);
		return;
	}
	if (x->batch.noted.n && !j->rolling_back)
		note(j);
	if (forth) {
		j->taken.first = first;
		j->taken.done = x->next;
	}
	if (r == 0 && x->deferred && !job_await(j)) {
		fail(j, &j->wait.refused, x->deferred->after);
		roll_back(j);
	} else if (r == 0 && j->phase == JOB_EXECUTE) {
		j->phase = JOB_VERIFY;
	}
}

static void step_verify(struct job *j)
{
	observe_for(j, ROUND_VERIFY);
}

static void planned_verify(struct job *j, int r)
{
	const struct plan *plan = &j->pass.plan;
	struct err e;

	if (r < 0) {
		roll_back(j);
	} else if (plan->n == 0 || ++j->rounds < ROUNDS_MAX) {
		execute_or_conclude(j);
	} else {
		job_not_settled(&plan->ops[0], &e);
		fail(j, &e, plan->ops[0].after ? plan->ops[0].after : plan->ops[0].before);
		roll_back(j);
	}
}

/* The kernel has refused a step: observes until nothing stands against it any more, and continues from there. */
static void step_wait(struct job *j)
{
	if (!job_waits(j))
		observe_for(j, ROUND_WAIT);
}

static void planned_wait(struct job *j, int r)
{
	const struct object *o = NULL;
	struct err e;

	if (r < 0) {
		roll_back(j);
		return;
	}
	j->phase = JOB_WAIT;
	r = job_wait_check(j, &o, &e);
	if (r == -EAGAIN)
		pass_doubt(&j->pass, o);
	/* Much may have happened elsewhere meanwhile. */
	else if (r < 0 || j->wait.said)
		pass_doubt(&j->pass, NULL);
	if (r == -EAGAIN || (r == 0 && j->wait.said)) {
		j->wait.said = r < 0;
		return;
	}
	if (r < 0) {
		fail(j, &e, o);
		roll_back(j);
		return;
	}
	job_waited(j);
	execute_or_conclude(j);
}

static void step_observe(struct job *j)
{
	static void (*const planned[])(struct job *j, int r) = {
		[ROUND_FIRST] = planned_first,
		[ROUND_VERIFY] = planned_verify,
		[ROUND_WAIT] = planned_wait,
		[ROUND_BACK] = planned_back,
	};

	planned[j->round](j, observe_and_plan(j));
}

/* From here on unlinked namespaces do not get their names back. */
static int decided(struct job *j, int r)
{
	if (r == 0 && j->pass.set.holding)
		netns_pin_release(j->pins);
	return r;
}

static int commit_forward(struct job *j, struct err *e)
{
	if (j->noted && j->store->begin(j->store->arg, &j->next, e) < 0)
		return e->code;
	return j->written ? decided(j, j->store->commit(j->store->arg, j->next.name, e)) : 0;
}

static void step_commit(struct job *j)
{
	struct err e;

	j->phase = JOB_DONE;
	if (!j->rolling_back && commit_forward(j, &e) < 0)
		job_refuse(j, &e);
	else if (j->rolling_back && decided(j, j->store->abandon(j->store->arg, j->next.name, &e)) < 0)
		rollback_failed(j, &e);
}

void job_refuse(struct job *j, const struct err *e)
{
	fail(j, e, NULL);
	roll_back(j);
}

void job_recover(struct job *j, const struct model *delta)
{
	revert_before(&j->before, &j->last.model, delta, NULL);
	j->rolling_back = true;
	j->written = true;
}

bool job_step(struct job *j)
{
	// clang-format off: keeps its rows
	static void (*const steps[])(struct job *j) = {
		[JOB_PREPARE] = prepare,
		[JOB_OBSERVE] = step_observe,
		[JOB_EXECUTE] = step_execute,
		[JOB_WAIT] = step_wait,
		[JOB_VERIFY] = step_verify,
		[JOB_COMMIT] = step_commit,
	};
	// clang-format on

	j->taken.first = j->taken.done = 0;
	if (j->phase != JOB_DONE)
		steps[j->phase](j);
	return j->phase != JOB_DONE;
}
