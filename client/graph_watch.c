/* SPDX-License-Identifier: MIT */
/* graph_watch.c - netnsctl graph --watch: on a terminal frames, elsewhere or in a file a drawing whenever it has changed. */
#include "ctl.h"
#include "connection.h"
#include "frames.h"
#include "graph.h"
#include "print.h"
#include "replace.h"
#include "terminal.h"
#include "usec.h"
#include <poll.h>

enum { ANSWER_MSEC = 10 * 1000 };

struct watch {
	const struct ctl *c;
	const struct graph_format *format;
	struct graph_style style;
	struct json_object *reply; /* the last answer */
	uint64_t reply_usec;       /* CLOCK_REALTIME */
	const char *problem;       /* why there is no newer one; NULL: nothing */
	const char *said;          /* the last that was printed */
	char *drawn;               /* what was written last */
};

/* Asks; if netnsd does not answer, the last answer stays.  Returns when to ask again, of CLOCK_MONOTONIC. */
static uint64_t ask(void *watch)
{
	uint64_t began = usec_now(CLOCK_MONOTONIC);
	struct watch *w = watch;
	struct json_object *reply = NULL;
	struct call call = { .method = "Graph",
			     .parameters = graph_parameters(w->c),
			     .quiet = true,
			     .until_msec = connection_now() + ANSWER_MSEC };
	int r = ctl_call(w->c, &call, &reply);

	w->problem = !r                    ? NULL
		     : r == EXIT_NO_DAEMON ? "netnsd is not running"
					   : "netnsd does not answer, or has no such topology any more";
	if (!r) {
		json_object_put(w->reply);
		w->reply = reply;
		w->reply_usec = print_now();
	}
	return frames_next(began);
}

/* ---- on a terminal ---- */

static void frame(void *watch)
{
	struct watch *w = watch;
	_cleanup_(freep) char *picture = NULL, *text = NULL;
	size_t rows, size;
	FILE *out = must(open_memstream(&text, &size));

	terminal_size(&w->style.width, &rows);
	picture = graph_draw(w->format, &w->style, w->reply);
	frames_head(out, w->style.colours, w->problem, w->reply_usec);
	fputs(picture, out);
	if (fclose(out))
		abort();
	terminal_draw(text);
}

/* ---- elsewhere ---- */

/* Writes the drawing, if it is another one. */
static int write_changed(struct watch *w)
{
	char *text = graph_draw(w->format, &w->style, w->reply);
	bool first = !w->drawn, same = !first && !strcmp(text, w->drawn);

	free(w->drawn);
	w->drawn = text;
	if (same)
		return EXIT_DONE;
	if (w->c->write && strcmp(w->c->write, "-") != 0)
		return file_replace(w->c->write, text, strlen(text));
	if (!first && w->format->draw)
		puts("");
	fputs(text, stdout);
	if (fflush(stdout) || ferror(stdout))
		return ctl_fail(EXIT_FAILED, "cannot print the drawing: %s", strerror(errno));
	return EXIT_DONE;
}

static int watch_file(struct watch *w)
{
	struct pollfd p = { .fd = w->c->write ? -1 : STDOUT_FILENO };
	uint64_t next = usec_now(CLOCK_MONOTONIC) + FRAMES_INTERVAL_USEC, now;
	int r;

	frames_end_by_signal();
	while ((r = write_changed(w)) == EXIT_DONE) {
		now = usec_now(CLOCK_MONOTONIC);
		/* Nobody reads any more. */
		if (poll(&p, 1, now < next ? (int)((next - now) / 1000) + 1 : 0) > 0)
			break;
		next = ask(w);
		if (w->problem && w->problem != w->said)
			ctl_fail(EXIT_NO_DAEMON, "%s; the drawing stays as it was", w->problem);
		w->said = w->problem;
	}
	return r;
}

int graph_watch(const struct ctl *c, const struct graph_format *format, const struct graph_style *style,
		struct json_object *reply)
{
	struct watch w = { .c = c, .format = format, .style = *style, .reply = reply, .reply_usec = print_now() };
	bool terminal = !c->write && format->draw && isatty(STDOUT_FILENO);
	int r = EXIT_DONE;

	if (terminal)
		frames_show(usec_now(CLOCK_MONOTONIC) + FRAMES_INTERVAL_USEC, frame, ask, &w);
	else
		r = watch_file(&w);
	json_object_put(w.reply);
	free(w.drawn);
	return r;
}
