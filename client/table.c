/* SPDX-License-Identifier: MIT */
/* table.c - aligns cells in columns, as wide as the widest needs. */
#include "table.h"
#include "terminal.h"
#include "text.h"
#include <stdarg.h>

/* Narrower than that words are not kept together. */
enum {
	WORDS_MIN = 20,
	BELOW = 6, /* where the last cell begins that goes on a line of its own */
};

// clang-format off: keeps its rows
static const char *const sequences[] = {
	[COLOUR_NONE] = "",
	[COLOUR_GOOD] = "\033[32m",
	[COLOUR_CHANGE] = "\033[33m",
	[COLOUR_BAD] = "\033[31m",
	[COLOUR_FAINT] = "\033[2m",
	[COLOUR_STRONG] = "\033[1m",
	[COLOUR_MARKED] = "\033[7m",
};
// clang-format on

void colour_print(FILE *out, bool colours, enum colour colour, const char *text)
{
	if (!colours || colour == COLOUR_NONE)
		fputs(text, out);
	else
		fprintf(out, "%s%s\033[0m", sequences[colour], text);
}

static void table_add(struct table *t, const char *text, enum colour colour)
{
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->cells = must(reallocarray(t->cells, t->room, sizeof(*t->cells)));
	}
	t->cells[t->n++] = (struct cell){ text, colour };
}

_printf_(2, 0) static const char *table_text(struct table *t, const char *fmt, va_list ap)
{
	_cleanup_(freep) char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	/* Here already, as a sign may get wider by it. */
	return terminal_is_ascii() ? text_ascii(&t->arena, text_escape(&t->arena, text), false)
				   : text_escape(&t->arena, text);
}

void table_cell(struct table *t, enum colour colour, const char *fmt, ...)
{
	size_t *width = &t->width[t->n % t->n_columns], n;
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = table_text(t, fmt, ap);
	va_end(ap);
	n = text_width(text);
	if (n > *width)
		*width = n;
	table_add(t, text, colour);
}

void table_break(struct table *t)
{
	while (t->n % t->n_columns)
		table_add(t, NULL, COLOUR_NONE);
}

void table_line(struct table *t, enum colour colour, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	table_add(t, table_text(t, fmt, ap), colour);
	va_end(ap);
	table_break(t);
}

/* Prints the text of a cell left- or right-aligned (@right) in @width; the @last has no trailing spaces. */
static void cell_print(const struct cell *c, size_t gap, size_t width, bool right, bool last, const struct table *t,
		       FILE *out)
{
	size_t used = text_width(c->text), rest = width > used ? width - used : 0;

	fprintf(out, "%*s", (int)(gap + (right ? rest : 0)), "");
	colour_print(out, t->colours, c->colour, c->text);
	if (!right && !last)
		fprintf(out, "%*s", (int)rest, "");
}

/* The bytes of the words of @s that fit into @room columns; those of the first word, if it does not. */
static size_t words_fit(const char *s, size_t room)
{
	size_t fit = 0, used = 0, left = strlen(s), columns;

	for (size_t i = 0; i < left && (used <= room || !fit); used += columns) {
		if (s[i] == ' ' && used <= room)
			fit = i;
		else if (s[i] == ' ' && !fit)
			return i;
		i += text_next(s + i, left - i, &columns);
	}
	return fit ? fit : left;
}

/* The last cell, at column @at of a terminal. */
static void last_print(const struct cell *c, size_t at, const struct table *t, FILE *out)
{
	size_t room = t->wide > at + WORDS_MIN ? t->wide - at : 0;
	const char *s = c->text;

	while (room && text_width(s) > room) {
		_cleanup_(freep) char *part = must(strndup(s, words_fit(s, room)));

		s += strlen(part);
		s += strspn(s, " ");
		colour_print(out, t->colours, c->colour, part);
		if (!*s)
			return;
		fprintf(out, "\n%*s", (int)at, "");
	}
	colour_print(out, t->colours, c->colour, s);
}

/* The first @n cells of a line; if it @ends there, without trailing spaces. */
static void cells_print(const struct table *t, const struct cell *cells, size_t n, bool ends, FILE *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct column *c = &t->columns[i];
		size_t width = t->width[i] > c->min ? t->width[i] : c->min;

		cell_print(&cells[i], c->gap, width, c->right, ends && i + 1 == n, t, out);
	}
}

/* The first @n cells on a terminal that has no room for all: what does not fit is cut off, which a mark says. */
static void cells_print_cut(const struct table *t, const struct cell *cells, size_t n, FILE *out)
{
	_cleanup_(freep) char *text = NULL;
	size_t size = 0, used = 0, left, columns;
	FILE *line = must(open_memstream(&text, &size));

	cells_print(t, cells, n, true, line);
	if (fclose(line))
		abort();
	for (left = size; left && text[left - 1] == ' ';)
		left--;
	bool cut = text_width_coloured(text, left) > t->wide;

	for (size_t i = 0, step; i < left; i += step, used += columns) {
		step = text_next(text + i, left - i, &columns);
		if (cut && used + columns >= t->wide)
			break;
		fwrite(text + i, 1, step, out);
	}
	if (cut)
		fprintf(out, "%s%s", t->colours ? "\033[0m" : "", terminal_is_ascii() ? "~" : "…");
}

static void line_print(const struct table *t, const struct cell *cells, FILE *out)
{
	size_t n = t->n_columns, at = 0;
	const struct column *last;

	while (n > 1 && (!cells[n - 1].text || !*cells[n - 1].text))
		n--;
	last = &t->columns[n - 1];
	for (size_t i = 0; i < n - 1; i++)
		at += t->columns[i].gap + (t->width[i] > t->columns[i].min ? t->width[i] : t->columns[i].min);
	if (!t->wide || (last->right && at + last->gap + t->width[n - 1] <= t->wide)) {
		cells_print(t, cells, n, true, out);
	} else if (last->right) {
		cells_print_cut(t, cells, n, out);
	} else if (n == 1 || at + last->gap + WORDS_MIN < t->wide ||
		   at + last->gap + text_width(cells[n - 1].text) <= t->wide) {
		cells_print(t, cells, n - 1, false, out);
		fprintf(out, "%*s", (int)last->gap, "");
		last_print(&cells[n - 1], at + last->gap, t, out);
	} else {
		cells_print_cut(t, cells, n - 1, out);
		fprintf(out, "\n%*s", BELOW, "");
		last_print(&cells[n - 1], BELOW, t, out);
	}
	putc('\n', out);
}

static void titles_print(struct table *t, FILE *out)
{
	struct cell cells[COLUMNS_MAX];

	for (size_t i = 0; i < t->n_columns; i++) {
		size_t n = strlen(t->columns[i].title);

		cells[i] = (struct cell){ t->columns[i].title, COLOUR_STRONG };
		if (n > t->width[i])
			t->width[i] = n;
	}
	line_print(t, cells, out);
}

void table_print(struct table *t, FILE *out)
{
	table_break(t);
	if (t->columns[0].title)
		titles_print(t, out);
	for (size_t i = 0; i < t->n; i += t->n_columns)
		line_print(t, t->cells + i, out);
	t->n = 0;
}

void table_done(struct table *t)
{
	arena_done(&t->arena);
	free(t->cells);
	t->cells = NULL;
	t->n = t->room = 0;
}
