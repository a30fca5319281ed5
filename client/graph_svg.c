/* SPDX-License-Identifier: MIT */
/* graph_svg.c - draws a graph as SVG: a box for each namespace, with a row for each interface, and curves for cables. */
#include "graph_svg.h"
#include "graph_layout.h"
#include "graph_svg_css.h"
#include "text.h"

/* Pixels; a character is at most as wide as this in any usual monospaced font of that size. */
enum {
	CHAR = 15, /* half a pixel each */
	TITLE_CHAR = 17,
	ROW = 20,
	LINE = 17,
	HEAD = 34,
	FOOT = 10,
	PAD = 14,
	DOT = 16,    /* the room of the state, before the name */
	INDENT = 16, /* of a port, below its bridge */
	GAP = 16,    /* between the name and what is beside it */
	MARGIN = 24,
	CHANNEL = 76,
	OUTER = 60,
	WIDE = 1700, /* a part that is wider, and not high, is folded */
	LEAVES = 14, /* so many boxes behind one are in one column; more are in several */
	MANY_LEAVES = 40,
	BANDS_TRIED = 50,
};

struct svg_row {
	const char *name, **details;
	enum graph_state state;
	int indent;
};

struct picture {
	const struct graph *g;
	struct arena arena;
	struct layout l;
	struct svg_row *rows; /* of l.rows; name NULL: a cable passes by */
	const char **titles;  /* of l.boxes; NULL: no namespace */
	int *names;           /* of l.boxes: where in it what is beside the names begins */
	size_t *cable_of;     /* of l.edges */
	size_t *row_of;       /* of interfaces */
	size_t *leaves;       /* of nodes: how many have this one beside them, and no other */
	size_t *leaf_number;  /* of nodes: which of these it is; GRAPH_NONE */
	int w, h;
};

static int max(int a, int b)
{
	return a > b ? a : b;
}

static int width(const char *s, int half_pixels)
{
	return ((int)text_width(s) * half_pixels + 1) / 2;
}

static const char *quote(char c)
{
	static const struct {
		char c;
		const char *text;
	} entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" } };

	for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
		if (entities[i].c == c)
			return entities[i].text;
	return NULL;
}

static size_t add_box(struct picture *p, struct layout_box box)
{
	box.first = p->l.n_rows;
	p->l.boxes[p->l.n_boxes] = box;
	return p->l.n_boxes++;
}

static void add_row(struct picture *p, size_t box, int h, struct svg_row row)
{
	p->l.rows[p->l.n_rows] = (struct layout_row){ .box = box, .h = h, .at = h < ROW ? h / 2 : ROW / 2 };
	p->rows[p->l.n_rows++] = row;
	p->l.boxes[box].n++;
}

static void add_interface(struct picture *p, size_t box, size_t i)
{
	const struct graph_interface *in = &p->g->interfaces[i];
	const char **lines = graph_interface_lines(&p->arena, in);
	bool is_port = in->master != GRAPH_NONE && p->g->interfaces[in->master].node == in->node;
	struct svg_row row = { lines[0], lines + 1, in->state, is_port ? INDENT : 0 };
	int n = 0;

	while (row.details[n])
		n++;
	p->row_of[i] = p->l.n_rows;
	p->names[box] = max(p->names[box], PAD + DOT + row.indent + width(row.name, CHAR) + (n ? GAP : 0));
	add_row(p, box, ROW + max(n - 1, 0) * LINE, row);
}

static void add_node(struct picture *p, size_t n)
{
	const struct graph_node *node = &p->g->nodes[n];
	const char **lines = graph_node_lines(&p->arena, node);
	size_t box = add_box(p, (struct layout_box){ .head = HEAD, .foot = FOOT });
	struct layout_box *b = &p->l.boxes[box];

	p->titles[box] = lines[0];
	b->w = 2 * PAD + width(lines[0], TITLE_CHAR);
	for (size_t i = 1; lines[i]; i++) {
		b->w = max(b->w, 2 * PAD + width(lines[i], CHAR));
		b->foot += LINE;
	}
	for (size_t i = node->first; i < node->first + node->n; i++)
		if (graph_is_shown(&p->g->interfaces[i]))
			add_interface(p, box, i);
	for (size_t i = b->first; i < b->first + b->n; i++)
		for (size_t k = 0; p->rows[i].details[k]; k++)
			b->w = max(b->w, p->names[box] + width(p->rows[i].details[k], CHAR) + PAD);
	b->w = max(b->w, p->names[box] + PAD);
	if (!b->n)
		b->foot += max(0, FOOT - b->foot);
}

