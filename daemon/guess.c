/* SPDX-License-Identifier: MIT */
/* guess.c - measures how many slips of the finger lie between two names. */
#include "guess.h"
#include <ctype.h>

enum { GUESS_MAX = 64 }; /* bytes; nobody mistypes a longer one */

struct guess guess_new(const char *wrong)
{
	size_t n = strlen(wrong);

	/* One slip in a short name, up to three in a long one. */
	return (struct guess){ .wrong = wrong, .distance = n < 4 ? 2 : n < 7 ? 3 : 4 };
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters left out, put in, mistaken or swapped with their neighbour (the
 * distance of Damerau and Levenshtein, as optimal string alignment). */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][GUESS_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned *free_row = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + !same(a[i - 1], b[j - 1]));
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = free_row;
	}
	return last[nb];
}

void guess_try(struct guess *g, const char *name)
{
	size_t n = strlen(name), wrong = strlen(g->wrong);
	unsigned d;

	if (n > GUESS_MAX || wrong > GUESS_MAX || (n > wrong ? n - wrong : wrong - n) >= g->distance)
		return;
	d = distance(g->wrong, wrong, name, n);
	if (d >= g->distance || d >= n)
		return;
	g->best = name;
	g->distance = d;
}
