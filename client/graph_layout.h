/* SPDX-License-Identifier: MIT */
/* graph_layout.h - places boxes in columns, so that what is connected is side by side: for a terminal, whose unit is a
 * character, and for SVG, whose unit is a pixel.  Pure.
 *
 * Boxes that are connected are a part.  The boxes of a part are in layers by their distance from one of them, so that
 * an edge connects boxes of one layer or of two adjacent ones.  A layer is a column; if there are more than fit, they
 * continue in a band below, in the other direction.  Left of each column and right of the last is a channel, where the
 * edges are: no box is in their way. */
#pragma once
#include "base/arena.h"

#define LAYOUT_NONE SIZE_MAX

struct layout_row {
	size_t box;
	int h; /* its height, and where in it edges end */
	int at;
	int y; /* result: its top, in the box */
};

struct layout_box {
	int w, head, foot; /* its width; its height above and below the rows */
	size_t first, n;   /* rows */
	/* Results. */
	size_t part, degree, layer, pos, column, band;
	int x, y, h;
};

struct layout_edge {
	size_t row[2];
	/* Results: the channel, and on which side of its box each end is, -1 or 1. */
	size_t channel;
	int side[2];
};

struct layout_part {
	size_t first, n;            /* boxes, in layout.order */
	size_t n_layers, *layers;   /* where in layout.order each begins; and the end */
	size_t columns;             /* as many as layout_place has made */
	int *column_x, *column_w;   /* of each column */
	int *channel_x, *channel_w; /* of each channel, one more */
	int x, y, w, h;
};

struct layout {
	struct layout_box *boxes;
	struct layout_row *rows;
	struct layout_edge *edges;
	size_t n_boxes, n_rows, n_edges;
	int gap_y, band_gap; /* between boxes of a column, and between bands */
	bool both_sides;     /* the middle of a star is in the middle */
	bool level;          /* the boxes of a chain are beside each other, though its edges are not straight then */
	bool stretch;        /* a box is as high as what is beside it needs */
	/* Results. */
	struct layout_part *parts;
	size_t n_parts;
	size_t *order;  /* boxes by part, layer and position */
	size_t *of_box; /* edges by box: those of box i are of_box[edges_of[i]] to of_box[edges_of[i + 1] - 1] */
	size_t *edges_of;
	struct arena *arena;
};

/* Finds parts and layers; what is before the results, and the arena, has been set. */
void layout_layers(struct layout *l);
/* Orders the boxes of each layer so that few edges cross.  Called by layout_layers. */
void layout_order(struct layout *l, struct layout_part *p);
/* Places the boxes of a part in at most @columns columns, and its edges in channels: sets y, and h. */
void layout_place(struct layout *l, struct layout_part *p, size_t columns);
/* Sets x of columns and boxes, and the size of the part; channel_w and column_w have been set. */
void layout_widths(struct layout *l, struct layout_part *p);
/* Places the parts side by side in rows of at most @width, with gaps between them; returns the size of all. */
void layout_pack(struct layout *l, int width, int gap, int gap_y, int *ret_w, int *ret_h);
/* The box at the other end of an edge of @box; @box itself if that is both ends. */
size_t layout_other(const struct layout *l, size_t edge, size_t box);
/* Where end @end of an edge is, in the part. */
int layout_end_y(const struct layout *l, const struct layout_edge *e, int end);