static void add_edge(struct picture *p, size_t from, size_t to, size_t cable)
{
	p->cable_of[p->l.n_edges] = cable;
	p->l.edges[p->l.n_edges++].row[0] = from;
	p->l.edges[p->l.n_edges - 1].row[1] = to;
}

/* How many columns further away than the others a leaf is. */
static size_t steps_to(const struct picture *p, size_t node, size_t hub)
{
	size_t n = p->leaves[hub];

	if (p->leaf_number[node] == GRAPH_NONE || n <= LEAVES)
		return 0;
	return p->leaf_number[node] / 2 % (n > MANY_LEAVES ? 3 : 2);
}

/* A cable to a leaf that is further away passes others in places of its own. */
static void add_cable(struct picture *p, size_t n)
{
	const struct graph_cable *c = &p->g->cables[n];
	static const char *nothing[] = { NULL };
	size_t from = p->row_of[c->from], to, a = p->g->interfaces[c->from].node, b;

	if (c->to == GRAPH_NONE) {
		const char *far = graph_far(&p->arena, c);
		size_t box = add_box(p, (struct layout_box){ .w = width(far, CHAR) + 2 * PAD });

		add_row(p, box, ROW, (struct svg_row){ far, nothing, GRAPH_FOREIGN, 0 });
		add_edge(p, from, p->l.n_rows - 1, n);
		return;
	}
	to = p->row_of[c->to];
	b = p->g->interfaces[c->to].node;
	for (size_t i = steps_to(p, a, b) + steps_to(p, b, a); i > 0; i--) {
		size_t box = add_box(p, (struct layout_box){ .w = PAD });

		add_row(p, box, PAD / 2, (struct svg_row){ NULL, nothing, GRAPH_UP, 0 });
		/* From the one with many around it outwards. */
		if (steps_to(p, a, b)) {
			add_edge(p, p->l.n_rows - 1, to, n);
			to = p->l.n_rows - 1;
		} else {
			add_edge(p, from, p->l.n_rows - 1, n);
			from = p->l.n_rows - 1;
		}
	}
	add_edge(p, from, to, n);
}

/* Finds the namespaces with one cable, and how many of them are behind one. */
static void find_leaves(struct picture *p)
{
	const struct graph *g = p->g;
	size_t *n = arena_alloc(&p->arena, (g->n_nodes + 1) * sizeof(*n)),
	       *other = arena_alloc(&p->arena, (g->n_nodes + 1) * sizeof(*n));

	p->leaves = arena_alloc(&p->arena, (g->n_nodes + 1) * sizeof(*p->leaves));
	p->leaf_number = arena_alloc(&p->arena, (g->n_nodes + 1) * sizeof(*p->leaf_number));
	for (size_t i = 0; i < g->n_cables; i++) {
		size_t a = g->interfaces[g->cables[i].from].node, b;

		n[a]++;
		if (g->cables[i].to == GRAPH_NONE)
			continue;
		b = g->interfaces[g->cables[i].to].node;
		n[b]++;
		other[a] = b;
		other[b] = a;
	}
	for (size_t i = 0; i < g->n_nodes; i++) {
		bool is_leaf = n[i] == 1 && n[other[i]] > 1;

		p->leaf_number[i] = is_leaf ? p->leaves[other[i]]++ : GRAPH_NONE;
	}
}

static void prepare(struct picture *p, const struct graph *g)
{
	size_t n_boxes = g->n_nodes + 2 * g->n_cables + 1, n_rows = g->n_interfaces + 2 * g->n_cables + 1;
	struct arena *a = &p->arena;

	*p = (struct picture){ .g = g };
	p->l = (struct layout){ .arena = a, .gap_y = 18, .band_gap = 56, .both_sides = true, .level = true };
	p->l.boxes = arena_alloc(a, n_boxes * sizeof(*p->l.boxes));
	p->titles = arena_alloc(a, n_boxes * sizeof(*p->titles));
	p->names = arena_alloc(a, n_boxes * sizeof(*p->names));
	p->l.rows = arena_alloc(a, n_rows * sizeof(*p->l.rows));
	p->rows = arena_alloc(a, n_rows * sizeof(*p->rows));
	p->row_of = arena_alloc(a, n_rows * sizeof(*p->row_of));
	p->l.edges = arena_alloc(a, (3 * g->n_cables + 1) * sizeof(*p->l.edges));
	p->cable_of = arena_alloc(a, (3 * g->n_cables + 1) * sizeof(*p->cable_of));
	find_leaves(p);
	for (size_t i = 0; i < g->n_nodes; i++)
		add_node(p, i);
	for (size_t i = 0; i < g->n_cables; i++)
		add_cable(p, i);
	layout_layers(&p->l);
}

