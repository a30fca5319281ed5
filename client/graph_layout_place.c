/* SPDX-License-Identifier: MIT */
/* graph_layout_place.c - gives boxes their place: columns, heights next to what they are connected with, widths. */
#include "graph_layout.h"
#include <limits.h>

enum { SWEEPS = 8 };

#define UNANCHORED 1e-6 /* the weight of what nothing pulls */

/* Items in a column, one below the other: each as near to its wish as the others allow, in their order. */
struct stack {
	size_t n;
	double *wish, *weight, *offset; /* offset: its distance from the first, at least */
	double *at;                     /* result */
	struct {
		double sum, weight;
		size_t end;
	} *blocks;
};

static double nearest(double x)
{
	return (double)(long)(x < 0 ? x - 0.5 : x + 0.5);
}

static void stack_init(struct stack *s, struct arena *a, size_t room)
{
	*s = (struct stack){
		.wish = arena_alloc(a, (room + 1) * sizeof(double)),
		.weight = arena_alloc(a, (room + 1) * sizeof(double)),
		.offset = arena_alloc(a, (room + 1) * sizeof(double)),
		.at = arena_alloc(a, (room + 1) * sizeof(double)),
		.blocks = arena_alloc(a, (room + 1) * sizeof(*s->blocks)),
	};
}

/* Those that would overlap are joined and placed at the mean of their wishes: least squares, by pooling adjacent
 * violators. */
static void stack_settle(struct stack *s)
{
	size_t n = 0, first = 0;

	for (size_t i = 0; i < s->n; i++) {
		double wish = s->wish[i] - s->offset[i];

		s->blocks[n].sum = wish * s->weight[i];
		s->blocks[n].weight = s->weight[i];
		s->blocks[n++].end = i + 1;
		while (n > 1 && s->blocks[n - 2].sum / s->blocks[n - 2].weight >
					s->blocks[n - 1].sum / s->blocks[n - 1].weight) {
			s->blocks[n - 2].sum += s->blocks[n - 1].sum;
			s->blocks[n - 2].weight += s->blocks[n - 1].weight;
			s->blocks[n - 2].end = s->blocks[n - 1].end;
			n--;
		}
	}
	for (size_t b = 0; b < n; first = s->blocks[b++].end)
		for (size_t i = first; i < s->blocks[b].end; i++)
			s->at[i] = nearest(s->blocks[b].sum / s->blocks[b].weight) + s->offset[i];
}

/* Puts the rows of a box one below the other. */
static void compact(struct layout *l, struct layout_box *b)
{
	b->h = b->head;
	for (size_t i = b->first; i < b->first + b->n; i++) {
		l->rows[i].y = b->h;
		b->h += l->rows[i].h;
	}
	b->h += b->foot;
}

/* Moves the boxes of a layer towards those that they are connected with in the same band: in layer @by, or in any if it
 * is LAYOUT_NONE. */
static void settle_layer(struct layout *l, const struct layout_part *p, size_t layer, size_t by)
{
	struct arena a = {};
	struct stack s;
	double offset = 0;

	stack_init(&s, &a, p->layers[layer + 1] - p->layers[layer]);
	for (size_t i = p->layers[layer]; i < p->layers[layer + 1]; i++) {
		size_t box = l->order[i], n = 0;
		struct layout_box *b = &l->boxes[box];
		double sum = 0;

		for (size_t k = l->edges_of[box]; k < l->edges_of[box + 1]; k++) {
			const struct layout_edge *e = &l->edges[l->of_box[k]];
			int end = l->rows[e->row[0]].box != box;
			const struct layout_box *other = &l->boxes[l->rows[e->row[!end]].box];

			if (other == b || other->band != b->band || other->layer == layer ||
			    (by != LAYOUT_NONE && other->layer != by))
				continue;
			sum += layout_end_y(l, e, !end) - (layout_end_y(l, e, end) - b->y);
			n++;
		}
		s.wish[s.n] = n ? sum / (double)n : b->y;
		s.weight[s.n] = n ? (double)n : UNANCHORED;
		s.offset[s.n++] = offset;
		offset += b->h + l->gap_y;
	}
	stack_settle(&s);
	for (size_t i = 0; i < s.n; i++)
		l->boxes[l->order[p->layers[layer] + i]].y = (int)s.at[i];
	arena_done(&a);
}

/* The edge of a row to a box in the next layer that has no other one in this; NULL. */
static const struct layout_edge *anchor(const struct layout *l, const size_t *edge_of_row, size_t row, int *ret_end)
{
	const struct layout_edge *e = edge_of_row[row] == LAYOUT_NONE ? NULL : &l->edges[edge_of_row[row]];
	const struct layout_box *b = &l->boxes[l->rows[row].box], *other;
	size_t n = 0, box;

	if (!e)
		return NULL;
	*ret_end = e->row[0] == row;
	box = l->rows[e->row[*ret_end]].box;
	other = &l->boxes[box];
	if (other->layer != b->layer + 1 || other->band != b->band)
		return NULL;
	for (size_t k = l->edges_of[box]; k < l->edges_of[box + 1]; k++)
		n += l->boxes[layout_other(l, l->of_box[k], box)].layer <= other->layer;
	return n == 1 ? e : NULL;
}

