/* SPDX-License-Identifier: MIT */
/* graph_layout.c - finds what is connected, and layers in it. */
#include "graph_layout.h"

enum {
	BOTH_SIDES_MIN = 8,
	MIDDLE_MAX = 500, /* the middle of more is not looked for: it takes the square of their number */
};

static size_t box_of(const struct layout *l, size_t edge, int end)
{
	return l->rows[l->edges[edge].row[end]].box;
}

size_t layout_other(const struct layout *l, size_t edge, size_t box)
{
	return box_of(l, edge, 0) == box ? box_of(l, edge, 1) : box_of(l, edge, 0);
}

int layout_end_y(const struct layout *l, const struct layout_edge *e, int end)
{
	const struct layout_row *row = &l->rows[e->row[end]];

	return l->boxes[row->box].y + row->y + row->at;
}

static void find_edges(struct layout *l)
{
	size_t *n = l->edges_of = arena_alloc(l->arena, (l->n_boxes + 2) * sizeof(*n));

	l->of_box = arena_alloc(l->arena, (2 * l->n_edges + 1) * sizeof(*l->of_box));
	for (size_t i = 0; i < l->n_edges; i++)
		for (int end = 0; end < 2; end++)
			n[box_of(l, i, end) + 2]++;
	for (size_t i = 2; i < l->n_boxes + 2; i++)
		n[i] += n[i - 1];
	for (size_t i = 0; i < l->n_edges; i++)
		for (int end = 0; end < 2; end++)
			l->of_box[n[box_of(l, i, end) + 1]++] = i;
}

/* Appends what is connected with @from and in no part yet to the order, nearest first. */
static size_t spread(struct layout *l, size_t from, size_t part, size_t at)
{
	size_t end = at;

	l->boxes[from].part = part;
	l->boxes[from].layer = 0;
	l->order[end++] = from;
	for (; at < end; at++) {
		size_t box = l->order[at];

		for (size_t i = l->edges_of[box]; i < l->edges_of[box + 1]; i++) {
			size_t other = layout_other(l, l->of_box[i], box);

			if (l->boxes[other].part == part)
				continue;
			l->boxes[other].part = part;
			l->boxes[other].layer = l->boxes[box].layer + 1;
			l->order[end++] = other;
		}
	}
	return end;
}

/* How many boxes are beside each. */
static void find_degrees(struct layout *l)
{
	size_t *seen = arena_alloc(l->arena, (l->n_boxes + 1) * sizeof(*seen));

	for (size_t box = 0; box < l->n_boxes; box++)
		for (size_t i = l->edges_of[box]; i < l->edges_of[box + 1]; i++) {
			size_t other = layout_other(l, l->of_box[i], box);

			l->boxes[box].degree += other != box && seen[other] != box + 1;
			seen[other] = box + 1;
		}
}

/* The box that layers are counted from: an end of a chain, else the middle, which is nearest to all others, or of those
 * as near the one with the most others beside it.  Leaves the order as it was, and the part without a number. */
static size_t find_root(struct layout *l, const struct layout_part *p)
{
	size_t *boxes = arena_alloc(l->arena, p->n * sizeof(*boxes)), best = LAYOUT_NONE, depth = SIZE_MAX,
	       end = LAYOUT_NONE;
	bool chain = true;

	memcpy(boxes, l->order + p->first, p->n * sizeof(*boxes));
	for (size_t i = 0; i < p->n; i++) {
		size_t box = boxes[i], degree = l->boxes[box].degree, far = 0;

		chain &= degree <= 2;
		if (degree == 1 && (end == LAYOUT_NONE || box < end))
			end = box;
		for (size_t k = 0; k < p->n; k++)
			l->boxes[boxes[k]].part = LAYOUT_NONE;
		if (p->n <= MIDDLE_MAX) {
			(void)spread(l, box, l->n_parts, p->first);
			far = l->boxes[l->order[p->first + p->n - 1]].layer;
		}
		if (best == LAYOUT_NONE || far < depth ||
		    (far == depth &&
		     (degree > l->boxes[best].degree || (degree == l->boxes[best].degree && box < best)))) {
			best = box;
			depth = far;
		}
	}
	for (size_t k = 0; k < p->n; k++)
		l->boxes[boxes[k]].part = LAYOUT_NONE;
	return chain && end != LAYOUT_NONE ? end : best;
}

