/* SPDX-License-Identifier: MIT */
/* graph_dot.c - a graph in the language of Graphviz. */
#include "graph.h"

/* In a label a backslash begins an escape, and "&" a character of HTML. */
static const char *quote(char c)
{
	return c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '&' ? "&amp;" : NULL;
}

static void put_state(FILE *out, enum graph_state state)
{
	struct graph_colours c = graph_state_colours(state);

	if (c.line)
		fprintf(out, ", color=\"%s\", fillcolor=\"%s\"%s", c.line, c.fill,
			state == GRAPH_MISSING ? ", style=\"rounded,dashed\"" : "");
}

static void put_node(struct arena *a, const struct graph *g, size_t n, FILE *out)
{
	const struct graph_node *node = &g->nodes[n];
	struct graph_colours c = graph_state_colours(node->state);
	size_t shown = 0;

	fprintf(out, "\tsubgraph cluster_%zu {\n\t\tlabel=", n);
	graph_put_lines(out, graph_node_lines(a, node), quote);
	fputs(";\n", out);
	if (c.line)
		fprintf(out, "\t\tcolor=\"%s\";\n", c.line);
	for (size_t i = node->first; i < node->first + node->n; i++) {
		if (!graph_is_shown(&g->interfaces[i]))
			continue;
		fprintf(out, "\t\ti%zu [label=", i);
		graph_put_lines(out, graph_interface_lines(a, &g->interfaces[i]), quote);
		put_state(out, g->interfaces[i].state);
		fputs("];\n", out);
		shown++;
	}
	/* A cluster with nothing in it is not drawn. */
	if (!shown)
		fprintf(out, "\t\tn%zu [style=invis, label=\"\"];\n", n);
	fputs("\t}\n", out);
}

void graph_dot(const struct graph *g, _unused_ const struct graph_style *style, FILE *out)
{
	_cleanup_(arena_done) struct arena a = {};

	fputs("graph netnsd {\n\trankdir=LR;\n\tgraph [fontname=\"sans-serif\", style=rounded];\n"
	      "\tnode [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n",
	      out);
	for (size_t i = 0; i < g->n_nodes; i++)
		put_node(&a, g, i, out);
	for (size_t i = 0; i < g->n_interfaces; i++)
		if (g->interfaces[i].master != GRAPH_NONE)
			fprintf(out, "\ti%zu -- i%zu [style=dotted];\n", g->interfaces[i].master, i);
	for (size_t i = 0; i < g->n_cables; i++) {
		const struct graph_cable *c = &g->cables[i];
		struct graph_colours colours = graph_state_colours(c->state);

		if (c->to == GRAPH_NONE) {
			fprintf(out, "\tf%zu [shape=plaintext, style=\"\", label=", i);
			graph_put_lines(out, (const char *[]){ graph_far(&a, c), NULL }, quote);
			fprintf(out, "];\n\ti%zu -- f%zu [", c->from, i);
		} else {
			fprintf(out, "\ti%zu -- i%zu [", c->from, c->to);
		}
		if (colours.line)
			fprintf(out, "color=\"%s\", ", colours.line);
		fputs("label=", out);
		graph_put_lines(out, (const char *[]){ c->label ?: "", NULL }, quote);
		fputs("];\n", out);
	}
	fputs("}\n", out);
}
