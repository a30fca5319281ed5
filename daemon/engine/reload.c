/* SPDX-License-Identifier: MIT */
/* reload.c - brings the machine to where a boot would bring it, except for what was
 * brought down by hand, or applied from elsewhere.  A topology whose file is gone stays:
 * no file ever says that something is to be removed. */
#include "reconcile.h"
#include "outcome.h"
#include "reload.h"
#include "boot.h"
#include "store/boot_file.h"
#include "engine.h"
#include "shape.h"
#include <json-c/json.h>

struct reload {
	struct reload_request request;
	size_t left;                         /* changes that are not finished, and one until all are queued */
	struct json_object *results, *steps; /* of a dry run, the steps of the change that is planned */
	void (*done)(void *arg, struct json_object *results);
	void *arg;
};

enum fate { FATE_APPLIED, FATE_UNCHANGED, FATE_WAITING, FATE_DOWN, FATE_OTHER, FATE_GONE, FATE_FAILED };

static struct json_object *result_add(struct reload *r, const char *name, enum fate fate, const struct problem *problem)
{
	static const char *const words[] = {
		[FATE_APPLIED] = "applied", [FATE_UNCHANGED] = "unchanged", [FATE_WAITING] = "waiting",
		[FATE_DOWN] = "down",       [FATE_OTHER] = "other",         [FATE_GONE] = "gone",
		[FATE_FAILED] = "failed",
	};
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "result", json_object_new_string(words[fate]));
	if (problem)
		json_object_object_add(o, "problem", shape_problem(problem));
	json_object_array_add(r->results, o);
	return o;
}

static int result_cmp(const void *a, const void *b)
{
	struct json_object *const *x = a, *const *y = b;

	return strcmp(json_object_get_string(json_object_object_get(*x, "name")),
		      json_object_get_string(json_object_object_get(*y, "name")));
}

static void release(struct reload *r)
{
	if (--r->left)
		return;
	json_object_array_sort(r->results, result_cmp);
	r->done(r->arg, r->results);
	free(r);
}

static void on_done(void *arg, const struct outcome *o)
{
	struct reload *r = arg;
	struct problem problem = { .message = "" };
	char message[1024] = "";
	struct json_object *one;

	if (o->code == OUTCOME_DONE && r->request.dry_run) {
		one = result_add(r, o->name, json_object_array_length(r->steps) ? FATE_APPLIED : FATE_UNCHANGED, NULL);
		json_object_object_add(one, "steps", TAKE(r->steps));
		if (o->warnings.n)
			json_object_object_add(one, "warnings", shape_problems(&o->warnings));
	} else if (o->code == OUTCOME_DONE) {
		one = result_add(r, o->name, o->created + o->changed + o->removed ? FATE_APPLIED : FATE_UNCHANGED,
				 NULL);
		json_object_object_add(one, "summary", shape_summary(o));
	} else if (o->problems.n) {
		result_add(r, o->name, o->code == OUTCOME_WAITING ? FATE_WAITING : FATE_FAILED, &o->problems.v[0]);
	} else {
		outcome_text(&(struct change){ .type = CHANGE_APPLY }, o, message, sizeof(message));
		problem.message = message;
		result_add(r, o->name, FATE_FAILED, &problem);
	}
	release(r);
}

static void on_planned(void *arg, const struct plan *plan, size_t first, size_t end)
{
	struct reload *r = arg;

	r->steps = shape_steps(plan, first, end);
}

static void submit(struct engine *g, struct reload *r, const struct topology *t, const struct boot_file *f)
{
	struct change c = { .type = CHANGE_APPLY,
			    .of_user = r->request.of_user,
			    .confirm_seconds = r->request.confirm_seconds,
			    .preview = r->request.dry_run,
			    .progress = r->request.dry_run ? on_planned : NULL,
			    .from_boot = true,
			    .arg = r,
			    .done = on_done };

	snprintf(c.name, sizeof(c.name), "%s", t->name);
	snprintf(c.by, sizeof(c.by), "%s", r->request.by);
	/* One that was never up is read again when its turn comes. */
	if (t->unapplied && !c.preview) {
		c.type = CHANGE_UP;
		c.from_boot = false;
	} else {
		snprintf(c.source, sizeof(c.source), "%s", f->source);
		c.topology = json_text_parse(f->json);
	}
	r->left++;
	queue_add(&g->queue, &c);
}

static void file_reload(struct engine *g, struct reload *r, const struct boot_file *f)
{
	const struct topology *t = engine_find(g, f->name);
	bool same = t->on_disk == ON_DISK_SAME;

	if (!f->json)
		result_add(r, f->name, FATE_FAILED, &f->problems.v[0]);
	else if (t->state == STATE_DOWN && !t->unapplied)
		result_add(r, f->name, FATE_DOWN, NULL);
	else if (t->on_disk == ON_DISK_OTHER)
		result_add(r, f->name, FATE_OTHER, NULL);
	else if (same && t->state == STATE_UP)
		result_add(r, f->name, FATE_UNCHANGED, NULL);
	else if (same && t->state == STATE_WAITING)
		result_add(r, f->name, FATE_WAITING, t->problems.n ? &t->problems.v[0] : NULL);
	else
		submit(g, r, t, f);
}

/* Whether it came from a file of a boot directory that is gone. */
static bool is_gone(const struct boot_files *b, const struct topology *t)
{
	bool from_boot = false;

	for (size_t i = 0; i < BOOT_DIRS; i++)
		from_boot |=
			!strncmp(t->source, b->dirs[i], strlen(b->dirs[i])) && t->source[strlen(b->dirs[i])] == '/';
	return from_boot && !t->boot && t->state != STATE_DOWN;
}

void reload_start(struct engine *g, const struct reload_request *request,
		  void (*done)(void *arg, struct json_object *results), void *arg)
{
	struct reload *r = must(calloc(1, sizeof(*r)));
	const struct boot_files *b = boot_files(g);

	*r = (struct reload){
		.request = *request, .left = 1, .results = json_object_new_array(), .done = done, .arg = arg
	};
	boot_refresh(g);
	for (size_t i = 0; i < b->n; i++)
		if (!b->v[i]->hidden)
			file_reload(g, r, b->v[i]);
	for (size_t i = 0; i < g->env.n_topologies; i++)
		if (is_gone(b, g->env.topologies[i]))
			result_add(r, g->env.topologies[i]->name, FATE_GONE, NULL);
	r->request.by = NULL;
	release(r);
}
