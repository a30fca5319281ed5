/* SPDX-License-Identifier: MIT */
/* ctl.c - calls the daemon, and turns its errors into sentences and exit codes. */
#include "ctl.h"
#include "connection.h"
#include "file.h"
#include "print.h"
#include "text.h"
#include "model/outcomes.h"
#include <stdarg.h>

#define NOT_PERMITTED "not permitted: join the group netnsd for read access, use sudo to make changes"
#define NOT_RUNNING "netnsd is not running: systemctl start netnsd, or netnsd --once FILE"
#define OTHER_VERSION "; netnsctl version shows whether the versions match"

/* The errors that are not outcomes of a change (model/outcomes.c). */
static const struct failure {
	const char *error;
	const char *sentence; /* {x} is parameter x */
	enum exit_code code;
} failures[] = {
	{ .error = "io.netnsd.Failed", .code = EXIT_FAILED, .sentence = "{name} has failed; netnsctl status {name}" },
	{ .error = "io.netnsd.TimedOut", .code = EXIT_TIMEOUT, .sentence = "timed out: {message}" },
	{ .error = "io.netnsd.NoSuchNamespace", .code = EXIT_FAILED, .sentence = "{message}" },
	{ .error = "io.netnsd.NoSuchPlace",
	  .code = EXIT_FAILED,
	  .sentence = "there is no {place}; netnsctl list shows the namespaces and interfaces that netnsd manages" },
	{ .error = "io.netnsd.TooManyQuestions",
	  .code = EXIT_FAILED,
	  .sentence = "another question of yours is waiting already: try again when it is answered" },
	{ .error = "io.netnsd.TraceRuns",
	  .code = EXIT_FAILED,
	  .sentence = "another packet is being traced: try again when that has ended, after 60 seconds at most" },
	{ .error = "io.netnsd.TooSlow",
	  .code = EXIT_FAILED,
	  .sentence = "events came faster than they were read; the later ones are in netnsctl log" },
	{ .error = "org.varlink.service.PermissionDenied", .code = EXIT_NOT_PERMITTED, .sentence = NOT_PERMITTED },
	{ .error = "org.varlink.service.InvalidParameter",
	  .code = EXIT_FAILED,
	  .sentence = "netnsd does not accept this {parameter}" OTHER_VERSION },
	{ .error = "org.varlink.service.MethodNotFound",
	  .code = EXIT_FAILED,
	  .sentence = "netnsd has no {method}" OTHER_VERSION },
	{ .error = "org.varlink.service.MethodNotImplemented",
	  .code = EXIT_FAILED,
	  .sentence = "netnsd has no {method}" OTHER_VERSION },
	{ .error = "org.varlink.service.InterfaceNotFound",
	  .code = EXIT_FAILED,
	  .sentence = "the service at the socket has no {interface}: it is not netnsd" },
};

/* The meaning of a failed connection. */
static const struct refusal {
	int code;
	enum exit_code exit;
	const char *sentence;
} refusals[] = {
	{ -ENOENT, EXIT_NO_DAEMON, NOT_RUNNING },
	{ -ECONNREFUSED, EXIT_NO_DAEMON, NOT_RUNNING },
	{ -EACCES, EXIT_NOT_PERMITTED, NOT_PERMITTED },
	{ -EPERM, EXIT_NOT_PERMITTED, NOT_PERMITTED },
	{ -ETIMEDOUT, EXIT_TIMEOUT, "netnsd did not answer in time; see journalctl -u netnsd" },
};

/* Of problems that are alike, from so many on one is told, and how many there are; so many others are named. */
enum { ALIKE_MIN = 3, ALIKE_SHOWN = 3 };

