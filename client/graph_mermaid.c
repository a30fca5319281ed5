/* SPDX-License-Identifier: MIT */
/* graph_mermaid.c - a graph as a flowchart of Mermaid, which GitHub and others render in Markdown. */
#include "graph.h"
#include <ctype.h>

/* Characters as #NN;, all that may mean something in a label. */
static const char *quote(char c)
{
	static char text[8];

	if ((unsigned char)c >= 0x80 || isalnum((unsigned char)c) || strchr(" ._:/,-()?", c))
		return NULL;
	snprintf(text, sizeof(text), "#%d;", c);
	return text;
}

/* A namespace is one node: Mermaid draws the cables of interfaces in a subgraph across its other nodes. */
static void put_node(struct arena *a, const struct graph *g, size_t n, FILE *out)
{
	const struct graph_node *node = &g->nodes[n];
	const char **lines = graph_node_lines(a, node);

	fprintf(out, "  n%zu[\"", n);
	graph_put(out, lines[0], quote);
	for (size_t i = node->first; i < node->first + node->n; i++) {
		const struct graph_interface *in = &g->interfaces[i];
		const char **texts = graph_interface_lines(a, in);

		for (size_t k = 0; graph_is_shown(in) && texts[k]; k++) {
			fputs(k > 1 ? ", " : k ? " " : "<br/>", out);
			graph_put(out, texts[k], quote);
		}
		if (graph_is_shown(in) && in->master != GRAPH_NONE) {
			fputs(", master ", out);
			graph_put(out, graph_interface_name(a, &g->interfaces[in->master]), quote);
		}
	}
	for (size_t i = 1; lines[i]; i++) {
		fputs("<br/>", out);
		graph_put(out, lines[i], quote);
	}
	fputs("\"]\n", out);
}

static void put_cable(struct arena *a, const struct graph *g, size_t n, FILE *out)
{
	const struct graph_cable *c = &g->cables[n];
	const struct graph_interface *from = &g->interfaces[c->from];
	const char *far = c->to == GRAPH_NONE ? graph_far(a, c) : graph_interface_name(a, &g->interfaces[c->to]);

	fprintf(out, "  n%zu ---|\"", from->node);
	graph_put(out, graph_interface_name(a, from), quote);
	if (c->to != GRAPH_NONE) {
		fprintf(out, " %s ", c->label ?: "-");
		graph_put(out, far, quote);
		fprintf(out, "\"| n%zu\n", g->interfaces[c->to].node);
	} else {
		fprintf(out, "\"| f%zu([\"", n);
		graph_put(out, far, quote);
		fputs("\"])\n", out);
	}
	if (graph_state_colours(c->state).line)
		fprintf(out, "  linkStyle %zu stroke:%s\n", n, graph_state_colours(c->state).line);
}

/* The worst of a namespace and its interfaces. */
static enum graph_state worst(const struct graph *g, const struct graph_node *node)
{
	enum graph_state state = node->state;

	for (size_t i = node->first; i < node->first + node->n; i++)
		if (g->interfaces[i].state > state && g->interfaces[i].state > GRAPH_FOREIGN)
			state = g->interfaces[i].state;
	return state;
}

void graph_mermaid(const struct graph *g, _unused_ const struct graph_style *style, FILE *out)
{
	_cleanup_(arena_done) struct arena a = {};

	fputs("flowchart LR\n", out);
	for (size_t i = 0; i < g->n_nodes; i++)
		put_node(&a, g, i, out);
	for (size_t i = 0; i < g->n_cables; i++)
		put_cable(&a, g, i, out);
	for (size_t s = 0; s < GRAPH_STATES; s++) {
		struct graph_colours c = graph_state_colours((enum graph_state)s);

		if (c.line)
			fprintf(out, "  classDef %s stroke:%s,fill:%s,color:#1f2328%s\n",
				graph_state_word((enum graph_state)s), c.line, c.fill,
				s == GRAPH_MISSING ? ",stroke-dasharray:4 3" : "");
	}
	for (size_t i = 0; i < g->n_nodes; i++)
		if (graph_state_colours(worst(g, &g->nodes[i])).line)
			fprintf(out, "  class n%zu %s\n", i, graph_state_word(worst(g, &g->nodes[i])));
}
