/* SPDX-License-Identifier: MIT */
/* reload.c - netnsctl reload: the outcome for each topology of the boot directories. */
#include "ctl.h"
#include "print.h"
#include "text.h"

/* The text for a result besides its summary or problem. */
static const char *result_text(const char *result, bool dry)
{
	static const struct {
		const char *result, *text, *dry;
	} texts[] = {
		{ "unchanged", "{name}: unchanged" },
		{ "down", "{name}: stays down; netnsctl up {name}" },
		{ "other", "{name}: left as it was applied from elsewhere; netnsctl status {name}" },
		{ "gone", "{name}: no longer comes up at boot; until then it stays up, or netnsctl down {name}" },
		{ "failed", "{name}: not applied; everything is as it was before", "{name}: would not be applied" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (!strcmp(result, texts[i].result))
			return dry && texts[i].dry ? texts[i].dry : texts[i].text;
	return NULL;
}

static void print_planned(struct json_object *o)
{
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *one;

	print_plan(stdout, reply_text(o, "name"), o, 0);
	fflush(stdout);
	for (size_t i = 0; (one = reply_at(o, "warnings", i)); i++)
		fprintf(stderr, "warning: %s\n", text_escape(&a, print_problem(&a, one)));
}

static void result_print(struct json_object *o, bool dry)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *result = reply_text(o, "result"), *text = result_text(result, dry);
	bool failed = !strcmp(result, "failed");

	text = text ? print_fill(&a, text, o) : NULL;
	if (failed) {
		fflush(stdout);
		fprintf(stderr, "%s\n", text_escape(&a, print_problem(&a, reply_get(o, "problem"))));
		ctl_fail(EXIT_FAILED, "%s", text);
		return;
	}
	if (reply_get(o, "steps"))
		print_planned(o);
	else if (reply_get(o, "summary"))
		print_summary(stdout, reply_get(o, "summary"));
	else if (text)
		puts(text_escape(&a, text));
	else
		printf("%s: %s: %s\n", text_escape(&a, reply_text(o, "name")), text_escape(&a, result),
		       text_escape(&a, print_problem(&a, reply_get(o, "problem"))));
}

static int results_exit(const struct ctl *c, struct json_object *reply)
{
	struct json_object *o;
	int r = EXIT_DONE;

	for (size_t i = 0; (o = reply_at(reply, "results", i)); i++) {
		if (!strcmp(reply_text(o, "result"), "failed"))
			return EXIT_FAILED;
		if (reply_size(o, "steps") && c->given & OPT_EXIT_CODE)
			r = EXIT_PENDING;
	}
	return r;
}

int command_reload(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *o, *parameters;
	bool dry = c->given & OPT_DRY_RUN;
	int r = seconds_check("confirm", c->confirm);

	if (!r && c->given & OPT_EXIT_CODE && !dry)
		r = ctl_fail(EXIT_INVALID, "--exit-code needs --dry-run");
	if (r)
		return r;
	parameters = must(json_object_new_object());
	if (dry)
		json_object_object_add(parameters, "dry_run", json_object_new_boolean(true));
	if (c->confirm)
		json_object_object_add(parameters, "confirm_seconds", json_object_new_int(atoi(c->confirm)));
	r = ctl_call(c, &(struct call){ .method = "Reload", .parameters = parameters }, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		return print_json(stdout, reply, false), results_exit(c, reply);
	if (!reply_size(reply, "results"))
		puts("the boot directories are empty");
	for (size_t i = 0; (o = reply_at(reply, "results", i)); i++)
		result_print(o, dry);
	return results_exit(c, reply);
}
