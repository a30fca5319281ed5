/* SPDX-License-Identifier: MIT */
/* apply.c - netnsctl apply, plan and validate: commands that read topology files. */
#include "ctl.h"
#include "file.h"
#include "interrupt.h"
#include "loop.h"
#include "number.h"
#include "print.h"
#include "terminal.h"
#include "test.h"
#include "text.h"

/* More steps than this are shown as a growing number, not a line each. */
enum { STEPS_SHOWN = 30 };

/* In seconds, as in netnsd. */
enum { CONFIRM_MAX = 86400 };

/* The part of an apply that has been shown on the terminal. */
struct progress {
	const struct file *file;
	size_t wide;  /* of the objects of steps that come in several batches, or belong to several files */
	bool several; /* files */
	struct table steps;
	bool line; /* there is a line to be overwritten */
};

static void progress_clear(struct progress *p)
{
	if (p->line)
		fputs("\r\033[K", stdout);
	p->line = false;
}

static void progress_done(struct progress *p)
{
	progress_clear(p);
	table_done(&p->steps);
}

/* One that is wider than the terminal could not be overwritten: it says only what matters. */
static void progress_line(struct progress *p, unsigned long long done, unsigned long long total)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *count = arena_fmt(&a, "%llu of %llu steps", done, total),
		   *line = arena_fmt(&a, "%s: %s", p->file->name, count);
	size_t columns, rows;

	terminal_size(&columns, &rows);
	fputs("\r\033[K", stdout);
	p->line = text_width(count) < columns;
	if (p->line)
		fputs(text_width(line) < columns ? line : count, stdout);
}

static void progress_show(void *arg, struct json_object *reply)
{
	struct progress *p = arg;
	unsigned long long done = reply_number(reply, "done"), total = reply_number(reply, "total");

	if (total > STEPS_SHOWN) {
		progress_line(p, done, total);
	} else {
		if (!p->steps.columns)
			p->steps = print_steps_table(stdout, done < total || p->several ? p->wide : 0);
		print_steps(stdout, &p->steps, reply);
	}
	fflush(stdout);
}

/* What --confirm or --test allows; NULL: neither was given. */
static const char *seconds_given(const struct ctl *c)
{
	return c->given & OPT_TEST ? c->test : c->confirm;
}

/* The same for apply and plan, which agree only about the same. */
static struct json_object *file_parameters(const struct ctl *c, const struct file *f)
{
	static const struct {
		uint64_t option;
		const char *parameter;
	} flags[] = {
		{ OPT_REPLACE, "replace" },
		{ OPT_NO_DISRUPT, "no_disrupt" },
		{ OPT_SURE, "sure" },
		{ OPT_PERSIST, "persist" },
	};
	struct json_object *o = must(json_object_new_object());

	json_object_object_add(o, "name", json_object_new_string(f->name));
	json_object_object_add(o, "topology", json_object_get(f->json));
	json_object_object_add(o, "source", json_object_new_string(f->source));
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (c->given & flags[i].option)
			json_object_object_add(o, flags[i].parameter, json_object_new_boolean(true));
	if (seconds_given(c))
		json_object_object_add(o, "confirm_seconds", json_object_new_int(atoi(seconds_given(c))));
	return o;
}

/* What is said if the call is interrupted. */
static const char *interrupted(struct arena *a, const struct ctl *c, const struct file *f)
{
	const char *left = seconds_given(c)
				   ? arena_fmt(a, "; it is rolled back after %s s unless you run: netnsctl confirm %s",
					       seconds_given(c), f->name)
				   : "";

	return arena_fmt(
		a,
		"interrupted, but netnsd goes on with %1$s; to see the outcome: netnsctl status %1$s; to undo it: "
		"netnsctl rollback %1$s%2$s%3$s",
		f->name, left, c->n_args > 1 ? "; no other file is applied after it" : "");
}

/* With several files each has an outcome of its own in JSON, too: {name, error, parameters}, or
 * {name, skipped} for one that was not tried. */
static void outcome_print(const struct ctl *c, const struct file *f, struct json_object *outcome)
{
	if (!(c->given & OPT_JSON) || c->n_args < 2)
		return;
	json_object_object_add(outcome, "name", json_object_new_string(f->name));
	print_json(stdout, outcome, false);
}

/* After the steps, wherever both go. */
static void warnings_say(const struct file *f, struct json_object *reply)
{
	struct json_object *one;

	fflush(stdout);
	for (size_t i = 0; (one = reply_at(reply, "warnings", i)); i++)
		file_warn(f, (struct where){ .pointer = reply_text(one, "pointer") }, reply_text(one, "message"));
}

