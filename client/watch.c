/* SPDX-License-Identifier: MIT */
/* watch.c - netnsctl status --watch: on a terminal frames with rates, elsewhere what has changed. */
#include "status.h"
#include "connection.h"
#include "frames.h"
#include "print.h"
#include "terminal.h"
#include "usec.h"
#include "base/json.h"
#include <poll.h>

enum { ANSWER_MSEC = 5000 };

struct watch {
	const struct ctl *c;
	struct json_object *status; /* the last answer */
	uint64_t status_usec;       /* CLOCK_REALTIME */
	struct rates rates;
	struct changes changes;
	const char *problem; /* why there is no newer one; NULL: nothing */
};

static struct call call_of(const struct ctl *c, const char *method)
{
	struct call call = { .method = method, .parameters = must(json_object_new_object()) };

	if (c->n_args && !strcmp(method, "Status"))
		json_object_object_add(call.parameters, "name", json_object_new_string(c->args[0]));
	return call;
}

/* Asks for both; if netnsd does not answer, the last answers stay. */
static void ask(struct watch *w)
{
	_cleanup_(reply_putp) struct json_object *status = NULL, *metrics = NULL, *failure = NULL;
	struct call call = call_of(w->c, "Status");
	int r;

	call.quiet = true;
	call.failure = &failure;
	call.until_msec = connection_now() + ANSWER_MSEC;
	r = ctl_call(w->c, &call, &status);
	w->problem = !r                        ? NULL
		     : r == EXIT_NO_DAEMON     ? "netnsd is not running"
		     : r == EXIT_NOT_PERMITTED ? "netnsd does not permit it"
		     : failure && strstr(reply_text(failure, "error"), "NoSuchTopology")
			     ? "netnsd has no such topology any more"
			     : "netnsd does not answer";
	if (r)
		return;
	json_object_put(w->status);
	w->status = TAKE(status);
	w->status_usec = print_now();
	call = call_of(w->c, "Metrics");
	call.quiet = true;
	call.until_msec = connection_now() + ANSWER_MSEC;
	if (ctl_call(w->c, &call, &metrics) == EXIT_DONE)
		rates_take(&w->rates, metrics, usec_now(CLOCK_MONOTONIC));
}

static void draw(void *watch)
{
	struct watch *w = watch;
	_cleanup_(freep) char *text = NULL;
	size_t size = 0;
	FILE *out = must(open_memstream(&text, &size));
	const struct view v = { out, print_colours(stdout), &w->changes, &w->rates };

	frames_head(out, v.colours, w->problem, w->status_usec);
	changes_next(&w->changes, usec_now(CLOCK_MONOTONIC));
	status_print(&v, w->status, w->c->n_args);
	if (fclose(out))
		abort();
	terminal_draw(text);
}

/* Returns when to ask again. */
static uint64_t ask_again(void *watch)
{
	uint64_t began = usec_now(CLOCK_MONOTONIC);

	ask(watch);
	return frames_next(began);
}

/* A copy without the times that pass by themselves: they are no change. */
static struct json_object *lasting(struct json_object *status)
{
	const char *text = json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN);
	_cleanup_(problems_done) struct problems p = {};
	struct json_object *copy = NULL, *t, *d;

	if (json_read_plain(text, strlen(text), &copy, &p) < 0)
		abort();
	for (size_t i = 0; (t = reply_at(copy, "topologies", i)); i++) {
		json_object_object_del(t, "confirm_usec");
		for (size_t k = 0; (d = reply_at(t, "drift", k)); k++)
			json_object_object_del(d, "heal_usec");
	}
	return copy;
}

static void print_block(const struct ctl *c, struct json_object *status, bool first)
{
	const struct view v = { .out = stdout, .colours = print_colours(stdout) };

	if (c->given & OPT_JSON) {
		print_json_line(stdout, status);
		return;
	}
	if (!first)
		puts("");
	status_print(&v, status, c->n_args);
}

static int watch_lines(const struct ctl *c)
{
	_cleanup_(reply_putp) struct json_object *last = NULL;
	struct pollfd p = { .fd = STDOUT_FILENO };
	int r;

	frames_end_by_signal();
	do {
		_cleanup_(reply_putp) struct json_object *status = NULL, *now = NULL;
		struct call call = call_of(c, "Status");

		r = ctl_call(c, &call, &status);
		if (r)
			return r;
		now = lasting(status);
		if (!last || !json_object_equal(last, now))
			print_block(c, status, !last);
		if (fflush(stdout) || ferror(stdout))
			return ctl_fail(EXIT_FAILED, "cannot print the answer: %s", strerror(errno));
		json_object_put(last);
		last = TAKE(now);
	} while (poll(&p, 1, FRAMES_INTERVAL_USEC / 1000) == 0);
	return EXIT_DONE;
}

int status_watch(const struct ctl *c)
{
	struct watch w = { .c = c };
	struct call call = call_of(c, "Status");
	int r;

	if (c->given & OPT_JSON || !isatty(STDOUT_FILENO)) {
		json_object_put(call.parameters);
		return watch_lines(c);
	}
	/* What is wrong from the beginning is said on the usual screen. */
	r = ctl_call(c, &call, &w.status);
	if (r)
		return r;
	frames_show(ask_again(&w), draw, ask_again, &w);
	json_object_put(w.status);
	rates_done(&w.rates);
	changes_done(&w.changes);
	return r;
}
