/* SPDX-License-Identifier: MIT */
/* graph_text.c - draws a graph with characters, as wide as the terminal at most, and says what it left out. */
#include "graph.h"
#include "graph_canvas.h"
#include "graph_layout.h"
#include "graph_route.h"
#include "text.h"

enum {
	COLUMN_MIN = 18, /* a column is not made narrower than this */
	NARROW = 6,      /* so many tracks have a column of characters between them */
	SHORT = 28,      /* an address and notes in one line */
	PAD = 2,         /* a border and a space, on each side */
	COLUMNS_TRIED = 16,
	CUT = 4,
	DROPPED = 1000,
	TOO_WIDE = 1000000, /* what these cost, in lines */
};

/* A row of a box: an interface, and what is beside its name, a line each. */
struct text_row {
	const char *name, **details;
	enum colour colour;
	bool is_port; /* of a bridge in the same box, which is above */
};

struct drawing {
	const struct graph *g;
	const struct graph_style *style;
	struct arena arena;
	struct layout l;
	struct text_row *rows;  /* of l.rows */
	const char **titles;    /* of l.boxes; NULL: of an end that is not in the graph */
	int *names;             /* of l.boxes: the width of the longest name in it */
	struct route *routes;   /* of l.edges */
	int *track_x, *other_x; /* of l.edges: where in its channel */
	enum colour *colours;   /* of l.edges */
	size_t *row_of;         /* of interfaces */
	size_t n_cut, n_dropped;
};

static enum colour colour_of(enum graph_state state)
{
	static const enum colour colours[GRAPH_STATES] = {
		[GRAPH_UP] = COLOUR_NONE,        [GRAPH_FOREIGN] = COLOUR_FAINT, [GRAPH_NO_CARRIER] = COLOUR_CHANGE,
		[GRAPH_DRIFTED] = COLOUR_CHANGE, [GRAPH_DOWN] = COLOUR_BAD,      [GRAPH_MISSING] = COLOUR_BAD,
	};