static void place_part(struct picture *p, struct layout_part *part, size_t columns)
{
	size_t *n;

	layout_place(&p->l, part, columns);
	n = arena_alloc(&p->arena, (part->columns + 1) * sizeof(*n));
	for (size_t i = part->first; i < part->first + part->n; i++)
		for (size_t k = p->l.edges_of[p->l.order[i]]; k < p->l.edges_of[p->l.order[i] + 1]; k++)
			n[p->l.edges[p->l.of_box[k]].channel]++;
	for (size_t i = 0; i <= part->columns; i++) {
		bool outer = i == 0 || i == part->columns;

		/* Each edge was counted at both ends. */
		part->channel_w[i] = outer ? (n[i] ? OUTER : 0) : CHANNEL + (n[i] / 2 > 40 ? 120 : (int)n[i] * 3 / 2);
	}
	layout_widths(&p->l, part);
}

/* In as many columns as it has layers; if that is too wide, in as many as make it look like a page. */
static void choose(struct picture *p, struct layout_part *part)
{
	size_t best = part->n_layers;
	double nearest = 1e9;

	place_part(p, part, best);
	if (part->w <= WIDE || part->w * 5 < part->h * 12)
		return;
	for (size_t bands = 2; bands <= BANDS_TRIED && 2 * bands <= part->n_layers; bands++) {
		size_t columns = (part->n_layers + bands - 1) / bands;
		double ratio, off;

		place_part(p, part, columns);
		ratio = (double)part->w / (1.6 * part->h);
		off = ratio < 1 ? 1 / ratio : ratio;
		if (off < nearest) {
			nearest = off;
			best = columns;
		}
	}
	place_part(p, part, best);
}

static void arrange(struct picture *p)
{
	double area = 0;
	int widest = 0, side = 0;

	for (size_t i = 0; i < p->l.n_parts; i++) {
		struct layout_part *part = &p->l.parts[i];

		choose(p, part);
		area += ((double)part->w + 40) * (part->h + 40);
		widest = max(widest, part->w);
	}
	while ((double)side * side < area * 1.6)
		side += 10;
	layout_pack(&p->l, max(widest, side), 40, 40, &p->w, &p->h);
	p->w += 2 * MARGIN;
	p->h += 2 * MARGIN;
}

void svg_text(FILE *out, const char *s)
{
	graph_put(out, s, quote);
}

