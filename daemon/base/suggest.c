/* SPDX-License-Identifier: MIT */
/* suggest.c - measures how many typing mistakes lie between two names. */
#include "suggest.h"
#include <ctype.h>

enum { LENGTH_MAX = 64 }; /* bytes; nobody mistypes a longer one */

struct suggest suggest_new(const char *wrong)
{
	size_t n = strlen(wrong);

	/* One mistake in a short name, up to three in a long one. */
	return (struct suggest){ .wrong = wrong, .distance = n < 4 ? 2 : n < 7 ? 3 : 4 };
}

struct suggest suggest_counted(const char *wrong, size_t *count)
{
	struct suggest s = suggest_new(wrong);

	s.count = count;
	return s;
}

bool suggest_is_spent(const struct suggest *s)
{
	return s->count && *s->count >= COMPARED_MAX;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters left out, inserted, mistaken or swapped with their neighbour (the distance of
 * Damerau and Levenshtein, as optimal string alignment).  Ends early, with @limit or
 * more, where the names are @limit or more apart. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb, unsigned limit)
{
	unsigned rows[3][LENGTH_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], nearest_before = 0;

	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *free_row = before, nearest = (unsigned)i;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
			nearest = least(nearest, row[j]);
		}
		/* What follows builds on this row and, for a swap, on the one before it. */
		if (least(nearest, nearest_before + 1) >= limit)
			return limit;
		nearest_before = nearest;
		before = last;
		last = row;
		row = free_row;
	}
	return last[nb];
}

void suggest_try(struct suggest *s, const char *name)
{
	size_t n = strlen(name), wrong = strlen(s->wrong);
	unsigned d;

	if (suggest_is_spent(s))
		return;
	if (s->count)
		++*s->count;
	if (n > LENGTH_MAX || wrong > LENGTH_MAX || (n > wrong ? n - wrong : wrong - n) >= s->distance)
		return;
	d = distance(s->wrong, wrong, name, n, s->distance);
	if (d >= s->distance || d >= n)
		return;
	s->best = name;
	s->distance = d;
}