static int apply_file(const struct ctl *c, const struct files *files, const struct file *f)
{
	_cleanup_(reply_putp) struct json_object *failure = NULL;
	_cleanup_(progress_done) struct progress p = { .file = f, .wide = files->wide, .several = files->n > 1 };
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	bool json = c->given & OPT_JSON;
	struct call call = {
		.method = "Apply", .parameters = file_parameters(c, f), .file = f, .failure = &failure, .arg = &p
	};
	_cleanup_(arena_done) struct arena a = {};
	uint64_t start = loop_now();
	int r = c->given & OPT_TEST ? test_possible(f) : EXIT_DONE;

	if (r) {
		json_object_put(call.parameters);
		return r;
	}
	if (!json && isatty(STDOUT_FILENO))
		call.progress = progress_show;
	call.sent = interrupt_begin(interrupted(&a, c, f));
	r = ctl_call(c, &call, &reply);
	interrupt_end();
	progress_clear(&p);
	if (failure)
		outcome_print(c, f, failure);
	if (r)
		return r;
	if (json)
		print_json(stdout, reply_get(reply, "summary"), false);
	else
		print_summary(stdout, reply_get(reply, "summary"));
	warnings_say(f, reply);
	if (!(c->given & OPT_TEST))
		return EXIT_DONE;
	return test_applied(c, f, start, (unsigned)atoi(c->test),
			    reply_number(reply_get(reply, "summary"), "confirm_usec") > 0);
}

static int plan_file(const struct ctl *c, const struct files *files, const struct file *f)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Plan", .file = f };
	int r = c->given & OPT_TEST ? test_possible(f) : EXIT_DONE;

	if (r)
		return r;
	call.parameters = file_parameters(c, f);
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	if (c->given & OPT_JSON) {
		print_json(stdout, reply, false);
	} else {
		print_plan(stdout, f->name, reply, files->n > 1 ? files->wide : 0);
		warnings_say(f, reply);
	}
	return reply_size(reply, "steps") && c->given & OPT_EXIT_CODE ? EXIT_PENDING : EXIT_DONE;
}

static int validate_file(_unused_ const struct ctl *c, _unused_ const struct files *files, const struct file *f)
{
	_cleanup_(arena_done) struct arena a = {};

	printf("%s: valid\n", text_escape(&a, f->label));
	fflush(stdout);
	file_doubt(f);
	return EXIT_DONE;
}

/* Prints that @f was not tried. */
static void file_skip(const struct ctl *c, const struct file *f)
{
	_cleanup_(reply_putp) struct json_object *outcome = must(json_object_new_object());

	json_object_object_add(outcome, "skipped", json_object_new_boolean(true));
	outcome_print(c, f, outcome);
	ctl_fail(EXIT_FAILED, "%s: not tried, because a file before it failed", f->name);
}

/* Calls @each for the files, which are all checked before the first is sent, until one fails; prints the outcome of each. */
static int files_each(const struct ctl *c,
		      int (*each)(const struct ctl *c, const struct files *files, const struct file *f))
{
	_cleanup_(files_done) struct files files = {};
	bool sent = each != validate_file && !(c->given & OPT_TEST);
	int r = files_read(&files, c->args, c->n_args, c->name, sent), result = r;

	if (r)
		return r;
	for (size_t i = 0; i < files.n; i++) {
		if (r) {
			file_skip(c, &files.v[i]);
			continue;
		}
		r = each(c, &files, &files.v[i]);
		result = r ?: result;
		/* A file that would change something does not keep the next from being planned. */
		r = r == EXIT_PENDING && each == plan_file ? EXIT_DONE : r;
	}
	return result;
}

int seconds_check(const char *option, const char *value)
{
	uint64_t seconds;

	if (value && !number_read(value, 1, CONFIRM_MAX, &seconds))
		return ctl_fail(EXIT_INVALID, "--%s takes 1 to %d seconds, not \"%s\"", option, CONFIRM_MAX, value);
	return EXIT_DONE;
}

static int options_agree(const struct ctl *c)
{
	if (c->confirm && c->test)
		return ctl_fail(EXIT_INVALID, "--test confirms by itself; leave --confirm out");
	return seconds_check("confirm", c->confirm) ?: seconds_check("test", c->test);
}

int command_apply(const struct ctl *c)
{
	if (c->given & OPT_DRY_RUN)
		return command_plan(c);
	if (c->given & OPT_EXIT_CODE)
		return ctl_fail(EXIT_INVALID, "--exit-code needs --dry-run");
	return options_agree(c) ?: files_each(c, apply_file);
}

int command_plan(const struct ctl *c)
{
	return options_agree(c) ?: files_each(c, plan_file);
}

static int adopt(const struct ctl *c, const struct file *f, struct json_object *parameters)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct call call = { .method = "Adopt", .parameters = parameters, .file = f };
	int r = ctl_call(c, &call, &reply);

	if (r)
		return r;
	print_marks(stdout, reply, "adopted", c->given & OPT_JSON);
	if (f)
		warnings_say(f, reply);
	return EXIT_DONE;
}

static int adopt_file(const struct ctl *c, _unused_ const struct files *files, const struct file *f)
{
	return adopt(c, f, file_parameters(c, f));
}

int command_adopt(const struct ctl *c)
{
	const char *word = c->args[0];
	struct json_object *parameters;

	if (file_is(word))
		return files_each(c, adopt_file);
	parameters = must(json_object_new_object());
	json_object_object_add(parameters, "name", json_object_new_string(word));
	return adopt(c, NULL, parameters);
}

int command_validate(const struct ctl *c)
{
	return files_each(c, validate_file);
}
