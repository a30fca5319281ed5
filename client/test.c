/* SPDX-License-Identifier: MIT */
/* test.c - netnsctl test, and apply --test: whether what topologies expect is true. */
#include "test.h"
#include "judge.h"
#include "print.h"
#include "report.h"
#include "text.h"
#include "usec.h"
#include <signal.h>

#define NOTHING_TESTED "so nothing was tested; see EXPECTATIONS in netnsd-topology(5)"

struct suites {
	struct suite *v;
	size_t n;
};

static void suites_done(struct suites *s)
{
	for (size_t i = 0; i < s->n; i++)
		suite_done(&s->v[i]);
	free(s->v);
}

static int permission_check(void)
{
	struct err e = {};

	return place_allowed(&e) < 0 ? ctl_fail(EXIT_NOT_PERMITTED, "%s", e.text) : EXIT_DONE;
}

static int suite_add(struct suites *s, const char *name, struct json_object *topology)
{
	struct err e = {};

	if (suite_init(&s->v[s->n], name, topology, &e) < 0)
		return ctl_fail(EXIT_FAILED, "%s", e.text);
	s->n++;
	return EXIT_DONE;
}

/* The topology as netnsd has it. */
static int topology_get(const struct ctl *c, const char *name, struct json_object **ret)
{
	struct call call = { .method = "Show", .parameters = must(json_object_new_object()) };

	json_object_object_add(call.parameters, "name", json_object_new_string(name));
	return ctl_call(c, &call, ret);
}

/* The topologies of @status that are up, each with what it expects; of one with a @file that is in the file. */
static int suites_find(const struct ctl *c, struct json_object *status, const struct file *file, struct suites *ret)
{
	struct json_object *t;
	int r = EXIT_DONE;

	ret->v = must(calloc(reply_size(status, "topologies") + 1, sizeof(*ret->v)));
	for (size_t i = 0; !r && (t = reply_at(status, "topologies", i)); i++) {
		_cleanup_(reply_putp) struct json_object *reply = NULL;
		const char *name = reply_text(t, "name"), *state = reply_text(t, "state");
		bool off = !strcmp(state, "down") || !strcmp(state, "waiting");

		if (off && c->n_args)
			return ctl_fail(EXIT_PENDING, "%s is %s, so nothing was tested: netnsctl %s %s", name, state,
					*state == 'd' ? "up" : "status", name);
		if (!off && !file)
			r = topology_get(c, name, &reply);
		if (!off && !r)
			r = suite_add(ret, name, file ? file->json : reply_get(reply, "topology"));
		if (ret->n && !ret->v[ret->n - 1].n && !off) {
			if (c->n_args)
				return ctl_fail(EXIT_PENDING, "%s has no \"expect\", " NOTHING_TESTED, name);
			suite_done(&ret->v[--ret->n]);
		}
	}
	return r ?: ret->n ? r : ctl_fail(EXIT_PENDING, "no topology that is up has an \"expect\", " NOTHING_TESTED);
}

static int tests_run(const struct ctl *c, const struct file *file, const char *name)
{
	_cleanup_(reply_putp) struct json_object *status = NULL;
	_cleanup_(suites_done) struct suites s = {};
	struct call call = { .method = "Status", .parameters = must(json_object_new_object()), .file = file };
	int r;

	if (name)
		json_object_object_add(call.parameters, "name", json_object_new_string(name));
	r = ctl_call(c, &call, &status);
	if (!r)
		r = suites_find(c, status, file, &s);
	if (r)
		return r;
	for (size_t i = 0; i < s.n; i++)
		judge(&s.v[i], UINT64_MAX, NULL);
	if (c->given & OPT_JUNIT)
		report_junit(s.v, s.n);
	else if (c->given & OPT_TAP)
		report_tap(s.v, s.n);
	else
		(c->given & OPT_JSON ? report_json : report_table)(s.v, s.n);
	return suites_exit(s.v, s.n);
}

int command_test(const struct ctl *c)
{
	static const uint64_t forms = OPT_JSON | OPT_JUNIT | OPT_TAP;
	_cleanup_(files_done) struct files files = {};
	uint64_t given = c->given & forms;
	int r;

	if (given & (given - 1))
		return ctl_fail(EXIT_INVALID, "only one of --json, --junit and --tap is possible");
	r = permission_check();
	if (r)
		return r;
	if (!c->n_args || !file_is(c->args[0]))
		return tests_run(c, NULL, c->n_args ? c->args[0] : NULL);
	r = files_read(&files, c->args, c->n_args, c->name, false);
	return r ?: tests_run(c, &files.v[0], files.v[0].name);
}

/* ---- apply --test ---- */

int test_possible(const struct file *f)
{
	if (!reply_size(f->json, "expect"))
		return ctl_fail(EXIT_INVALID, "%s has no \"expect\", which --test needs; nothing was applied",
				f->label);
	return permission_check();
}

static volatile bool stop;

static void on_signal(_unused_ int signal)
{
	stop = true;
}

/* A signal ends the tests, and with them the change. */
static void signals_take(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &(struct sigaction){ .sa_handler = on_signal, .sa_flags = SA_RESTART }, NULL);
}

/* Confirms or rolls back what was applied. */
static int change_end(const struct ctl *c, const struct file *f, bool good)
{
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	_cleanup_(reply_putp) struct json_object *failure = NULL;
	_cleanup_(arena_done) struct arena a = {};
	struct call call = { .method = good ? "Confirm" : "Rollback",
			     .parameters = must(json_object_new_object()),
			     .file = f,
			     .failure = &failure,
			     .expects = good ? NULL : "io.netnsd.NothingToConfirm" };
	struct json_object *summary;
	int r;

	json_object_object_add(call.parameters, "name", json_object_new_string(f->name));
	if (!good)
		json_object_object_add(call.parameters, "unconfirmed", json_object_new_boolean(true));
	r = ctl_call(c, &call, &reply);
	/* Its time was up before. */
	if (call.expects && !strcmp(reply_text(failure, "error"), call.expects)) {
		if (!(c->given & OPT_JSON))
			printf("%s: not confirmed in time, rolled back\n", text_escape(&a, f->name));
		return EXIT_DONE;
	}
	if (r)
		return r;
	if (c->given & OPT_JSON) {
		print_json(stdout, reply, false);
		return EXIT_DONE;
	}
	if (good)
		printf("%s: confirmed\n", text_escape(&a, f->name));
	for (size_t i = 0; !good && (summary = reply_at(reply, "summaries", i)); i++) {
		printf("rolled back: ");
		print_summary(stdout, summary);
	}
	return EXIT_DONE;
}

int test_applied(const struct ctl *c, const struct file *f, uint64_t start_usec, unsigned seconds, bool unconfirmed)
{
	_cleanup_(suites_done) struct suites s = { .v = must(calloc(1, sizeof(*s.v))) };
	int r, end;

	/* Before anything is opened: from here on a signal must not leave the change behind. */
	signals_take();
	r = suite_add(&s, f->name, f->json);
	if (!r) {
		judge(&s.v[0], unconfirmed ? start_usec + seconds * USEC_PER_SEC : UINT64_MAX, &stop);
		(c->given & OPT_JSON ? report_json : report_table)(s.v, s.n);
		fflush(stdout);
		r = suites_exit(s.v, s.n);
	}
	if (!unconfirmed)
		return r;
	end = change_end(c, f, !r);
	return r ?: end;
}
