/* SPDX-License-Identifier: MIT */
/* graph_d2.c - a graph in the language of D2. */
#include "graph.h"

static const char *quote(char c)
{
	return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '$' ? "\\$" : NULL;
}

static void put_state(FILE *out, enum graph_state state, const char *indent)
{
	struct graph_colours c = graph_state_colours(state);

	if (!c.line)
		return;
	fprintf(out, "%sstyle.stroke: \"%s\"\n%sstyle.fill: \"%s\"\n", indent, c.line, indent, c.fill);
	if (state == GRAPH_MISSING)
		fprintf(out, "%sstyle.stroke-dash: 4\n", indent);
}

static void put_node(struct arena *a, const struct graph *g, size_t n, FILE *out)
{
	const struct graph_node *node = &g->nodes[n];

	fprintf(out, "n%zu: ", n);
	graph_put_lines(out, graph_node_lines(a, node), quote);
	fputs(" {\n", out);
	put_state(out, node->state, "  ");
	for (size_t i = node->first; i < node->first + node->n; i++) {
		if (!graph_is_shown(&g->interfaces[i]))
			continue;
		fprintf(out, "  i%zu: ", i);
		graph_put_lines(out, graph_interface_lines(a, &g->interfaces[i]), quote);
		fputs(" {\n", out);
		put_state(out, g->interfaces[i].state, "    ");
		fputs("  }\n", out);
	}
	fputs("}\n", out);
}

static void put_end(const struct graph *g, size_t i, FILE *out)
{
	fprintf(out, "n%zu.i%zu", g->interfaces[i].node, i);
}

static void put_cable(struct arena *a, const struct graph *g, size_t n, FILE *out)
{
	const struct graph_cable *c = &g->cables[n];
	struct graph_colours colours = graph_state_colours(c->state);

	if (c->to == GRAPH_NONE) {
		fprintf(out, "f%zu: ", n);
		graph_put_lines(out, (const char *[]){ graph_far(a, c), NULL }, quote);
		fputs(" {shape: text}\n", out);
	}
	put_end(g, c->from, out);
	fputs(" -- ", out);
	if (c->to == GRAPH_NONE)
		fprintf(out, "f%zu", n);
	else
		put_end(g, c->to, out);
	if (c->label) {
		fputs(": ", out);
		graph_put_lines(out, (const char *[]){ c->label, NULL }, quote);
	}
	if (colours.line)
		fprintf(out, "%s {style.stroke: \"%s\"}", c->label ? "" : ":", colours.line);
	putc('\n', out);
}

void graph_d2(const struct graph *g, _unused_ const struct graph_style *style, FILE *out)
{
	_cleanup_(arena_done) struct arena a = {};

	fputs("direction: right\n", out);
	for (size_t i = 0; i < g->n_nodes; i++)
		put_node(&a, g, i, out);
	for (size_t i = 0; i < g->n_interfaces; i++) {
		if (g->interfaces[i].master == GRAPH_NONE)
			continue;
		put_end(g, g->interfaces[i].master, out);
		fputs(" -- ", out);
		put_end(g, i, out);
		fputs(": {style.stroke-dash: 3}\n", out);
	}
	for (size_t i = 0; i < g->n_cables; i++)
		put_cable(&a, g, i, out);
}
