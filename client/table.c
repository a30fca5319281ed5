/* SPDX-License-Identifier: MIT */
/* table.c - aligns cells in columns, as wide as the widest needs. */
#include "table.h"
#include "terminal.h"
#include "text.h"
#include <stdarg.h>

/* Narrower than that words are not kept together. */
enum { WORDS_MIN = 20 };

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

static void line_print(const struct table *t, const struct cell *cells, FILE *out)
{
	size_t n = t->n_columns, at = 0;

	while (n > 1 && (!cells[n - 1].text || !*cells[n - 1].text))
		n--;
	for (size_t i = 0; i < n; i++) {
		const struct column *c = &t->columns[i];
		size_t width = t->width[i] > c->min ? t->width[i] : c->min;

		at += c->gap;
		if (i == n - 1 && t->wide && !c->right) {
			fprintf(out, "%*s", (int)c->gap, "");
			last_print(&cells[i], at, t, out);
		} else {
			cell_print(&cells[i], c->gap, width, c->right, i == n - 1, t, out);
		}
		at += width;
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
