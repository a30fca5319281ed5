/* SPDX-License-Identifier: MIT */
/* change.c - netnsctl up, down, confirm, rollback and rename: topologies that netnsd has already. */
#include "ctl.h"
#include "print.h"
#include "text.h"

static struct json_object *name_list(const struct ctl *c)
{
	struct json_object *list = must(json_object_new_array());

	for (int i = 0; i < c->n_args; i++)
		json_object_array_add(list, json_object_new_string(c->args[i]));
	return list;
}

static void flag_add(struct json_object *o, const char *key, bool value)
{
	if (value)
		json_object_object_add(o, key, json_object_new_boolean(true));
}

/* "ns1: still used by 1234 (sleep), 1240 (sh)": a line for each run of one namespace. */
static void users_print(struct json_object *reply)
{
	_cleanup_(arena_done) struct arena a = {};
	struct json_object *process;
	const char *last = "";

	for (size_t i = 0; (process = reply_at(reply, "lingering", i)); i++) {
		const char *netns = reply_text(process, "namespace");

		if (strcmp(last, netns) != 0)
			printf("%s%s: still used by", *last ? "\n" : "", text_escape(&a, netns));
		else
			putchar(',');
		printf(" %llu (%s)", (unsigned long long)reply_number(process, "pid"),
		       text_escape(&a, reply_text(process, "command")));
		last = netns;
	}
	if (*last)
		putchar('\n');
}

/* Prints which of several failed; returns an exit code. */
static int failures_say(struct json_object *reply)
{
	struct json_object *o;
	int r = EXIT_DONE;

	for (size_t i = 0; (o = reply_at(reply, "failures", i)); i++) {
		ctl_say_failure(reply_text(o, "name"), reply_text(o, "error"), reply_get(o, "parameters"));
		r = EXIT_FAILED;
	}
	return r;
}

/* Makes @call and prints the outcome of each topology; @none if there are none. */
static int change(const struct ctl *c, const struct call *call, void (*print)(FILE *out, struct json_object *summary),
		  const char *none)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct json_object *summary;
	int r = ctl_call(c, call, &reply);

	if (r)
		return r;
	if (c->given & OPT_JSON) {
		print_json(stdout, reply, false);
		return failures_say(reply);
	}
	for (size_t i = 0; (summary = reply_at(reply, "summaries", i)); i++)
		print(stdout, summary);
	if (!reply_size(reply, "summaries") && !reply_size(reply, "failures"))
		puts(none);
	users_print(reply);
	return failures_say(reply);
}

int command_up(const struct ctl *c)
{
	struct call call = { .method = "Up", .parameters = must(json_object_new_object()) };

	if (c->n_args)
		json_object_object_add(call.parameters, "names", name_list(c));
	return change(c, &call, print_summary, "nothing is down");
}

int command_down(const struct ctl *c)
{
	struct call call = { .method = "Down" };
	bool all = c->given & OPT_ALL;

	if (all == (c->n_args > 0))
		return ctl_fail(EXIT_INVALID, "no topology given: netnsctl down NAME…, or netnsctl down --all");
	call.parameters = must(json_object_new_object());
	if (!all)
		json_object_object_add(call.parameters, "names", name_list(c));
	flag_add(call.parameters, "all", all);
	flag_add(call.parameters, "forget", c->given & OPT_FORGET);
	return change(c, &call, print_summary, "nothing is up");
}

/* The operand of a command that without one is about all topologies that await confirmation. */
static struct json_object *name_or_all(const struct ctl *c)
{
	struct json_object *o = must(json_object_new_object());

	if (c->n_args)
		json_object_object_add(o, "name", json_object_new_string(c->args[0]));
	return o;
}

static void print_confirmed(FILE *out, struct json_object *summary)
{
	_cleanup_(arena_done) struct arena a = {};

	fprintf(out, "%s: confirmed\n", text_escape(&a, reply_text(summary, "name")));
}

int command_confirm(const struct ctl *c)
{
	struct call call = { .method = "Confirm", .parameters = name_or_all(c) };

	return change(c, &call, print_confirmed, "");
}

int command_rename(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Rename", .parameters = must(json_object_new_object()) };
	_cleanup_(arena_done) struct arena a = {};
	int r;

	json_object_object_add(call.parameters, "name", json_object_new_string(c->args[0]));
	json_object_object_add(call.parameters, "to", json_object_new_string(c->args[1]));
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	print_marks(stdout, reply, arena_fmt(&a, "renamed, from %s", text_escape(&a, c->args[0])), c->given & OPT_JSON);
	return EXIT_DONE;
}

static int rollback_plan(const struct ctl *c, const char *name)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Plan", .parameters = must(json_object_new_object()) };
	int r;

	json_object_object_add(call.parameters, "name", json_object_new_string(name));
	flag_add(call.parameters, "rollback", true);
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON)
		print_json(stdout, reply, false);
	else
		print_plan(stdout, name, reply, 0);
	return reply_size(reply, "steps") && c->given & OPT_EXIT_CODE ? EXIT_PENDING : EXIT_DONE;
}

/* Plans the rollback of a topology, or of all that await confirmation. */
static int rollback_dry_run(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *status = NULL;
	struct json_object *t;
	bool any = false;
	int r, worst;

	if (c->n_args)
		return rollback_plan(c, c->args[0]);
	worst = ctl_call(c, &(struct call){ .method = "Status" }, &status);
	for (size_t i = 0; (t = reply_at(status, "topologies", i)); i++) {
		if (!reply_number(t, "confirm_usec"))
			continue;
		any = true;
		r = rollback_plan(c, reply_text(t, "name"));
		worst = r && (!worst || worst == EXIT_PENDING) ? r : worst;
	}
	return worst || any ? worst : ctl_say_failure(NULL, NETNSD_INTERFACE ".NothingToConfirm", NULL);
}

int command_rollback(const struct ctl *c)
{
	struct call call = { .method = "Rollback" };

	if (c->given & OPT_DRY_RUN)
		return rollback_dry_run(c);
	if (c->given & OPT_EXIT_CODE)
		return ctl_fail(EXIT_INVALID, "--exit-code needs --dry-run");
	call.parameters = name_or_all(c);
	return change(c, &call, print_summary, "");
}
