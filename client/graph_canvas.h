/* SPDX-License-Identifier: MIT */
/* graph_canvas.h - characters on a grid, with lines that join where they meet. */
#pragma once
#include "table.h"

enum canvas_line { CANVAS_UP = 1, CANVAS_DOWN = 2, CANVAS_LEFT = 4, CANVAS_RIGHT = 8 };

struct canvas_cell {
	char text[5];  /* UTF-8; empty: a line, or nothing */
	uint8_t lines; /* CANVAS_* */
	bool covered;  /* by the wide character to the left */
	enum colour colour;
};

struct canvas {
	int w, h;
	bool ascii;
	struct canvas_cell *cells;
};

void canvas_init(struct canvas *c, int w, int h, bool ascii);
void canvas_done(struct canvas *c);
/* Lines from one cell to another, both included; one cell has the half of a line that leads to the other. */
void canvas_across(struct canvas *c, int x0, int x1, int y, enum colour colour);
void canvas_down(struct canvas *c, int x, int y0, int y1, enum colour colour);
/* Writes at most @room columns of @s, the last of them an ellipsis if there are more; false then. */
bool canvas_text(struct canvas *c, int x, int y, int room, const char *s, enum colour colour);
/* Prints all lines, without spaces at their end. */
void canvas_print(const struct canvas *c, bool colours, FILE *out);