/* A Problem of the interface text; @more goes to the end of its line. */
static void problem_say(const struct file *file, const char *name, struct json_object *problem, const char *more)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *object = reply_text(problem, "object"), *kernel = reply_text(problem, "kernel");
	const char *message = reply_text(problem, "message"), *pointer = reply_text(problem, "pointer");

	if (*object && !*pointer && !strstr(message, object))
		message = arena_fmt(&a, "%s: %s", object, message);
	if (*kernel && !strstr(message, kernel))
		message = arena_fmt(&a, "%s: %s", message, kernel);
	message = arena_fmt(&a, "%s%s", message, more);
	if (*reply_text(problem, "file")) {
		fprintf(stderr, "%s\n", text_escape(&a, print_problem(&a, problem)));
		return;
	}
	if (name)
		ctl_fail(EXIT_FAILED, "%s: %s%s%s", name, pointer, *pointer ? ": " : "", message);
	else
		file_say(file, (struct where){ .pointer = pointer }, message);
}

/* Whether two problems say the same of different objects. */
static bool is_alike(struct json_object *a, struct json_object *b)
{
	const char *one = reply_text(a, "object"), *other = reply_text(b, "object");
	const char *x = reply_text(a, "message"), *y = reply_text(b, "message"), *at = strstr(x, one),
		   *to = strstr(y, other);

	return *one && *other && at && to && at - x == to - y && !strncmp(x, y, (size_t)(at - x)) &&
	       !strcmp(at + strlen(one), to + strlen(other));
}

/* "; the same of 99 more: link host/h1, link host/h2, ...", of those from @i on that are like it and have not been @said;
 * "" if there are few. */
static const char *alike_text(struct arena *a, struct json_object *parameters, size_t i, bool *said)
{
	struct json_object *problem = reply_at(parameters, "problems", i), *like;
	size_t all = reply_size(parameters, "problems"), n = 0;
	const char *first = "";

	for (size_t k = i + 1; k < all; k++)
		n += is_alike(problem, reply_at(parameters, "problems", k));
	if (n < ALIKE_MIN)
		return "";
	for (size_t k = i + 1, shown = 0; k < all; k++) {
		like = reply_at(parameters, "problems", k);
		if (!is_alike(problem, like))
			continue;
		said[k] = true;
		if (shown++ < ALIKE_SHOWN)
			first = arena_fmt(a, "%s%s, ", first, reply_text(like, "object"));
	}
	return arena_fmt(a, "; the same of %s%zu more: %s...", all == PROBLEMS_MAX ? "at least " : "", n, first);
}

/* One cause may be in the way of a hundred objects. */
static void problems_say(const struct file *file, const char *name, struct json_object *parameters)
{
	size_t n = reply_size(parameters, "problems");
	_cleanup_(arena_done) struct arena a = {};
	bool *said = arena_alloc(&a, n + 1);

	for (size_t i = 0; i < n; i++)
		if (!said[i])
			problem_say(file, name, reply_at(parameters, "problems", i),
				    alike_text(&a, parameters, i, said));
}

/* The sentence for an error; an owner is a topology unless it says otherwise. */
static const char *sentence_fill(struct arena *a, const char *sentence, struct json_object *parameters)
{
	_cleanup_(reply_putp) struct json_object *words = NULL;
	const char *owner = reply_text(parameters, "owner");

	if (!*owner || !strcmp(owner, "another program"))
		return print_fill(a, sentence, parameters);
	words = must(json_object_new_object());
	json_object_object_foreach(parameters, key, value)
		json_object_object_add(words, key, json_object_get(value));
	json_object_object_add(words, "owner", json_object_new_string(arena_fmt(a, "the topology %s", owner)));
	return print_fill(a, sentence, words);
}

/* Begins with @name, NULL: with that of @file, if there is one.  @planned: of a plan. */
static int failure_say(const struct file *file, const char *name, bool planned, const char *error,
		       struct json_object *parameters)
{
	static const char *const places[] = { "problem", "after" };
	_cleanup_(arena_done) struct arena a = {};
	const struct outcome_row *row = outcome_row_of(error);
	const char *label = !row || !row->named ? NULL : name ? name : file ? file->name : NULL;
	const char *others = reply_text(parameters, "others");
	struct json_object *problem;