	return colours[state];
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

/* "├ port1": a port is below its bridge. */
static const char *row_name(struct drawing *d, size_t i, const char *name, bool is_port)
{
	const struct graph_interface *in = d->g->interfaces;
	size_t end = d->g->nodes[in[i].node].first + d->g->nodes[in[i].node].n;
	bool last = i + 1 == end || in[i + 1].master != in[i].master;

	return is_port ? arena_fmt(&d->arena, "%s %s", d->style->ascii ? "+" : last ? "└" : "├", name) : name;
}

/* What is beside the name of an interface: its addresses, and its notes in one line, in that of the address if it is
 * short. */
static const char **row_details(struct drawing *d, const struct graph_interface *i)
{
	struct arena *a = &d->arena;
	const char **lines, *notes = "";
	size_t n = 0;

	while (i->addresses[n])
		n++;
	lines = arena_alloc(a, (n + 2) * sizeof(*lines));
	for (size_t k = 0; k < n; k++)
		lines[k] = text_escape(a, i->addresses[k]);
	for (size_t k = 0; i->notes[k]; k++)
		notes = arena_fmt(a, "%s%s%s", notes, *notes ? ", " : "", text_escape(a, i->notes[k]));
	if (n == 1 && *notes && text_width(lines[0]) + text_width(notes) <= SHORT)
		lines[0] = arena_fmt(a, "%s  %s", lines[0], notes);
	else if (*notes)
		lines[n] = notes;
	return lines;
}

static void add_row(struct drawing *d, size_t box, const char *name, const char **details, enum colour colour)
{
	struct layout_box *b = &d->l.boxes[box];
	struct layout_row *row = &d->l.rows[d->l.n_rows];
	int n = 0;

	while (details[n])
		n++;
	d->rows[d->l.n_rows++] = (struct text_row){ name, details, colour };
	*row = (struct layout_row){ .box = box, .h = max(n, 1) };
	d->names[box] = max(d->names[box], (int)text_width(name));
	b->n++;
}

static void finish_box(struct drawing *d, size_t box)
{
	struct layout_box *b = &d->l.boxes[box];

	for (size_t i = b->first; i < b->first + b->n; i++)
		for (size_t k = 0; d->rows[i].details[k]; k++)
			b->w = max(b->w, d->names[box] + 2 + (int)text_width(d->rows[i].details[k]));
	b->w = max(b->w, d->names[box]) + 2 * PAD;
}

static void add_node(struct drawing *d, size_t n)
{
	const struct graph_node *node = &d->g->nodes[n];
	const char **lines = graph_node_lines(&d->arena, node);
	struct layout_box *b = &d->l.boxes[n];

	*b = (struct layout_box){ .head = 1, .foot = 1, .first = d->l.n_rows };
	d->titles[n] = lines[0];
	b->w = (int)text_width(lines[0]) + 2;
	for (size_t i = 1; lines[i]; i++, b->foot++)
		b->w = max(b->w, (int)text_width(lines[i]));
	for (size_t i = node->first; i < node->first + node->n; i++) {
		const struct graph_interface *in = &d->g->interfaces[i];
		const char *name = graph_interface_lines(&d->arena, in)[0];
		bool is_port = in->master != GRAPH_NONE && d->g->interfaces[in->master].node == n;

		if (!graph_is_shown(in))
			continue;
		d->row_of[i] = d->l.n_rows;
		add_row(d, n, row_name(d, i, name, is_port), row_details(d, in), colour_of(in->state));
		d->rows[d->row_of[i]].is_port = is_port;
	}
	finish_box(d, n);
}

static void add_cable(struct drawing *d, size_t n)
{
	const struct graph_cable *c = &d->g->cables[n];
	static const char *nothing[] = { NULL };
	size_t box = d->l.n_boxes;

	d->colours[n] = colour_of(c->state);
	d->l.edges[n].row[0] = d->row_of[c->from];
	if (c->to != GRAPH_NONE) {
		d->l.edges[n].row[1] = d->row_of[c->to];
		return;
	}
	d->l.edges[n].row[1] = d->l.n_rows;
	d->l.boxes[d->l.n_boxes++] = (struct layout_box){ .first = d->l.n_rows };
	add_row(d, box, graph_far(&d->arena, c), nothing, COLOUR_FAINT);
	d->l.boxes[box].w = d->names[box] + 1;
}

static void prepare(struct drawing *d)
{
	size_t n_boxes = d->g->n_nodes + d->g->n_cables + 1, n_rows = d->g->n_interfaces + d->g->n_cables + 1;
	struct arena *a = &d->arena;

	d->l = (struct layout){ .arena = a, .band_gap = 1, .stretch = true };
	d->l.boxes = arena_alloc(a, n_boxes * sizeof(*d->l.boxes));
	d->titles = arena_alloc(a, n_boxes * sizeof(*d->titles));
	d->names = arena_alloc(a, n_boxes * sizeof(*d->names));
	d->l.rows = arena_alloc(a, n_rows * sizeof(*d->l.rows));
	d->rows = arena_alloc(a, n_rows * sizeof(*d->rows));
	d->row_of = arena_alloc(a, n_rows * sizeof(*d->row_of));
	d->l.edges = arena_alloc(a, (d->g->n_cables + 1) * sizeof(*d->l.edges));
	d->routes = arena_alloc(a, (d->g->n_cables + 1) * sizeof(*d->routes));
	d->track_x = arena_alloc(a, (d->g->n_cables + 1) * sizeof(*d->track_x));
	d->other_x = arena_alloc(a, (d->g->n_cables + 1) * sizeof(*d->other_x));
	d->colours = arena_alloc(a, (d->g->n_cables + 1) * sizeof(*d->colours));
	d->l.n_boxes = d->g->n_nodes;
	for (size_t i = 0; i < d->g->n_nodes; i++)
		add_node(d, i);
	for (size_t i = 0; i < d->g->n_cables; i++)
		add_cable(d, i);
	d->l.n_edges = d->g->n_cables;
	layout_layers(&d->l);
}

/* Routes the edges of a channel; returns its width. */
static int route(struct drawing *d, const struct layout_part *p, size_t channel, size_t most, size_t *ret_dropped)
{
	struct arena a = {};
	struct route *routes = arena_alloc(&a, (d->l.n_edges + 1) * sizeof(*routes));
	size_t *edges = arena_alloc(&a, (d->l.n_edges + 1) * sizeof(*edges)), n = 0, tracks;
	bool outer = channel == 0 || channel == p->columns;

	for (size_t i = 0; i < d->l.n_edges; i++) {
		struct layout_edge *e = &d->l.edges[i];

		if (d->l.boxes[d->l.rows[e->row[0]].box].part != (size_t)(p - d->l.parts) || e->channel != channel)
			continue;
		edges[n] = i;
		for (int end = 0; end < 2; end++) {
			routes[n].y[end] = layout_end_y(&d->l, e, end);
			routes[n].right[end] = e->side[end] < 0;
		}
		n++;
	}
	tracks = route_channel(routes, n, most);
	for (size_t i = 0; i < n; i++) {
		d->routes[edges[i]] = routes[i];
		d->track_x[edges[i]] = (channel > 0) + (tracks > NARROW ? 1 : 2) * (int)routes[i].track;
		d->other_x[edges[i]] = (channel > 0) + (tracks > NARROW ? 1 : 2) * (int)routes[i].other_track;
		*ret_dropped += routes[i].dropped;
	}
	arena_done(&a);
	if (!n)
		return outer ? 0 : 2;
	if (tracks > NARROW)
		return (int)tracks + (outer ? 1 : 2);
	return outer ? 2 * (int)tracks : max(3, 2 * (int)tracks + 1);
}

/* Makes columns narrower, the widest first; returns how many boxes are too wide for theirs. */
static size_t squeeze(const struct drawing *d, struct layout_part *p, int too_much)
{
	size_t n = 0;

	while (too_much > 0) {
		size_t widest = 0;

		for (size_t i = 1; i < p->columns; i++)
			if (p->column_w[i] > p->column_w[widest])
				widest = i;
		if (p->column_w[widest] <= COLUMN_MIN)
			break;
		p->column_w[widest]--;
		too_much--;
	}
	for (size_t i = p->first; i < p->first + p->n; i++) {
		const struct layout_box *b = &d->l.boxes[d->l.order[i]];

		n += b->w > p->column_w[b->column];
	}
	return n;
}

/* Lays out a part in so many columns; returns how bad that is. */
static size_t attempt(struct drawing *d, struct layout_part *p, size_t columns)
{
	int width = (int)d->style->width, total = 0;
	size_t dropped = 0, cut, most = (size_t)width / 2;

	layout_place(&d->l, p, columns);
	for (size_t i = 0; i < p->columns; i++)
		total += p->column_w[i];
	if (p->columns == 1 && width - total < (int)most)
		most = (size_t)max(width - (total < width / 2 ? total : width / 2) - 2, 1);
	for (size_t i = 0; i <= p->columns; i++)
		total += p->channel_w[i] = route(d, p, i, most, &dropped);
	cut = squeeze(d, p, total - width);
	layout_widths(&d->l, p);
	return (size_t)p->h + cut * CUT + dropped * DROPPED + (p->w > width ? TOO_WIDE : 0);
}

static void choose(struct drawing *d, struct layout_part *p)
{
	size_t best = 1, least = SIZE_MAX, n = p->n_layers < COLUMNS_TRIED ? p->n_layers : COLUMNS_TRIED, cost;

	for (size_t columns = n; columns > 0; columns--) {
		cost = attempt(d, p, columns);
		if (cost < least) {
			least = cost;
			best = columns;
		}
	}
	(void)attempt(d, p, best);
}

static void draw_frame(struct canvas *c, int x, int y, int w, int h)
{
	canvas_across(c, x, x + w - 1, y, COLOUR_NONE);
	canvas_across(c, x, x + w - 1, y + h - 1, COLOUR_NONE);
	canvas_down(c, x, y, y + h - 1, COLOUR_NONE);
	canvas_down(c, x + w - 1, y, y + h - 1, COLOUR_NONE);
}

static void draw_row(struct drawing *d, struct canvas *c, size_t row, int x, int y, int w)
{
	const struct text_row *t = &d->rows[row];
	const struct layout_box *b = &d->l.boxes[d->l.rows[row].box];
	int name = d->names[d->l.rows[row].box], room = w - 2 * PAD;

	/* The name comes first, but not alone. */
	if (t->details[0] && name > room - 2 - room / 3)
		name = max(room - 2 - room / 3,
			   max(1, (int)text_width(t->name)) < room / 2 ? (int)text_width(t->name) : 1);
	d->n_cut += !canvas_text(c, x + PAD, y, t->details[0] ? name : room, t->name, t->colour);
	if (row + 1 < b->first + b->n && d->rows[row + 1].is_port)
		for (int i = 1; i < d->l.rows[row + 1].y - d->l.rows[row].y; i++)
			(void)canvas_text(c, x + PAD, y + i, 1, d->style->ascii ? "|" : "│", COLOUR_NONE);
	for (size_t i = 0; t->details[i]; i++)
		d->n_cut += !canvas_text(c, x + PAD + name + 2, y + (int)i, room - name - 2, t->details[i], t->colour);
}

static void draw_box(struct drawing *d, struct canvas *c, size_t box)
{
	const struct layout_box *b = &d->l.boxes[box];
	const struct layout_part *p = &d->l.parts[b->part];
	int x = p->x + b->x, y = p->y + b->y, w = p->column_w[b->column];

	if (!d->titles[box]) {
		d->n_cut += !canvas_text(c, x + 1, y, w - 1, d->rows[b->first].name, COLOUR_FAINT);
		return;
	}
	draw_frame(c, x, y, w, b->h);
	d->n_cut += !canvas_text(c, x + 3, y, w - 6, d->titles[box], COLOUR_STRONG);
	*(&c->cells[y * c->w + x + 2]) = (struct canvas_cell){ .text = " " };
	*(&c->cells[y * c->w + x + 3 + (int)text_width(d->titles[box])]) = (struct canvas_cell){ .text = " " };
	for (size_t i = b->first; i < b->first + b->n; i++)
		draw_row(d, c, i, x, y + d->l.rows[i].y, w);
	if (box >= d->g->n_nodes)
		return;
	for (int i = 1; i < b->foot; i++)
		d->n_cut += !canvas_text(c, x + PAD, y + b->h - 1 - b->foot + i, w - 2 * PAD,
					 text_escape(&d->arena, d->g->nodes[box].gateways[i - 1]), COLOUR_NONE);
}

static void draw_edge(struct drawing *d, struct canvas *c, size_t edge)
{
	const struct layout_edge *e = &d->l.edges[edge];
	const struct route *r = &d->routes[edge];
	const struct layout_part *p = &d->l.parts[d->l.boxes[d->l.rows[e->row[0]].box].part];
	int x[2], left = p->x + p->channel_x[e->channel] - 1, right = left + p->channel_w[e->channel] + 1;

	if (r->dropped) {
		d->n_dropped++;
		return;
	}
	if (r->straight) {
		canvas_across(c, left, right, p->y + r->y[0], d->colours[edge]);
		return;
	}
	x[0] = left + 1 + d->track_x[edge];
	x[1] = r->bent ? left + 1 + d->other_x[edge] : x[0];
	for (int end = 0; end < 2; end++) {
		canvas_down(c, x[end], p->y + r->y[end], p->y + (r->bent ? r->bend : r->y[!end]), d->colours[edge]);
		canvas_across(c, x[end], r->right[end] ? right : left, p->y + r->y[end], d->colours[edge]);
	}
	if (r->bent)
		canvas_across(c, x[0], x[1], p->y + r->bend, d->colours[edge]);
}

static void say_left_out(struct drawing *d, FILE *out)
{
	const char *arrow = d->style->ascii ? "<=>" : "⇄";

	if (d->n_dropped)
		fputs("\nnot drawn:\n", out);
	for (size_t i = 0; i < d->g->n_cables && d->n_dropped; i++) {
		const struct graph_cable *c = &d->g->cables[i];

		if (!d->routes[i].dropped)
			continue;
		fprintf(out, "  %s %s %s\n", graph_place(&d->arena, d->g, c->from), arrow,
			c->to == GRAPH_NONE ? graph_far(&d->arena, c) : graph_place(&d->arena, d->g, c->to));
	}
	if (d->n_cut)
		fprintf(out, "\n%s cut off at %zu columns; a wider terminal shows more, --format svg everything\n",
			text_count(&d->arena, d->n_cut, "text is", "texts are"), d->style->width);
}

void graph_text(const struct graph *g, const struct graph_style *style, FILE *out)
{
	struct drawing d = { .g = g, .style = style };
	struct canvas c;
	int w, h;

	prepare(&d);
	for (size_t i = 0; i < d.l.n_parts; i++)
		choose(&d, &d.l.parts[i]);
	layout_pack(&d.l, (int)style->width, 2, 1, &w, &h);
	canvas_init(&c, w, h, style->ascii);
	for (size_t i = 0; i < d.l.n_boxes; i++)
		draw_box(&d, &c, i);
	for (size_t i = 0; i < d.l.n_edges; i++)
		draw_edge(&d, &c, i);
	canvas_print(&c, style->colours, out);
	say_left_out(&d, out);
	canvas_done(&c);
	arena_done(&d.arena);
}
