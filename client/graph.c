/* SPDX-License-Identifier: MIT */
/* graph.c - netnsctl graph: asks netnsd what there is, and draws it. */
#include "ctl.h"
#include "graph.h"
#include "print.h"
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

static struct json_object *parameters(const struct ctl *c)
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

int command_graph(const struct ctl *c)
{
	const char *name = c->format ?: c->given & OPT_JSON ? "json" : isatty(STDOUT_FILENO) ? "text" : "mermaid";
	const struct graph_format *format = format_find(name);
	struct graph_style style = { .width = terminal_width(),
				     .ascii = terminal_is_ascii(),
				     .colours = print_colours(stdout) };
	_cleanup_(reply_putp) struct json_object *reply = NULL;
	struct graph g;
	int r;

	if (!format)
		return format_unknown(name);
	r = ctl_call(c, &(struct call){ .method = "Graph", .parameters = parameters(c) }, &reply);
	if (r)
		return r;
	if (!format->draw)
		return print_json(stdout, reply, false), EXIT_DONE;
	graph_read(&g, reply);
	format->draw(&g, &style, stdout);
	graph_done(&g);
	return EXIT_DONE;
}