static void item_add(struct stack *s, double offset, double wish)
{
	s->offset[s->n] = offset;
	s->wish[s->n] = wish;
	s->weight[s->n++] = UNANCHORED;
}

/* Adds the rows of a box: an item begins at each row with an anchor, but the first also has those before it. */
static void stack_box(struct layout *l, struct stack *s, const struct layout_box *b, const size_t *edge_of_row,
		      bool *begins, double *offset)
{
	*offset += b->head;
	if (!b->n)
		item_add(s, *offset, b->y + b->head);
	for (size_t k = b->first; k < b->first + b->n; k++) {
		int end = 0;
		const struct layout_edge *e = anchor(l, edge_of_row, k, &end);

		begins[k] = k == b->first || (e && s->weight[s->n - 1] > UNANCHORED);
		if (begins[k])
			item_add(s, *offset, b->y + l->rows[k].y);
		if (e) {
			s->wish[s->n - 1] = layout_end_y(l, e, end) - l->rows[k].at - (*offset - s->offset[s->n - 1]);
			s->weight[s->n - 1] = 1;
		}
		*offset += l->rows[k].h;
	}
	*offset += b->foot + l->gap_y;
}

/* Spreads the rows of the boxes of a layer, so that those of the next layer are opposite. */
static void stretch_layer(struct layout *l, const struct layout_part *p, size_t layer, const size_t *edge_of_row)
{
	struct arena a = {};
	struct stack s;
	size_t n_rows = 0, n = 0;
	double offset = 0;
	bool *begins = arena_alloc(&a, (l->n_rows + 1) * sizeof(*begins));

	for (size_t i = p->layers[layer]; i < p->layers[layer + 1]; i++)
		n_rows += l->boxes[l->order[i]].n + 1;
	stack_init(&s, &a, n_rows);
	for (size_t i = p->layers[layer]; i < p->layers[layer + 1]; i++)
		stack_box(l, &s, &l->boxes[l->order[i]], edge_of_row, begins, &offset);
	stack_settle(&s);
	for (size_t i = p->layers[layer]; i < p->layers[layer + 1]; i++) {
		struct layout_box *b = &l->boxes[l->order[i]];
		int y = b->head;

		b->y = (int)s.at[n] - b->head;
		n += !b->n;
		for (size_t k = b->first; k < b->first + b->n; k++) {
			if (begins[k])
				y = (int)s.at[n++] - b->y;
			l->rows[k].y = y;
			y += l->rows[k].h;
		}
		b->h = y + b->foot;
	}
	arena_done(&a);
}

static void stretch(struct layout *l, const struct layout_part *p)
{
	struct arena a = {};
	size_t *edge_of_row = arena_alloc(&a, (l->n_rows + 1) * sizeof(*edge_of_row));

	for (size_t i = 0; i < l->n_rows; i++)
		edge_of_row[i] = LAYOUT_NONE;
	for (size_t i = p->first; i < p->first + p->n; i++)
		for (size_t k = l->edges_of[l->order[i]]; k < l->edges_of[l->order[i] + 1]; k++)
			for (int end = 0; end < 2; end++)
				edge_of_row[l->edges[l->of_box[k]].row[end]] = l->of_box[k];
	for (size_t layer = p->n_layers - 1; layer-- > 0;) {
		settle_layer(l, p, layer, layer + 1);
		stretch_layer(l, p, layer, edge_of_row);
	}
	arena_done(&a);
}

static int band_height(const struct layout *l, const struct layout_part *p, size_t band, int move)
{
	int top = INT_MAX, bottom = INT_MIN;

	for (size_t i = p->first; i < p->first + p->n; i++) {
		const struct layout_box *b = &l->boxes[l->order[i]];

		if (b->band != band)
			continue;
		top = b->y < top ? b->y : top;
		bottom = b->y + b->h > bottom ? b->y + b->h : bottom;
	}
	for (size_t i = p->first; i < p->first + p->n; i++)
		if (l->boxes[l->order[i]].band == band)
			l->boxes[l->order[i]].y += move - top;
	return bottom - top;
}

/* Folds the layers into columns: each band goes the other way, upside down, so that edges where bands turn are inside
 * each other. */