/* A box that all others beside it are before goes to the layer before them: the spines of a fabric are one layer. */
static void pull(struct layout *l, const struct layout_part *p)
{
	for (size_t i = p->first; i < p->first + p->n; i++) {
		struct layout_box *b = &l->boxes[l->order[i]];
		bool can = b->layer >= 2 && b->degree > 2;

		for (size_t k = l->edges_of[l->order[i]]; can && k < l->edges_of[l->order[i] + 1]; k++)
			can = l->boxes[layout_other(l, l->of_box[k], l->order[i])].layer + 1 == b->layer;
		if (can)
			b->layer -= 2;
	}
}

/* Collects what hangs together with @from without the first layer, and has no side yet. */
static size_t collect(const struct layout *l, size_t from, int *sides, size_t *group)
{
	size_t n = 0;

	sides[from] = 1;
	group[n++] = from;
	for (size_t g = 0; g < n; g++)
		for (size_t i = l->edges_of[group[g]]; i < l->edges_of[group[g] + 1]; i++) {
			size_t other = layout_other(l, l->of_box[i], group[g]);

			if (!l->boxes[other].layer || sides[other])
				continue;
			sides[other] = 1;
			group[n++] = other;
		}
	return n;
}

/* Moves half of what is around the first layer to its other side. */
static void split(struct layout *l, const struct layout_part *p)
{
	struct arena a = {};
	int *sides = arena_alloc(&a, (l->n_boxes + 1) * sizeof(*sides));
	size_t *group = arena_alloc(&a, (p->n + 1) * sizeof(*group)), n_sides[2] = { 0, 0 }, deepest = 0;

	for (size_t i = p->first; i < p->first + p->n; i++) {
		bool left = n_sides[0] < n_sides[1];
		size_t box = l->order[i], n;

		if (!l->boxes[box].layer || sides[box])
			continue;
		n = collect(l, box, sides, group);
		n_sides[!left] += n;
		for (size_t g = 0; g < n && left; g++) {
			sides[group[g]] = -1;
			deepest = l->boxes[group[g]].layer > deepest ? l->boxes[group[g]].layer : deepest;
		}
	}
	for (size_t i = p->first; i < p->first + p->n; i++) {
		struct layout_box *b = &l->boxes[l->order[i]];

		b->layer = sides[l->order[i]] < 0 ? deepest - b->layer : deepest + b->layer;
	}
	arena_done(&a);
}

/* Sorts the boxes of the part by layer, stably. */
static void sort_layers(struct layout *l, struct layout_part *p)
{
	size_t *sorted = arena_alloc(l->arena, p->n * sizeof(*sorted)), *next;

	for (size_t i = 0; i < p->n; i++)
		if (l->boxes[l->order[p->first + i]].layer >= p->n_layers)
			p->n_layers = l->boxes[l->order[p->first + i]].layer + 1;
	p->layers = arena_alloc(l->arena, (p->n_layers + 1) * sizeof(*p->layers));
	next = arena_alloc(l->arena, (p->n_layers + 1) * sizeof(*next));
	for (size_t i = 0; i < p->n; i++)
		p->layers[l->boxes[l->order[p->first + i]].layer + 1]++;
	for (size_t i = 0; i < p->n_layers; i++)
		next[i] = p->layers[i + 1] += p->layers[i];
	for (size_t i = p->n; i-- > 0;) {
		size_t box = l->order[p->first + i];

		sorted[--next[l->boxes[box].layer]] = box;
	}
	memcpy(l->order + p->first, sorted, p->n * sizeof(*sorted));
	for (size_t i = 0; i <= p->n_layers; i++)
		p->layers[i] += p->first;
	for (size_t i = 0; i < p->n_layers; i++)
		for (size_t k = p->layers[i]; k < p->layers[i + 1]; k++)
			l->boxes[l->order[k]].pos = k - p->layers[i];
}

void layout_layers(struct layout *l)
{
	size_t at = 0;

	find_edges(l);
	find_degrees(l);
	l->order = arena_alloc(l->arena, (l->n_boxes + 1) * sizeof(*l->order));
	l->parts = arena_alloc(l->arena, (l->n_boxes + 1) * sizeof(*l->parts));
	for (size_t i = 0; i < l->n_boxes; i++)
		l->boxes[i].part = LAYOUT_NONE;
	for (size_t i = 0; i < l->n_boxes; i++) {
		struct layout_part *p = &l->parts[l->n_parts];
		size_t root;

		if (l->boxes[i].part != LAYOUT_NONE)
			continue;
		p->first = at;
		at = spread(l, i, l->n_parts, at);
		p->n = at - p->first;
		root = find_root(l, p);
		(void)spread(l, root, l->n_parts, p->first);
		pull(l, p);
		if (l->both_sides && p->n > BOTH_SIDES_MIN && l->boxes[root].degree > 2)
			split(l, p);
		sort_layers(l, p);
		layout_order(l, p);
		l->n_parts++;
	}
}
