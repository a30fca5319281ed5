/* SPDX-License-Identifier: MIT */
/* nft_diff.c - what a plan says of rules: how many there are, and which come and go, line by line.  Rules have no keys:
 * those that both sides have in the same order stay. */
#include "nft.h"

/* Above this product of lines only what both begin and end with is found. */
enum { CELLS_MAX = 1 << 20 };

struct lines {
	char **v;
	size_t n;
};

static struct lines lines_of(const struct nft *o, struct arena *a)
{
	struct nft_rules rules = { 0 };
	struct lines l = { 0 };
	size_t n = 0;

	if (!o)
		return l;
	nft_rules_of(o, &rules, a);
	l.v = arena_alloc(a, (rules.n + NFT_BASES + 1) * sizeof(*l.v));
	for (size_t base = NFT_INPUT; base < NFT_BASES; base++)
		if (rules.policy[base] > NFT_ACTION_ACCEPT)
			l.v[n++] = arena_fmt(a, "chain %s policy drop", nft_base_name((enum nft_base)base));
	for (size_t i = 0; i < rules.n; i++)
		l.v[n++] = nft_say(&rules.v[i], a);
	l.n = n;
	return l;
}

static void line(FILE *out, char sign, const char *text)
{
	fprintf(out, "%c %s\n", sign, text);
}

/* The longest common subsequence, from the end. */
static void diff_middle(FILE *out, const struct lines *x, const struct lines *y)
{
	_cleanup_(freep) uint16_t *longest = must(calloc((x->n + 1) * (y->n + 1), sizeof(*longest)));
	size_t row = y->n + 1, i = 0, k = 0;

	for (i = x->n; i-- > 0;)
		for (k = y->n; k-- > 0;) {
			uint16_t down = longest[(i + 1) * row + k], right = longest[i * row + k + 1];

			longest[i * row + k] = !strcmp(x->v[i], y->v[k])
						       ? (uint16_t)(longest[(i + 1) * row + k + 1] + 1)
					       : down > right ? down
							      : right;
		}
	for (i = k = 0; i < x->n || k < y->n;) {
		if (i < x->n && k < y->n && !strcmp(x->v[i], y->v[k])) {
			i++;
			k++;
		} else if (i < x->n && (k == y->n || longest[(i + 1) * row + k] >= longest[i * row + k + 1])) {
			line(out, '-', x->v[i++]);
		} else {
			line(out, '+', y->v[k++]);
		}
	}
}

static void diff(FILE *out, struct lines x, struct lines y)
{
	while (x.n && y.n && !strcmp(x.v[0], y.v[0])) {
		x = (struct lines){ x.v + 1, x.n - 1 };
		y = (struct lines){ y.v + 1, y.n - 1 };
	}
	while (x.n && y.n && !strcmp(x.v[x.n - 1], y.v[y.n - 1])) {
		x.n--;
		y.n--;
	}
	if ((x.n + 1) * (y.n + 1) <= CELLS_MAX) {
		diff_middle(out, &x, &y);
		return;
	}
	for (size_t i = 0; i < x.n; i++)
		line(out, '-', x.v[i]);
	for (size_t i = 0; i < y.n; i++)
		line(out, '+', y.v[i]);
}

char *nft_lines(struct arena *a, const struct object *before, const struct object *after)
{
	const struct nft *was = (const struct nft *)before;
	_cleanup_(freep) char *text = NULL;
	struct arena own = { 0 };
	size_t size;
	FILE *out = must(open_memstream(&text, &size));

	/* What is there is not known in these words. */
	if (was && was->differs)
		before = after;
	diff(out, lines_of((const struct nft *)before, &own), lines_of((const struct nft *)after, &own));
	fclose(out);
	arena_done(&own);
	return arena_strdup(a, text);
}

static size_t count(const char *lines, char sign)
{
	size_t n = 0;

	for (const char *s = lines; s && *s; s = strchr(s, '\n') + 1)
		n += *s == sign;
	return n;
}

static const char *rules(struct arena *a, size_t n)
{
	return arena_fmt(a, "%zu rule%s", n, n == 1 ? "" : "s");
}

char *nft_describe(struct arena *a, const struct object *o, const struct object *before)
{
	const struct nft *nft = (const struct nft *)o, *was = (const struct nft *)before;
	const char *lines;
	size_t added, removed;

	if (nft->differs)
		return arena_fmt(a, "other rules (%s)", nft->differs);
	if (was && was->differs)
		return arena_fmt(a, "%s again: %s", rules(a, count(nft_lines(a, NULL, o), '+')), was->differs);
	lines = nft_lines(a, before, o);
	added = count(lines, '+');
	removed = count(lines, '-');
	if (!before)
		return arena_strdup(a, rules(a, added));
	return arena_fmt(a, "%s added, %zu removed", rules(a, added), removed);
}
