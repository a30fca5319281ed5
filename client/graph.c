/* SPDX-License-Identifier: MIT */
/* graph.c - netnsctl graph: asks netnsd what there is, and draws it. */
#include "ctl.h"
#include "graph.h"
#include "print.h"
#include "replace.h"
#include "terminal.h"
#include "base/suggest.h"

enum { WIDTH_MIN = 20, WIDTH_MAX = 10000 };

/* NULL: the answer as it is. */
// clang-format off: keeps its rows
static const struct graph_format formats[] = {
	{ "text", graph_text },
	{ "mermaid", graph_mermaid },
	{ "dot", graph_dot },
	{ "d2", graph_d2 },
	{ "svg", graph_svg },
	{ "html", graph_html },
	{ "json", NULL },
};
// clang-format on

static const struct graph_format *format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static int format_unknown(const char *name)
{
	struct suggest suggest = suggest_new(name);

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		suggest_try(&suggest, formats[i].name);
	if (suggest.best)
		return ctl_fail(EXIT_INVALID, "unknown format \"%s\"; did you mean %s?", name, suggest.best);
	return ctl_fail(EXIT_INVALID, "unknown format \"%s\": it is text, mermaid, dot, d2, svg, html or json", name);
}

static size_t terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	unsigned long n = columns ? strtoul(columns, NULL, 10) : 0;
	size_t rows;

	if (!n)
		terminal_size(&n, &rows);
	return n < WIDTH_MIN ? WIDTH_MIN : n > WIDTH_MAX ? WIDTH_MAX : n;
}

struct json_object *graph_parameters(const struct ctl *c)
{
	struct json_object *o = must(json_object_new_object()), *names;

	if (c->given & OPT_LIVE)
		json_object_object_add(o, "live", json_object_new_boolean(true));
	if (!c->n_args)
		return o;
	json_object_object_add(o, "names", names = must(json_object_new_array()));
	for (int i = 0; i < c->n_args; i++)
		json_object_array_add(names, json_object_new_string(c->args[i]));
	return o;
}

/* The text of a drawing, which the caller frees. */
char *graph_draw(const struct graph_format *format, const struct graph_style *style, struct json_object *reply)
{
	char *text = NULL;
	size_t size;
	FILE *out = must(open_memstream(&text, &size));
	struct graph g;

	if (format->draw) {
		graph_read(&g, reply);
		format->draw(&g, style, out);
		graph_done(&g);
	} else {
		print_json(out, reply, false);
	}
	if (fclose(out))
		abort();
	return text;
}

static int options_check(const struct ctl *c, const struct graph_format *format)
{
	if (c->write && !*c->write)
		return ctl_fail(EXIT_INVALID, "--write needs the path of a file");
	if (c->given & OPT_WATCH && !c->write && format->draw != graph_text && format->draw)
		return ctl_fail(
			EXIT_INVALID,
			"--watch draws %s again and again into a file: add -w FILE; --format text is drawn on the "
			"terminal",
			format->name);
	return EXIT_DONE;
}

int command_graph(const struct ctl *c)
{
	bool tty = isatty(STDOUT_FILENO);
	const char *name = c->format ?: c->given & OPT_JSON ? "json" : tty && !c->write ? "text" : "mermaid";
	const struct graph_format *format = format_find(name);
	struct graph_style style = { .width = terminal_width(),
				     .ascii = terminal_is_ascii(),
				     .colours = print_colours(stdout) && !c->write,
				     .refreshes = c->given & OPT_WATCH };
	struct call call = { .method = "Graph" };
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	_cleanup_(freep) char *text = NULL;
	int r;

	if (!format)
		return format_unknown(name);
	r = options_check(c, format);
	if (r)
		return r;
	call.parameters = graph_parameters(c);
	r = ctl_call(c, &call, &reply);
	if (r)
		return r;
	if (c->given & OPT_WATCH)
		return graph_watch(c, format, &style, TAKE(reply));
	text = graph_draw(format, &style, reply);
	if (c->write && strcmp(c->write, "-") != 0)
		return file_replace(c->write, text, strlen(text));
	fputs(text, stdout);
	return EXIT_DONE;
}