static void draw_text(FILE *out, const char *class, int x, int y, const char *s)
{
	fprintf(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
	svg_text(out, s);
	fputs("</text>", out);
}

static void draw_row(const struct picture *p, size_t row, int x, int y, FILE *out)
{
	const struct svg_row *r = &p->rows[row];
	size_t box = p->l.rows[row].box;

	y += p->l.rows[row].y;
	fprintf(out, "<g class=\"if %s\">", graph_state_word(r->state));
	if (r->indent)
		fprintf(out, "<path class=\"tree\" d=\"M%d %dv%dh%d\"/>", x + PAD + 4,
			y + ROW / 2 - (p->l.rows[row].y - p->l.rows[row - 1].y) + (p->rows[row - 1].indent ? 0 : 8),
			p->l.rows[row].y - p->l.rows[row - 1].y - (p->rows[row - 1].indent ? 0 : 8), INDENT - 4);
	fprintf(out, "<circle cx=\"%d\" cy=\"%d\" r=\"4\"/>", x + PAD + 4 + r->indent, y + ROW / 2);
	draw_text(out, "name", x + PAD + DOT + r->indent, y + 14, r->name);
	for (size_t i = 0; r->details[i]; i++)
		draw_text(out, "detail", x + p->names[box], y + 14 + (int)i * LINE, r->details[i]);
	fputs("</g>\n", out);
}

static void draw_box(struct picture *p, size_t box, FILE *out)
{
	const struct layout_box *b = &p->l.boxes[box];
	const struct layout_part *part = &p->l.parts[b->part];
	const struct graph_node *node = &p->g->nodes[box];
	int x = MARGIN + part->x + b->x, y = MARGIN + part->y + b->y, w = part->column_w[b->column];

	if (!p->titles[box]) {
		if (p->rows[b->first].name)
			draw_text(out, "far", x + PAD, y + 14, p->rows[b->first].name);
		return;
	}
	fprintf(out,
		"<g class=\"ns %s\" data-ns=\"%zu\">\n<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>",
		graph_state_word(node->state), box, x, y, w, b->h);
	draw_text(out, "title", x + PAD, y + 21, p->titles[box]);
	if (b->n)
		fprintf(out, "<path class=\"line\" d=\"M%d %dh%d\"/>", x, y + HEAD - 4, w);
	putc('\n', out);
	for (size_t i = b->first; i < b->first + b->n; i++)
		draw_row(p, i, x, y, out);
	for (size_t i = 0; node->gateways[i]; i++)
		draw_text(out, "route", x + PAD, y + b->h - b->foot + 14 + (int)i * LINE,
			  text_escape(&p->arena, node->gateways[i]));
	fputs("</g>\n", out);
}

/* An edge leaves its boxes at right angles, and bends as much as its channel has room for. */
static void draw_edge(const struct picture *p, const struct layout_edge *e, FILE *out)
{
	const struct layout_part *part = &p->l.parts[p->l.boxes[p->l.rows[e->row[0]].box].part];
	int left = MARGIN + part->x + part->channel_x[e->channel], right = left + part->channel_w[e->channel];
	int y[2], x[2], bend;

	for (int end = 0; end < 2; end++) {
		y[end] = MARGIN + part->y + layout_end_y(&p->l, e, end);
		x[end] = e->side[end] > 0 ? left : right;
	}
	bend = part->channel_w[e->channel] / 2;
	if (e->side[0] == e->side[1])
		bend = 16 + (abs(y[1] - y[0]) < 400 ? abs(y[1] - y[0]) / 8 : 50);
	fprintf(out, "M%d %dC%d %d %d %d %d %d", x[0], y[0], x[0] + e->side[0] * bend, y[0], x[1] + e->side[1] * bend,
		y[1], x[1], y[1]);
	/* Where a cable passes other boxes there is a place for it. */
	for (int end = 0; end < 2; end++)
		if (!p->rows[e->row[end]].name)
			fprintf(out, "M%d %dh%d", x[end], y[end],
				-e->side[end] * part->column_w[p->l.boxes[p->l.rows[e->row[end]].box].column]);
}

static void draw_cable(struct picture *p, size_t n, size_t *edge, FILE *out)
{
	const struct graph_cable *c = &p->g->cables[n];

	fprintf(out, "<path class=\"cable %s\" data-a=\"%zu\" data-b=\"%zu\" d=\"", graph_state_word(c->state),
		p->g->interfaces[c->from].node,
		c->to == GRAPH_NONE ? p->g->interfaces[c->from].node : p->g->interfaces[c->to].node);
	for (; *edge < p->l.n_edges && p->cable_of[*edge] == n; ++*edge)
		draw_edge(p, &p->l.edges[*edge], out);
	fputs("\"><title>", out);
	svg_text(out, graph_place(&p->arena, p->g, c->from));
	fprintf(out, " %s ", c->label ?: "⇄");
	svg_text(out, c->to == GRAPH_NONE ? graph_far(&p->arena, c) : graph_place(&p->arena, p->g, c->to));
	fputs("</title></path>\n", out);
}

void svg_write(const struct graph *g, const char *style, FILE *out)
{
	struct picture p;
	size_t edge = 0;

	prepare(&p, g);
	arrange(&p);
	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n"
		"<title>Network namespaces</title>\n",
		p.w, p.h, p.w, p.h);
	if (style)
		fprintf(out, "<style>\n%s</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", style, p.w,
			p.h);
	fputs("<g class=\"cables\">\n", out);
	for (size_t i = 0; i < g->n_cables; i++)
		draw_cable(&p, i, &edge, out);
	fputs("</g>\n", out);
	for (size_t i = 0; i < p.l.n_boxes; i++)
		draw_box(&p, i, out);
	fputs("</svg>\n", out);
	arena_done(&p.arena);
}

void graph_svg(const struct graph *g, _unused_ const struct graph_style *style, FILE *out)
{
	svg_write(g, svg_css, out);
}