static size_t fold(struct layout *l, struct layout_part *p, size_t columns)
{
	size_t bands = (p->n_layers + columns - 1) / columns, *boxes = must(calloc(p->n, sizeof(*boxes)));

	p->columns = (p->n_layers + bands - 1) / bands;
	for (size_t i = p->first; i < p->first + p->n; i++) {
		struct layout_box *b = &l->boxes[l->order[i]];

		b->band = b->layer / p->columns;
		b->column = b->layer % p->columns;
		if (b->band % 2)
			b->column = p->columns - 1 - b->column;
	}
	memcpy(boxes, l->order + p->first, p->n * sizeof(*boxes));
	for (size_t i = 0; i < p->n; i++) {
		const struct layout_box *b = &l->boxes[boxes[i]];
		size_t first = p->layers[b->layer], last = p->layers[b->layer + 1] - 1;

		l->order[b->band % 2 ? last - b->pos : first + b->pos] = boxes[i];
	}
	free(boxes);
	return (p->n_layers + p->columns - 1) / p->columns;
}

/* An edge goes through the channel between its columns; within one column, through that where the bands turn. */
static void place_edge(struct layout *l, const struct layout_part *p, struct layout_edge *e)
{
	const struct layout_box *b[2] = { &l->boxes[l->rows[e->row[0]].box], &l->boxes[l->rows[e->row[1]].box] };
	size_t first = b[0]->band < b[1]->band ? b[0]->band : b[1]->band;
	bool turns_left = b[0]->band != b[1]->band && first % 2 && p->columns > 1;

	if (b[0]->column != b[1]->column)
		e->channel = (b[0]->column > b[1]->column ? b[0]->column : b[1]->column);
	else
		e->channel = b[0]->column + !turns_left;
	for (int end = 0; end < 2; end++)
		e->side[end] = e->channel == b[end]->column ? -1 : 1;
}

void layout_place(struct layout *l, struct layout_part *p, size_t columns)
{
	size_t bands = fold(l, p, columns);

	for (size_t layer = 0; layer < p->n_layers; layer++) {
		int y = 0;

		for (size_t i = p->layers[layer]; i < p->layers[layer + 1]; i++) {
			struct layout_box *b = &l->boxes[l->order[i]];

			compact(l, b);
			b->y = y;
			y += b->h + l->gap_y;
		}
	}
	for (size_t sweep = 0; sweep < SWEEPS; sweep++)
		for (size_t i = 0; i < p->n_layers; i++)
			settle_layer(l, p, sweep % 2 ? p->n_layers - 1 - i : i,
				     sweep + 2 >= SWEEPS ? LAYOUT_NONE
				     : sweep % 2         ? p->n_layers - i
							 : i - 1);
	if (l->stretch)
		stretch(l, p);
	if (l->level && p->n == p->n_layers)
		for (size_t i = p->first; i < p->first + p->n; i++)
			l->boxes[l->order[i]].y = 0;
	p->h = 0;
	for (size_t band = 0; band < bands; band++)
		p->h += band_height(l, p, band, p->h + (band ? l->band_gap : 0)) + (band ? l->band_gap : 0);
	for (size_t i = p->first; i < p->first + p->n; i++)
		for (size_t k = l->edges_of[l->order[i]]; k < l->edges_of[l->order[i] + 1]; k++)
			place_edge(l, p, &l->edges[l->of_box[k]]);
	p->column_x = arena_alloc(l->arena, (p->columns + 1) * sizeof(int));
	p->column_w = arena_alloc(l->arena, (p->columns + 1) * sizeof(int));
	p->channel_x = arena_alloc(l->arena, (p->columns + 1) * sizeof(int));
	p->channel_w = arena_alloc(l->arena, (p->columns + 1) * sizeof(int));
	for (size_t i = p->first; i < p->first + p->n; i++) {
		const struct layout_box *b = &l->boxes[l->order[i]];

		if (p->column_w[b->column] < b->w)
			p->column_w[b->column] = b->w;
	}
}

void layout_widths(struct layout *l, struct layout_part *p)
{
	int x = 0;

	for (size_t i = 0; i <= p->columns; i++) {
		p->channel_x[i] = x;
		x += p->channel_w[i];
		p->column_x[i] = x;
		x += i < p->columns ? p->column_w[i] : 0;
	}
	p->w = x;
	for (size_t i = p->first; i < p->first + p->n; i++)
		l->boxes[l->order[i]].x = p->column_x[l->boxes[l->order[i]].column];
}

void layout_pack(struct layout *l, int width, int gap, int gap_y, int *ret_w, int *ret_h)
{
	int x = 0, y = 0, shelf = 0;

	*ret_w = 0;
	for (size_t i = 0; i < l->n_parts; i++) {
		struct layout_part *p = &l->parts[i];

		if (x && x + p->w > width) {
			y += shelf + gap_y;
			x = shelf = 0;
		}
		p->x = x;
		p->y = y;
		x += p->w + gap;
		shelf = p->h > shelf ? p->h : shelf;
		*ret_w = x - gap > *ret_w ? x - gap : *ret_w;
	}
	*ret_h = y + shelf;
}
