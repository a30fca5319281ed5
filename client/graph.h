/* SPDX-License-Identifier: MIT */
/* graph.h - namespaces, interfaces and cables to be drawn, and the formats that draw them.  Drawing is pure: from this
 * to text. */
#pragma once
#include "base/arena.h"
#include <json-c/json.h>

/* The worst that is known of an interface or namespace decides its colour. */
enum graph_state {
	GRAPH_UP,
	GRAPH_FOREIGN,
	GRAPH_NO_CARRIER,
	GRAPH_DRIFTED,
	GRAPH_DOWN,
	GRAPH_MISSING,
};
enum { GRAPH_STATES = GRAPH_MISSING + 1 };

/* An interface; the texts belong to the arena of the graph, and are as they came. */
struct graph_interface {
	const char *name, *kind;
	enum graph_state state;
	bool drifted, foreign, is_lo;
	uint32_t mtu;
	bool mtu_differs;       /* from that of the other end, or of the bridge */
	const char **addresses; /* ended by NULL, as the other lists */
	const char **notes;     /* "no carrier", "mtu 9000", "netem delay 10ms" */
	size_t node;            /* the number of its namespace */
	size_t master;          /* the interface that it is a port of, or GRAPH_NONE */
	bool is_bridge;         /* others are its ports */
	bool is_paired;         /* it is one end of a pair */
};

struct graph_node {
	const char *name;
	enum graph_state state;
	const char *word; /* "missing", "another program's"; NULL: nothing */
	const char **gateways;
	size_t first, n; /* interfaces */
};

/* What connects two interfaces of the graph; of one end only if the other is not in it. */
struct graph_cable {
	size_t from, to;   /* interfaces; to: GRAPH_NONE */
	const char *far;   /* the end that is not in the graph, "NS/IF"; "": unknown; NULL: it is in it */
	const char *label; /* "base" of what is no cable; NULL */
	enum graph_state state;
};

#define GRAPH_NONE SIZE_MAX

/* Interfaces are in the order of their namespaces; ports follow their bridge. */
struct graph {
	struct arena arena;
	struct graph_node *nodes;
	struct graph_interface *interfaces;
	struct graph_cable *cables;
	size_t n_nodes, n_interfaces, n_cables;
};

/* Reads the answer of Graph.  What is missing, or of another type, reads as empty. */
void graph_read(struct graph *g, struct json_object *reply);
void graph_done(struct graph *g);

/* "no_carrier": one word for each state, for the classes of formats that have such. */
const char *graph_state_word(enum graph_state state);
/* "NS/IF" of interface @i, as it can be printed. */
const char *graph_place(struct arena *a, const struct graph *g, size_t i);
/* Whether it is drawn: the loopback is where it has something to say. */
bool graph_is_shown(const struct graph_interface *i);

const char *graph_interface_name(struct arena *a, const struct graph_interface *i);
/* The lines of an interface, or of the title of a namespace, ended by NULL, as they can be printed: its name and kind, its
 * addresses, its notes; the name and its gateways. */
const char **graph_interface_lines(struct arena *a, const struct graph_interface *i);
const char **graph_node_lines(struct arena *a, const struct graph_node *n);
/* The other end of a cable that has one end only. */
const char *graph_far(struct arena *a, const struct graph_cable *c);
/* Each state's colour of lines and of the background, as "#rrggbb"; NULL: the usual one. */
struct graph_colours {
	const char *line, *fill;
};
struct graph_colours graph_state_colours(enum graph_state state);
/* Writes @s with what @quote gives for each character that it knows, NULL for others; it is printable. */
void graph_put(FILE *out, const char *s, const char *(*quote)(char c));
/* The lines as one label in double quotes, with "\\n" between them. */
void graph_put_lines(FILE *out, const char **lines, const char *(*quote)(char c));

struct graph_style {
	size_t width; /* of the terminal */
	bool ascii, colours;
	bool refreshes; /* a page: it is written again and again, and loads itself again */
};

/* A format: a row of the table, and a function in a file of its own. */
struct graph_format {
	const char *name;
	void (*draw)(const struct graph *g, const struct graph_style *style, FILE *out);
};
/* The parameters of Graph, which the caller owns. */
struct ctl;
struct json_object *graph_parameters(const struct ctl *c);
/* netnsctl graph --watch, from @reply on, the first answer, which it takes.  Returns an exit code. */
int graph_watch(const struct ctl *c, const struct graph_format *format, const struct graph_style *style,
		struct json_object *reply);
/* As text, which the caller frees; of @reply, the answer of Graph. */
char *graph_draw(const struct graph_format *format, const struct graph_style *style, struct json_object *reply);
void graph_text(const struct graph *g, const struct graph_style *style, FILE *out);
void graph_mermaid(const struct graph *g, const struct graph_style *style, FILE *out);
void graph_dot(const struct graph *g, const struct graph_style *style, FILE *out);
void graph_d2(const struct graph *g, const struct graph_style *style, FILE *out);
void graph_html(const struct graph *g, const struct graph_style *style, FILE *out);
void graph_svg(const struct graph *g, const struct graph_style *style, FILE *out);
