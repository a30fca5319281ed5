/* SPDX-License-Identifier: MIT */
/* graph_words.c - what every drawing says of a namespace, an interface or a cable, and in which colour. */
#include "graph.h"
#include "text.h"

const char *graph_state_word(enum graph_state state)
{
	static const char *const words[GRAPH_STATES] = {
		[GRAPH_UP] = "up",           [GRAPH_FOREIGN] = "foreign", [GRAPH_NO_CARRIER] = "no_carrier",
		[GRAPH_DRIFTED] = "drifted", [GRAPH_DOWN] = "down",       [GRAPH_MISSING] = "missing",
	};

	return words[state];
}

struct graph_colours graph_state_colours(enum graph_state state)
{
	static const struct graph_colours colours[GRAPH_STATES] = {
		[GRAPH_FOREIGN] = { "#57606a", "#eaeef2" }, [GRAPH_NO_CARRIER] = { "#9a6700", "#fff8c5" },
		[GRAPH_DRIFTED] = { "#8250df", "#fbefff" }, [GRAPH_DOWN] = { "#cf222e", "#ffebe9" },
		[GRAPH_MISSING] = { "#cf222e", "#ffffff" },
	};

	return colours[state];
}

bool graph_is_shown(const struct graph_interface *i)
{
	if (!i->is_lo)
		return true;
	for (size_t k = 0; i->addresses[k]; k++)
		if (strncmp(i->addresses[k], "127.", 4) && strcmp(i->addresses[k], "::1"))
			return true;
	return i->state == GRAPH_DOWN || i->drifted;
}

const char *graph_place(struct arena *a, const struct graph *g, size_t i)
{
	return text_escape(a, arena_fmt(a, "%s/%s", g->nodes[g->interfaces[i].node].name, g->interfaces[i].name));
}

const char *graph_interface_name(struct arena *a, const struct graph_interface *i)
{
	return text_escape(a, i->name);
}

const char **graph_interface_lines(struct arena *a, const struct graph_interface *i)
{
	const char *const *lists[] = { i->addresses, i->notes }, **lines;
	bool has_kind = !i->is_paired && !i->is_lo && *i->kind && strcmp(i->kind, "interface");
	size_t n = 1;

	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t j = 0; lists[k][j]; j++)
			n++;
	lines = arena_alloc(a, (n + 1) * sizeof(*lines));
	lines[0] = text_escape(a, has_kind ? arena_fmt(a, "%s (%s)", i->name, i->kind) : i->name);
	n = 1;
	for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
		for (size_t j = 0; lists[k][j]; j++)
			lines[n++] = text_escape(a, lists[k][j]);
	return lines;
}

const char **graph_node_lines(struct arena *a, const struct graph_node *node)
{
	const char **lines;
	size_t n = 0;

	while (node->gateways[n])
		n++;
	lines = arena_alloc(a, (n + 2) * sizeof(*lines));
	lines[0] = text_escape(a, node->word ? arena_fmt(a, "%s (%s)", node->name, node->word) : node->name);
	for (size_t i = 0; i < n; i++)
		lines[i + 1] = text_escape(a, node->gateways[i]);
	return lines;
}

const char *graph_far(struct arena *a, const struct graph_cable *c)
{
	return *c->far ? text_escape(a, c->far) : "?";
}

void graph_put(FILE *out, const char *s, const char *(*quote)(char c))
{
	for (; *s; s++) {
		const char *q = quote(*s);

		if (q)
			fputs(q, out);
		else
			putc(*s, out);
	}
}

void graph_put_lines(FILE *out, const char **lines, const char *(*quote)(char c))
{
	putc('"', out);
	for (size_t i = 0; lines[i]; i++) {
		if (i)
			fputs("\\n", out);
		graph_put(out, lines[i], quote);
	}
	putc('"', out);
}
