/* SPDX-License-Identifier: MIT */
/* change.c - the order of events of job.c, with the fake kernel instead of observe
 * and execute. */
#include "change.h"

enum { ROUNDS_MAX = 3 };

static int look_and_plan(struct change *c)
{
	struct model *target = c->rolling_back ? &c->before : c->desired;

	plan_done(&c->plan);
	model_done(&c->observed);
	model_init(&c->observed, &all_kinds);
	c->kernel->exclusive = !c->rolling_back;
	fake_observe(c->kernel, &c->observed, target, c->last, c->rolling_back ? c->desired : NULL);
	owner_resolve(&c->observed, c->kernel->topology, target, c->last, c->rolling_back || c->completed ? c->desired : NULL);
	if (!c->completed)
		revert_complete(target, c->last, &c->saved, &c->observed);
	c->completed = true;
	return plan_make(&c->plan, target, &c->observed, &c->problems);
}

static void prepare(struct change *c, struct fake *kernel, struct model *desired, struct model *last)
{
	*c = (struct change){ .kernel = kernel, .desired = desired, .last = last };
	model_init(&c->before, &all_kinds);
	model_init(&c->delta, &all_kinds);
	model_init(&c->noted, &all_kinds);
}

int change_plan(struct change *c, struct fake *kernel, struct model *desired, struct model *last,
		struct model *saved)
{
	prepare(c, kernel, desired, last);
	c->saved = *saved;
	*saved = (struct model){ .kinds = saved->kinds };
	return look_and_plan(c);
}

void change_write_down(struct change *c)
{
	revert_remember(&c->saved, &c->plan);
	revert_forget(&c->saved, c->desired);
	revert_delta(&c->delta, &c->plan);
	revert_before(&c->before, c->last, &c->delta, &c->plan);
}

/* What was to go may have gone with something else already, silently; and on the
 * way back nobody may know of a link whose end it is. */
static bool is_gone(const struct change *c, const struct op *op, int r)
{
	return !op->after && (r == -ESRCH || r == -EADDRNOTAVAIL || (c->rolling_back && r == -ENODEV));
}

static int run_steps(struct change *c, size_t first)
{
	for (size_t i = first; i < c->plan.n; i++) {
		int r = fake_step(c->kernel, &c->plan, &c->plan.ops[i]);

		if (is_gone(c, &c->plan.ops[i], r))
			continue;
		c->refused = r < 0 ? &c->plan.ops[i] : NULL;
		if (r < 0)
			return r;
	}
	return 0;
}

int change_run(struct change *c, size_t first)
{
	int r = run_steps(c, first);

	while (r == 0 && (r = look_and_plan(c)) == 0 && c->plan.n) {
		if (++c->rounds == ROUNDS_MAX)
			return -EIO;
		r = run_steps(c, 0);
	}
	return r;
}

/* What was written down and is read again, after a restart. */
static int restore(struct model *to, const struct model *from)
{
	struct json_object *list = model_save(from);
	struct err e;
	int r = model_restore(to, list, &e);

	if (r < 0)
		fprintf(stderr, "%s\n", e.text);
	json_object_put(list);
	return r;
}

int change_commit(struct change *c)
{
	struct model written;
	int r;

	for (size_t i = 0; i < c->noted.n; i++)
		revert_merge(&c->saved, c->noted.objects[i], ~UINT64_C(0));
	written = c->saved;
	model_init(&c->saved, &all_kinds);
	r = restore(&c->saved, &written);
	model_done(&written);
	return r < 0 ? r : fake_commit(c->kernel);
}

int change_back(const struct change *c, struct fake *kernel, bool crashed, struct change *ret)
{
	int r;

	prepare(ret, kernel, c->desired, c->last);
	if (crashed) {
		r = restore(&ret->delta, &c->delta);
		if (r < 0)
			return r;
		revert_before(&ret->before, ret->last, &ret->delta, NULL);
	}
	for (size_t i = 0; !crashed && i < c->before.n; i++)
		revert_merge(&ret->before, c->before.objects[i], ~UINT64_C(0));
	ret->rolling_back = ret->completed = true;
	fake_rename_back(kernel);
	r = look_and_plan(ret);
	r = r == 0 ? change_run(ret, 0) : r;
	return r == 0 ? fake_drop(kernel) : r;
}

void change_intrude(const struct change *c, struct fake *kernel, struct fake *before, size_t from)
{
	for (size_t i = 0; i < c->last->n; i++) {
		const struct object *o = c->last->objects[(from + i) % c->last->n];
		char netns[80];

		snprintf(netns, sizeof(netns), "netns %s", o->netns);
		if (o->kind != &kind_route || !fake_find(before, o->id) || !fake_find(kernel, netns))
			continue;
		fake_intrude(kernel, o);
		fake_intrude(before, o);
		return;
	}
}

void change_done(struct change *c)
{
	plan_done(&c->plan);
	model_done(&c->saved);
	model_done(&c->observed);
	model_done(&c->before);
	model_done(&c->delta);
	model_done(&c->noted);
	problems_done(&c->problems);
}

char *change_text(const struct plan *p)
{
	char *text;
	size_t size;
	FILE *f = must(open_memstream(&text, &size));

	for (size_t i = 0; i < p->n; i++) {
		struct arena a = { 0 };
		struct step s;

		if (plan_step(&p->ops[i], &a, &s)) {
			char sign = *s.action == 'c' ? (s.action[1] == 'r' ? '+' : '~') : '-';

			fprintf(f, "%c %s %s%s%s", sign, s.kind, s.object, *s.detail ? " " : "", s.detail);
			fprintf(f, strcmp(s.effect, "none") ? " [%s]\n" : "%s\n",
				strcmp(s.effect, "none") ? s.effect : "");
		}
		arena_done(&a);
	}
	fclose(f);
	return text;
}