	fflush(stdout);
	/* Here the lines are known, also those that a message names besides its own. */
	if (!strcmp(error, "io.netnsd.Invalid") && file && file->unchecked && file_check(file))
		return EXIT_INVALID;
	problems_say(file, name, parameters);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if ((problem = reply_get(parameters, places[i])))
			problem_say(file, name, problem, "");
	for (size_t i = 0; !row && i < ARRAY_SIZE(failures); i++)
		if (!strcmp(error, failures[i].error))
			return ctl_fail((int)failures[i].code, "%s", print_fill(&a, failures[i].sentence, parameters));
	if (row)
		return ctl_fail((int)row->exit, "%s%s%s%s%s", label ? label : "", label ? ": " : "",
				sentence_fill(&a, planned && row->planned ? row->planned : row->sentence, parameters),
				*others ? "; but it also removed, outside this topology: " : "", others);
	return ctl_fail(EXIT_FAILED, "netnsd answered %s %s" OTHER_VERSION, error,
			parameters ? json_object_to_json_string_ext(parameters, JSON_C_TO_STRING_NOSLASHESCAPE) : "");
}

int ctl_say_failure(const char *name, const char *error, struct json_object *parameters)
{
	return failure_say(NULL, name, false, error, parameters);
}

static bool is_lost(const struct call *call, int code)
{
	bool away = code == -ENOENT || code == -ECONNREFUSED;

	if (!call->lost || !(code == -ECONNRESET || (away && *call->lost)))
		return false;
	*call->lost = true;
	return true;
}

/* Prints why there is no connection, or why it broke. */
static int connection_say(const struct ctl *c, const struct call *call, const struct err *e)
{
	bool elsewhere = c->given & OPT_SOCKET;

	if (is_lost(call, e->code))
		return EXIT_NO_DAEMON;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];

		if (e->code != r->code)
			continue;
		return call->quiet ? (int)r->exit
				   : ctl_fail((int)r->exit, "%s%s%s%s", r->sentence, elsewhere ? " (" : "",
					      elsewhere ? c->socket : "", elsewhere ? ")" : "");
	}
	return call->quiet ? EXIT_FAILED : ctl_fail(EXIT_FAILED, "%s", e->text);
}

/* Reads replies until the last. */
static int call_answer(const struct ctl *c, struct connection *connection, const struct call *call,
		       struct json_object **ret)
{
	for (;;) {
		_cleanup_(reply_putp) struct json_object *reply = NULL;
		struct json_object *parameters;
		struct err e = {};

		if (connection_reply(connection, &reply, &e) < 0)
			return connection_say(c, call, &e);
		parameters = reply_get(reply, "parameters");
		if (*reply_text(reply, "error") && call->failure)
			*call->failure = json_object_get(reply);
		if (*reply_text(reply, "error"))
			return call->quiet || (call->expects && !strcmp(reply_text(reply, "error"), call->expects))
				       ? EXIT_FAILED
				       : failure_say(call->file, NULL, !strcmp(call->method, "Plan"),
						     reply_text(reply, "error"), parameters);
		if (!reply_flag(reply, "continues")) {
			*ret = json_object_get(parameters);
			return EXIT_DONE;
		}
		if (call->progress)
			call->progress(call->arg, parameters);
	}
}

static int call_make(const struct ctl *c, const struct call *call, struct json_object **ret)
{
	_cleanup_(connection_close) struct connection connection = { .fd = -1 };
	char method[64];
	struct err e = {};
	int r;

	r = connection_open(&connection, c->socket, &e);
	if (r < 0)
		return connection_say(c, call, &e);
	connection.for_stdout = call->endless;
	connection.until_msec = call->until_msec;
	snprintf(method, sizeof(method), NETNSD_INTERFACE ".%s", call->method);
	r = connection_call(&connection, method, call->parameters, call->progress, &e);
	/* A daemon that refuses to read on may still have said why. */
	if (r < 0 && r != -EPIPE)
		return connection_say(c, call, &e);
	if (r == 0 && call->sent)
		*call->sent = true;
	return call_answer(c, &connection, call, ret);
}

int ctl_call(const struct ctl *c, const struct call *call, struct json_object **ret)
{
	int r = call_make(c, call, ret);

	json_object_put(call->parameters);
	return r;
}
