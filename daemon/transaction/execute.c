/* SPDX-License-Identifier: MIT */
/* execute.c - executes the steps of a plan in order and hands each to its kind. */
#include "execute.h"

enum { KINDS_MAX = 32 }; /* that need a module, of one plan */

void execute_init(struct execution *x, const struct plan *plan, struct netns_set *set, const char *topology,
		  const char *machine)
{
	*x = (struct execution){ .plan = plan };
	batch_init(&x->batch, plan, set, topology, machine);
}

void execute_done(struct execution *x)
{
	batch_done(&x->batch);
	x->plan = NULL;
}

/* Whether the kernel does not know what the step creates. */
static bool lacks_module(const struct op *op, const struct err *e)
{
	return e->code == -ENOENT && !op->before && op->after->kind->module && *e->kernel;
}

/* Names the step in front of what is wrong with it. */
static void name_step(const struct op *op, struct err *e)
{
	struct arena a = { 0 };
	struct step s;

	plan_step(op, &a, &s);
	/* A long detail must not crowd out the cause. */
	err_prefix(e, "%s %s%s%.200s", s.kind, s.object, *s.detail ? " " : "", s.detail);
	arena_done(&a);
}

static void say_module(const struct op *op, struct err *e)
{
	if (lacks_module(op, e))
		err_append(
			e,
			"; \"modprobe %s\" may load it, or this kernel was built without it and another one is needed",
			op->after->kind->module);
}

static int refuse(struct execution *x, const struct op *op, struct err *e)
{
	const char *way = "an object of that name or destination already exists", *found;
	struct arena a = { 0 };
	bool exists = e->code == -EEXIST && !op->before && *e->kernel;

	name_step(op, e);
	if (exists) {
		found = op->after->kind->in_the_way ? op->after->kind->in_the_way(&x->batch, op->after, &a) : NULL;
		err_append(e, "; %s", found ? found : way);
	}
	say_module(op, e);
	arena_done(&a);
	return e->code;
}

static bool may_wait(const struct op *op)
{
	const struct object *o = op->mark ? NULL : op->after;

	return o && o->kind->ready && o->kind->ready(NULL, o, NULL, NULL) < 0;
}

/* Later steps may need it. */
static bool is_deferred(const struct execution *x, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before, *first = x->deferred ? x->deferred->after : NULL;

	return first && o->kind == first->kind && !strcmp(o->netns, first->netns);
}

/* Executes the step in a batch of its own: only then is it known what exists when it is refused. */
static int take_alone(struct execution *x, struct op *op, struct err *e)
{
	int r = batch_flush(&x->batch, e);

	if (r < 0)
		return r;
	r = op->after->kind->encode(&x->batch, op, e);
	if (r == 0)
		r = batch_flush(&x->batch, e);
	if (r < 0 && x->batch.refused != op)
		return r;
	x->next++;
	if (r == 0)
		return 0;
	refuse(x, op, e);
	if (!x->deferred) {
		x->deferred = op;
		x->refused = *e;
	}
	return 0;
}

static int take(struct execution *x, struct err *e)
{
	struct op *op = &x->plan->ops[x->next];
	const struct kind *k = (op->after ? op->after : op->before)->kind;
	size_t taken = 0;
	int r;

	x->batch.refused = NULL;
	if (is_deferred(x, op)) {
		x->next++;
		return 0;
	}
	if (may_wait(op))
		return take_alone(x, op, e);
	if (op->mark) {
		r = k->mark(&x->batch, op, e);
		taken = 1;
	} else {
		r = k->apply ? k->apply(&x->batch, op, x->plan->n - x->next, &taken, e) : 0;
	}
	if (r == 0 && taken == 0) {
		taken = 1;
		r = k->encode(&x->batch, op, e);
	}
	if (r < 0 && !x->batch.refused)
		x->batch.refused = op;
	if (r == 0)
		x->next += taken;
	return r;
}

const struct op *execute_lacking(const struct plan *plan, struct err *e)
{
	const struct kind *asked[KINDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++) {
		const struct op *op = &plan->ops[i];
		const struct kind *k = op->before || op->mark ? NULL : op->after->kind;
		bool known = !k || !k->module || !k->probe;

		for (size_t j = 0; j < n && !known; j++)
			known = asked[j] == k;
		if (known || n == KINDS_MAX)
			continue;
		asked[n++] = k;
		if (k->probe(k, e) >= 0)
			continue;
		name_step(op, e);
		say_module(op, e);
		return op;
	}
	return NULL;
}

int execute_step(struct execution *x, const struct op **ret_op, struct err *e)
{
	size_t sent = x->batch.sent, first = x->next;
	int r = 0;

	*ret_op = first || x->batch.sent ? NULL : execute_lacking(x->plan, e);
	if (*ret_op)
		return e->code;
	while (r == 0 && x->next < x->plan->n && x->batch.sent == sent && x->next - first < BATCH_MESSAGES)
		r = take(x, e);
	if (r == 0 && x->next == x->plan->n)
		r = batch_flush(&x->batch, e);
	if (r == 0 && x->next == x->plan->n)
		r = netns_made(x->batch.set, e);
	else if (r < 0) {
		struct err cause;

		/* Others found a namespace missing because it could not be created. */
		if (netns_make_stop(x->batch.set, &cause) < 0) {
			*e = cause;
			x->batch.refused = NULL;
			r = cause.code;
		}
	}
	if (r < 0) {
		*ret_op = x->batch.refused;
		return *ret_op ? refuse(x, *ret_op, e) : r;
	}
	return x->next < x->plan->n;
}
