/* SPDX-License-Identifier: MIT */
/* job.c - carries one change through: look, plan, write down, execute, look again,
 * commit; and on a failure the same once more, to what was there before. */
#include "job.h"
#include "model/revert.h"
#include "kernel/netns.h"
#include "kernel/netns_users.h"
#include "kind/observe.h"
#include "model/owner.h"

/* The kernel may take along what nobody was told of; more rounds than this are a fight. */
enum { ROUNDS_MAX = 3, BACK_TRIES_MAX = 2 };

void job_init(struct job *j, const struct kinds *kinds, const struct state *state, const char *netns_dir,
	      const char *machine)
{
	j->kinds = kinds;
	j->state = state;
	j->netns_dir = netns_dir;
	j->machine = machine;
	model_init(&j->before, kinds);
	if (!j->desired.model.kinds)
		model_init(&j->desired.model, kinds);
	if (!j->last.model.kinds)
		model_init(&j->last.model, kinds);
	model_init(&j->next.saved, kinds);
	model_init(&j->next.delta, kinds);
}

static void forget_plan(struct job *j)
{
	if (j->executing)
		execute_done(&j->execution);
	j->executing = false;
	plan_done(&j->plan);
}

void job_done(struct job *j)
{
	forget_plan(j);
	model_done(&j->observed);
	netns_set_done(&j->set);
	free(j->names);
	topology_done(&j->desired);
	topology_done(&j->last);
	model_done(&j->before);
	record_done(&j->next);
	problems_done(&j->problems);
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

static int look(struct job *j, struct model *desired, struct err *e)
{
	struct model *last = &j->last.model, before = j->observed;
	int r;

	forget_plan(j);
	if (j->looking)
		j->looking(j->owner, j);
	model_init(&j->observed, j->kinds);
	r = observe(&j->observed, &j->set, desired, last, &before, e);
	if (r < 0)
		return r;
	if (j->adopt)
		owner_pretend(&j->observed, desired, j->next.name);
	/* From the second look on, what we have tried to make is ours where it carries our mark. */
	owner_resolve(&j->observed, j->next.name, desired, j->adopt ? desired : last, j->rolling_back || j->completed ? &j->desired.model : NULL);
	if (j->looked)
		j->looked(j->owner, j);
	if (!j->rolling_back && !j->completed) {
		revert_complete(desired, last, &j->next.saved, &j->observed);
		if (j->reverting)
			j->reverting(j->owner, j);
	}
	j->completed = true;
	return 0;
}

static struct model *target(struct job *j)
{
	return j->rolling_back ? &j->before : &j->desired.model;
}

/* Looks at what is there and plans to what is to be. */
static int look_and_plan(struct job *j)
{
	struct problems found = { 0 };
	struct err e;
	int r = look(j, target(j), &e);

	if (r < 0) {
		fail(j, &e, NULL);
		return r;
	}
	r = plan_make(&j->plan, target(j), &j->observed, &found);
	for (size_t i = 0; i < found.n; i++)
		problem_copy(&j->problems, &found.v[i]);
	j->conflict |= r == -EEXIST;
	if (r < 0 && j->result == 0)
		j->result = r;
	problems_done(&found);
	if (r == 0 && j->no_disrupt && !j->written && plan_disrupts(&j->plan, &j->problems)) {
		j->disrupts = true;
		r = j->result = -EBUSY;
	}
	return r;
}

int job_plan(struct job *j)
{
	struct err e;
	int r = job_open(j, &e);

	if (r < 0) {
		fail(j, &e, NULL);
		return r;
	}
	return look_and_plan(j);
}

/* The namespaces that a step is in, or reaches into. */
static void mark_changed(struct job *j, const struct object *o)
{
	struct netns *ns = netns_find(&j->set, o->netns);
	struct ref ref;

	if (ns)
		ns->unchanged = false;
	for (size_t i = 0; object_ref(o, true, &i, &ref);) {
		const struct object *far = model_find_ref(j->plan.desired, ref.class, ref.to);

		if (!far)
			far = model_find_ref(j->plan.observed, ref.class, ref.to);
		ns = far ? netns_find(&j->set, far->netns) : NULL;
		if (ns)
			ns->unchanged = false;
	}
}

static void execute(struct job *j)
{
	for (size_t i = 0; i < j->plan.n; i++) {
		const struct op *op = &j->plan.ops[i];

		if (op->before)
			mark_changed(j, op->before);
		if (op->after)
			mark_changed(j, op->after);
	}
	execute_init(&j->execution, &j->plan, &j->set, j->next.name, j->machine);
	if (j->execution.work.next_index < j->next_index)
		j->execution.work.next_index = j->next_index;
	j->executing = true;
	j->phase = JOB_EXECUTE;
}

/* Writes down what is about to happen, before it does. */
static int write_down(struct job *j, struct err *e)
{
	int r;

	revert_remember(&j->next.saved, &j->plan);
	revert_forget(&j->next.saved, &j->desired.model);
	revert_delta(&j->next.delta, &j->plan);
	if (j->quiet)
		j->next.healed += (uint32_t)(j->created + j->changed + j->removed);
	r = fd_reserve_take(&j->fd_reserve, e);
	if (r == 0)
		r = state_begin(j->state, &j->next, e);
	j->written = r == 0;
	return r;
}

static void prepare(struct job *j)
{
	struct err e;

	j->phase = JOB_DONE;
	if (!j->set.n && job_open(j, &e) < 0) {
		fail(j, &e, NULL);
		return;
	}
	if (job_clear(j, &e) < 0) {
		fail(j, &e, NULL);
		return;
	}
	if (look_and_plan(j) < 0)
		return;
	plan_count(&j->plan, &j->created, &j->changed, &j->removed);
	plan_others(&j->plan, j->others, sizeof(j->others));
	if (j->plan.n == 0 && (j->quiet || j->same))
		return;
	if (!j->rolling_back && write_down(j, &e) < 0) {
		fail(j, &e, NULL);
		return;
	}
	if (j->plan.n == 0)
		j->phase = JOB_COMMIT;
	else
		execute(j);
}

/* Names the namespaces that are in @state. */
static int name_all(struct job *j, enum netns_state state, struct err *e)
{
	for (size_t i = 0; i < j->set.n; i++)
		if (j->set.v[i].state == state && netns_name(&j->set, &j->set.v[i], e) < 0)
			return e->code;
	return 0;
}

static void rollback_failed(struct job *j, const struct err *e)
{
	if (e)
		fail(j, e, NULL);
	j->rollback_failed = true;
	j->phase = JOB_DONE;
}

/* The change has failed: plan back to what was there. */
static void roll_back(struct job *j)
{
	struct err e;

	if (j->rolling_back) {
		rollback_failed(j, NULL);
		return;
	}
	/* After a second look the first plan is lost, as it is after a crash. */
	revert_before(&j->before, &j->last.model, &j->next.delta, j->rounds == 0 && j->executing ? &j->plan : NULL);
	j->rolling_back = true;
	j->n_first = j->problems.n;
	j->set.exclusive = false;
	j->set.tried = &j->desired.model;
	j->rounds = j->wait.tries = 0;
	j->wait.ends = NULL;
	fd_reserve_give(&j->fd_reserve);
	/* What lost its name in this change is there again. */
	if (name_all(j, NETNS_PINNED, &e) < 0)
		rollback_failed(j, &e);
	else if (look_and_plan(j) < 0)
		rollback_failed(j, NULL);
	else if (j->plan.n)
		execute(j);
	else
		j->phase = JOB_COMMIT;
}

/* What was there before is only known now of what came with its namespace or interface. */
static void note(struct job *j)
{
	struct model *noted = &j->execution.work.noted;

	for (size_t i = 0; i < noted->n; i++)
		revert_merge(&j->next.saved, noted->objects[i], ~UINT64_C(0));
	model_done(noted);
	model_init(noted, j->kinds);
	j->noted = true;
}

/* Others may have been in the way back: from what is there now it may be free.  False: the failure stays. */
static bool back_again(struct job *j)
{
	if (!j->rolling_back || j->back_tries++ == BACK_TRIES_MAX)
		return false;
	/* In this the last look may be out of date. */
	for (size_t i = 0; i < j->set.n; i++)
		j->set.v[i].unchanged = false;
	problems_cut(&j->problems, j->n_first);
	j->rounds = 0;
	if (look_and_plan(j) < 0)
		rollback_failed(j, NULL);
	else if (j->plan.n)
		execute(j);
	else
		j->phase = JOB_COMMIT;
	return true;
}

static void step_execute(struct job *j)
{
	size_t first = j->execution.next;
	const struct op *op = NULL;
	struct err e;
	int r = execute_step(&j->execution, &op, &e);

	j->next_index = j->execution.work.next_index;
	if (!j->rolling_back && j->rounds == 0)
		plan_others_lost(&j->plan, j->execution.next, r < 0 ? op : NULL, j->lost, sizeof(j->lost));
	if (r < 0) {
		fail(j, &e, op ? (op->after ? op->after : op->before) : NULL);
		if (!back_again(j))
			roll_back(j);
		return;
	}
	if (j->execution.work.noted.n && !j->rolling_back)
		note(j);
	if (j->progress && !j->rolling_back && j->rounds == 0)
		j->progress(j->arg, &j->plan, first, j->execution.next);
	if (r == 0 && j->execution.deferred && !job_await(j)) {
		fail(j, &j->wait.refused, j->execution.deferred->after);
		roll_back(j);
	} else if (r == 0 && j->phase == JOB_EXECUTE) {
		j->phase = JOB_VERIFY;
	}
}

static void step_verify(struct job *j)
{
	struct err e;

	if (look_and_plan(j) < 0) {
		roll_back(j);
	} else if (j->plan.n == 0) {
		j->phase = JOB_COMMIT;
	} else if (++j->rounds < ROUNDS_MAX) {
		execute(j);
	} else {
		job_not_settled(&j->plan.ops[0], &e);
		fail(j, &e, j->plan.ops[0].after ? j->plan.ops[0].after : j->plan.ops[0].before);
		roll_back(j);
	}
}

/* The kernel has refused a step: looks until nothing keeps it any more, and goes on from what is there then. */
static void step_wait(struct job *j)
{
	const struct object *o = NULL;
	struct err e;
	int r;

	if (job_waits(j))
		return;
	if (look_and_plan(j) < 0) {
		roll_back(j);
		return;
	}
	r = job_wait_check(j, &o, &e);
	if (r == -EAGAIN)
		mark_changed(j, o);
	/* Meanwhile much may have happened elsewhere. */
	for (size_t i = 0; i < j->set.n && r != -EAGAIN && (r < 0 || j->wait.said); i++)
		j->set.v[i].unchanged = false;
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
	j->phase = JOB_COMMIT;
	if (j->plan.n)
		execute(j);
}

/* Nothing that has lost its name will have it back. */
static int decided(struct job *j, int r)
{
	if (r == 0 && j->set.holding)
		netns_pin_release(j->pins);
	return r;
}

static bool is_pinned(const struct netns *ns)
{
	return ns->state == NETNS_PINNED;
}

static int commit_forward(struct job *j, struct err *e)
{
	/* What is fresh has everything now. */
	int r = name_all(j, NETNS_FRESH, e);

	if (r < 0)
		return r;
	j->n_users = netns_users_find(&j->set, is_pinned, &j->users);
	if (j->committing && j->committing(j->owner, j, e) < 0)
		return e->code;
	if (j->noted && state_begin(j->state, &j->next, e) < 0)
		return e->code;
	return j->written ? decided(j, state_commit(j->state, j->next.name, e)) : 0;
}

static void step_commit(struct job *j)
{
	struct err e;

	j->phase = JOB_DONE;
	if (!j->rolling_back) {
		if (commit_forward(j, &e) < 0) {
			fail(j, &e, NULL);
			roll_back(j);
		}
		return;
	}
	if (decided(j, state_abandon(j->state, j->next.name, &e)) < 0)
		rollback_failed(j, &e);
}

void job_recover(struct job *j, const struct model *delta)
{
	revert_before(&j->before, &j->last.model, delta, NULL);
	j->rolling_back = true;
	j->written = true;
}

bool job_step(struct job *j)
{
	static void (*const steps[])(struct job *j) = {
		[JOB_PREPARE] = prepare,
		[JOB_EXECUTE] = step_execute,
		[JOB_WAIT] = step_wait,
		[JOB_VERIFY] = step_verify,
		[JOB_COMMIT] = step_commit,
	};

	if (j->phase != JOB_DONE)
		steps[j->phase](j);
	/* Between the last look and the commit nobody gets a turn: what is heard after the
	 * look is about what is kept by then. */
	if (j->phase == JOB_COMMIT)
		steps[j->phase](j);
	return j->phase != JOB_DONE;
}
