/* SPDX-License-Identifier: MIT */
/* graph_canvas.c - characters on a grid. */
#include "graph_canvas.h"
#include "text.h"
#include <wchar.h>

void canvas_init(struct canvas *c, int w, int h, bool ascii)
{
	*c = (struct canvas){ w, h, ascii, must(calloc((size_t)w * (size_t)h + 1, sizeof(*c->cells))) };
}

void canvas_done(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){};
}

static struct canvas_cell *cell(struct canvas *c, int x, int y)
{
	static struct canvas_cell outside;

	return x < 0 || y < 0 || x >= c->w || y >= c->h ? &outside : &c->cells[y * c->w + x];
}

static void add(struct canvas *c, int x, int y, int lines, enum colour colour)
{
	struct canvas_cell *at = cell(c, x, y);

	/* What crosses something that is wrong does not hide it. */
	if (!at->lines || colour != COLOUR_NONE)
		at->colour = colour;
	at->lines |= (uint8_t)lines;
}

void canvas_across(struct canvas *c, int x0, int x1, int y, enum colour colour)
{
	int from = x0 < x1 ? x0 : x1, to = x0 < x1 ? x1 : x0;

	for (int x = from; x <= to && from != to; x++)
		add(c, x, y, (x > from ? CANVAS_LEFT : 0) | (x < to ? CANVAS_RIGHT : 0), colour);
}

void canvas_down(struct canvas *c, int x, int y0, int y1, enum colour colour)
{
	int from = y0 < y1 ? y0 : y1, to = y0 < y1 ? y1 : y0;

	for (int y = from; y <= to && from != to; y++)
		add(c, x, y, (y > from ? CANVAS_UP : 0) | (y < to ? CANVAS_DOWN : 0), colour);
}

bool canvas_text(struct canvas *c, int x, int y, int room, const char *s, enum colour colour)
{
	int width = (int)text_width(s);
	bool cut = width > room;
	mbstate_t state = {};

	if (room < 1)
		return !width;
	for (int end = x + room - cut; *s && x < end;) {
		wchar_t wide = L'?';
		size_t n = mbrtowc(&wide, s, strnlen(s, 4), &state);
		int w;

		if (n > 4 || !n) {
			n = 1;
			wide = L'?';
			state = (mbstate_t){};
		}
		w = wcwidth(wide) < 0 ? 1 : wcwidth(wide);
		if (x + w > end)
			break;
		for (int i = 0; i < w; i++) {
			struct canvas_cell *at = cell(c, x + i, y);

			*at = (struct canvas_cell){ .covered = i > 0, .colour = colour };
			if (!i)
				memcpy(at->text, s, n);
		}
		x += w;
		s += n;
	}
	if (cut)
		*cell(c, x, y) = (struct canvas_cell){ .text = { 0 }, .colour = colour };
	if (cut)
		strcpy(cell(c, x, y)->text, c->ascii ? "~" : "…");
	return !cut;
}

static const char *character(const struct canvas *c, const struct canvas_cell *at)
{
	static const char *const box[16] = { " ", "╵", "╷", "│", "╴", "┘", "┐", "┤",
					     "╶", "└", "┌", "├", "─", "┴", "┬", "┼" };

	if (*at->text || !c->ascii)
		return *at->text ? at->text : box[at->lines & 15];
	if (!(at->lines & (CANVAS_UP | CANVAS_DOWN)))
		return at->lines ? "-" : " ";
	return at->lines & (CANVAS_LEFT | CANVAS_RIGHT) ? "+" : "|";
}

void canvas_print(const struct canvas *c, bool colours, FILE *out)
{
	for (int y = 0; y < c->h; y++) {
		const struct canvas_cell *row = &c->cells[y * c->w];
		int end = c->w;

		while (end && !*row[end - 1].text && !row[end - 1].lines && !row[end - 1].covered)
			end--;
		for (int x = 0; x < end;) {
			char *run = NULL;
			size_t size;
			enum colour colour = row[x].colour;
			FILE *f = must(open_memstream(&run, &size));

			/* A blank cell has no colour of its own. */
			for (; x < end && (row[x].colour == colour || (!*row[x].text && !row[x].lines)); x++)
				if (!row[x].covered)
					fputs(character(c, &row[x]), f);
			fclose(f);
			colour_print(out, colours, colour, run);
			free(run);
		}
		putc('\n', out);
	}
}
