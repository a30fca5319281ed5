/* SPDX-License-Identifier: MIT */
/* graph_layout_order.c - orders the boxes of a layer by where the boxes beside them are, so that few edges cross. */
#include "graph_layout.h"

enum {
	SWEEPS = 12,
	COUNTED_MAX = 1500, /* crossings of more edges are not counted: it takes the square of their number */
};

/* Where an end of an edge is in its layer. */
static double place(const struct layout *l, size_t row)
{
	const struct layout_box *b = &l->boxes[l->rows[row].box];

	return (double)b->pos + ((double)(row - b->first) + 0.5) / (double)(b->n + 1);
}

static size_t end_in(const struct layout *l, const struct layout_edge *e, size_t layer)
{
	return l->boxes[l->rows[e->row[0]].box].layer == layer ? 0 : 1;
}

static size_t crossings(const struct layout *l, const struct layout_part *p)
{
	struct arena a = {};
	double *ends = arena_alloc(&a, 2 * (l->n_edges + 1) * sizeof(*ends));
	size_t n_crossings = 0;

	for (size_t layer = 0; layer + 1 < p->n_layers; layer++) {
		size_t n = 0;

		for (size_t i = p->layers[layer]; i < p->layers[layer + 1]; i++)
			for (size_t k = l->edges_of[l->order[i]]; k < l->edges_of[l->order[i] + 1]; k++) {
				const struct layout_edge *e = &l->edges[l->of_box[k]];
				size_t end = end_in(l, e, layer);

				if (l->boxes[l->rows[e->row[!end]].box].layer != layer + 1)
					continue;
				ends[2 * n] = place(l, e->row[end]);
				ends[2 * n++ + 1] = place(l, e->row[!end]);
			}
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < i; k++)
				n_crossings += (ends[2 * i] - ends[2 * k]) * (ends[2 * i + 1] - ends[2 * k + 1]) < 0;
	}
	arena_done(&a);
	return n_crossings;
}

struct wish {
	double at;
	size_t box, pos;
};

static int compare(const void *a, const void *b)
{
	const struct wish *x = a, *y = b;

	if (x->at < y->at || x->at > y->at)
		return x->at < y->at ? -1 : 1;
	return x->pos < y->pos ? -1 : x->pos > y->pos;
}

/* Orders a layer by the means of the places that its edges to layer @by lead to. */
static void sort_by(struct layout *l, const struct layout_part *p, size_t layer, size_t by)
{
	size_t first = p->layers[layer], n = p->layers[layer + 1] - first;
	struct wish *wishes = must(calloc(n, sizeof(*wishes)));

	for (size_t i = 0; i < n; i++) {
		size_t box = l->order[first + i], among = 0;
		double sum = 0;

		for (size_t k = l->edges_of[box]; k < l->edges_of[box + 1]; k++) {
			const struct layout_edge *e = &l->edges[l->of_box[k]];
			size_t end = end_in(l, e, by);

			if (l->boxes[l->rows[e->row[end]].box].layer != by)
				continue;
			sum += place(l, e->row[end]);
			among++;
		}
		wishes[i] = (struct wish){ among ? sum / (double)among : (double)i, box, i };
	}
	qsort(wishes, n, sizeof(*wishes), compare);
	for (size_t i = 0; i < n; i++) {
		l->order[first + i] = wishes[i].box;
		l->boxes[wishes[i].box].pos = i;
	}
	free(wishes);
}

static void apply(struct layout *l, const struct layout_part *p, const size_t *order)
{
	memcpy(l->order + p->first, order, p->n * sizeof(*order));
	for (size_t i = 0; i < p->n_layers; i++)
		for (size_t k = p->layers[i]; k < p->layers[i + 1]; k++)
			l->boxes[l->order[k]].pos = k - p->layers[i];
}

void layout_order(struct layout *l, struct layout_part *p)
{
	struct arena a = {};
	size_t *best = arena_alloc(&a, (p->n + 1) * sizeof(*best)), fewest, n_edges = 0;

	for (size_t i = p->first; i < p->first + p->n; i++)
		n_edges += l->edges_of[l->order[i] + 1] - l->edges_of[l->order[i]];
	memcpy(best, l->order + p->first, p->n * sizeof(*best));
	fewest = n_edges > COUNTED_MAX ? SIZE_MAX : crossings(l, p);
	for (size_t sweep = 0; sweep < SWEEPS && fewest; sweep++) {
		size_t now;

		for (size_t i = 1; i < p->n_layers; i++)
			if (sweep % 2)
				sort_by(l, p, p->n_layers - 1 - i, p->n_layers - i);
			else
				sort_by(l, p, i, i - 1);
		now = n_edges > COUNTED_MAX ? SIZE_MAX - 1 - sweep : crossings(l, p);
		if (now >= fewest)
			continue;
		fewest = now;
		memcpy(best, l->order + p->first, p->n * sizeof(*best));
	}
	apply(l, p, best);
	arena_done(&a);
}
