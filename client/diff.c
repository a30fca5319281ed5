/* SPDX-License-Identifier: MIT */
/* diff.c - netnsctl diff: a topology as declared, what is live, and a file, against each other, as the steps of plans. */
#include "ctl.h"
#include "file.h"
#include "print.h"
#include "text.h"

/* The steps that applying @topology under that name would take; an exit code. */
static int ask_plan(const struct ctl *c, struct json_object *topology, const struct file *file,
		    struct json_object **ret)
{
	struct json_object *o = must(json_object_new_object());

	json_object_object_add(o, "name", json_object_new_string(c->args[0]));
	json_object_object_add(o, "topology", json_object_get(topology));
	/* Nothing is applied: what would keep an apply from it is no difference. */
	json_object_object_add(o, "replace", json_object_new_boolean(true));
	json_object_object_add(o, "sure", json_object_new_boolean(true));
	return ctl_call(c, &(struct call){ .method = "Plan", .parameters = o, .file = file }, ret);
}

static const char *key_of(struct arena *a, struct json_object *step)
{
	return arena_fmt(a, "%s %s %s %s", reply_text(step, "action"), reply_text(step, "kind"),
			 reply_text(step, "object"), reply_text(step, "detail"));
}

/* Marks each step of @plan that would be taken without the file, too: that is drift, whatever the file says.  What is
 * left of @live is drift that the file takes as it is. */
static struct json_object *compare(struct json_object *plan, struct json_object *live)
{
	struct json_object *drift = must(json_object_new_object()), *accepted = must(json_object_new_array()), *step;
	struct arena a = { 0 };

	for (size_t i = 0; (step = reply_at(live, "steps", i)); i++)
		json_object_object_add(drift, key_of(&a, step), json_object_get(step));
	for (size_t i = 0; (step = reply_at(plan, "steps", i)); i++) {
		const char *key = key_of(&a, step);

		json_object_object_add(step, "drift",
				       json_object_new_boolean(json_object_object_get_ex(drift, key, NULL)));
		json_object_object_del(drift, key);
	}
	json_object_object_foreach(drift, key, value) {
		(void)key;
		json_object_array_add(accepted, json_object_get(value));
	}
	json_object_put(drift);
	arena_done(&a);
	return accepted;
}

static void detail_mark(struct json_object *step, const char *mark)
{
	struct arena a = { 0 };
	const char *detail = reply_text(step, "detail");

	json_object_object_add(step, "detail",
			       json_object_new_string(arena_fmt(&a, "%s%s%s", detail, *detail ? " " : "", mark)));
	arena_done(&a);
}

static void steps_print(struct json_object *reply)
{
	_cleanup_(table_done) struct table t = print_steps_table(stdout, 0);

	print_steps(stdout, &t, reply);
}

/* Prints what differs; whether anything does. */
static bool print_live(const struct ctl *c, struct json_object *live)
{
	_cleanup_(arena_done) struct arena a = {};
	size_t n = reply_size(live, "steps");

	if (c->given & OPT_JSON) {
		print_json(stdout, live, false);
		return n;
	}
	printf("%s: %s\n", text_escape(&a, c->args[0]),
	       n ? arena_fmt(&a, "%s to be as declared", text_count(&a, n, "step", "steps")) : "as declared");
	steps_print(live);
	return n;
}

static bool print_file(const struct ctl *c, struct json_object *plan, struct json_object *live, const char *label)
{
	_cleanup_(arena_done) struct arena a = {};
	size_t n = reply_size(plan, "steps"), n_accepted;
	struct json_object *accepted = compare(plan, live), *step;

	json_object_object_add(plan, "accepted", accepted);
	n_accepted = json_object_array_length(accepted);
	if (c->given & OPT_JSON) {
		print_json(stdout, plan, false);
		return n || n_accepted;
	}
	printf("%s: %s\n", text_escape(&a, c->args[0]),
	       n ? arena_fmt(&a, "%s to be as %s says", text_count(&a, n, "step", "steps"), text_escape(&a, label))
		 : arena_fmt(&a, "as %s says", text_escape(&a, label)));
	for (size_t i = 0; (step = reply_at(plan, "steps", i)); i++)
		if (reply_flag(step, "drift"))
			detail_mark(step, "(drift)");
	steps_print(plan);
	if (n_accepted)
		printf("not as declared, but as %s says; up would do:\n", text_escape(&a, label));
	json_object_object_add(plan, "steps", json_object_get(accepted));
	steps_print(plan);
	return n || n_accepted;
}

int command_diff(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *shown = NULL, *live = NULL, *plan = NULL;
	struct json_object *o = must(json_object_new_object());
	_cleanup_(files_done) struct files files = { 0 };
	int r;

	json_object_object_add(o, "name", json_object_new_string(c->args[0]));
	r = c->n_args > 1 ? files_read(&files, c->args + 1, 1, c->args[0], true) : EXIT_DONE;
	if (r) {
		json_object_put(o);
		return r;
	}
	r = ctl_call(c, &(struct call){ .method = "Show", .parameters = o }, &shown);
	r = r ? r : ask_plan(c, reply_get(shown, "topology"), NULL, &live);
	if (!r && c->n_args > 1)
		r = ask_plan(c, files.v[0].json, &files.v[0], &plan);
	if (r)
		return r;
	if (plan ? print_file(c, plan, live, files.v[0].label) : print_live(c, live))
		return EXIT_PENDING;
	return EXIT_DONE;
}
