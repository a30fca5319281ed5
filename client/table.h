/* SPDX-License-Identifier: MIT */
/* table.h - lines with aligned columns. */
#pragma once
#include "base/arena.h"

enum colour { COLOUR_NONE, COLOUR_GOOD, COLOUR_CHANGE, COLOUR_BAD, COLOUR_FAINT, COLOUR_STRONG, COLOUR_MARKED };

struct column {
	const char *title; /* NULL in the first column: no titles */
	size_t gap;        /* spaces before it */
	size_t min;        /* width; the longest cell may need more */
	bool right;        /* numbers */
};

struct cell {
	const char *text; /* NULL: nothing from here to the end of the line */
	enum colour colour;
};

enum { COLUMNS_MAX = 10 };

/* Begins as TABLE.  Owns its texts. */
struct table {
	const struct column *columns;
	size_t n_columns;
	bool colours;
	size_t wide; /* of the terminal, in columns: the last cell goes on below itself, whole words; 0: any */
	struct arena arena;
	struct cell *cells;
	size_t n, room;
	size_t width[COLUMNS_MAX];
};

#define TABLE(c, on) { .columns = (c), .n_columns = ARRAY_SIZE(c), .colours = (on) }

/* Adds the next cell to the line; its text is escaped. */
void table_cell(struct table *t, enum colour colour, const char *fmt, ...) _printf_(3, 4);
/* Ends the line here; a full line ends by itself. */
void table_break(struct table *t);
/* Adds a line that ignores the columns.  The last line must have ended. */
void table_line(struct table *t, enum colour colour, const char *fmt, ...) _printf_(3, 4);
/* Prints and drops the lines; what follows has columns at least as wide. */
void table_print(struct table *t, FILE *out);
void table_done(struct table *t);

/* @text as it is, in @colour if @colours. */
void colour_print(FILE *out, bool colours, enum colour colour, const char *text);
