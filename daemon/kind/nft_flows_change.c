/* SPDX-License-Identifier: MIT */
/* nft_flows_change.c - which rules of NAT a change concerns.  Pure. */
#include "nft_flows.h"

/* Rules of NAT, in order, and what they say. */
struct said {
	const struct nft_rule **rule;
	char **text;
	uint32_t *hash;
	size_t n;
};

bool nft_rule_is_snat(const struct nft_rule *r)
{
	return r->verb == NFT_DO_MASQUERADE || r->verb == NFT_DO_SNAT;
}

static bool is_nat(const struct nft_rule *r)
{
	return nft_rule_is_snat(r) || r->verb == NFT_DO_DNAT;
}

static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261U;

	for (; *text; text++)
		h = (h ^ (uint8_t)*text) * 16777619U;
	return h;
}

static struct said say(const struct nft_rules *all, struct arena *a)
{
	struct said s = { .rule = arena_alloc(a, (all->n + 1) * sizeof(*s.rule)),
			  .text = arena_alloc(a, (all->n + 1) * sizeof(*s.text)),
			  .hash = arena_alloc(a, (all->n + 1) * sizeof(*s.hash)) };

	for (size_t i = 0; i < all->n; i++)
		if (is_nat(&all->v[i])) {
			s.rule[s.n] = &all->v[i];
			s.text[s.n] = nft_say(&all->v[i], a);
			s.hash[s.n] = hash(s.text[s.n]);
			s.n++;
		}
	return s;
}

static bool same(const struct said *x, size_t i, const struct said *y, size_t k)
{
	return x->hash[i] == y->hash[k] && !strcmp(x->text[i], y->text[k]);
}

static void add(struct nft_change *to, const struct said *s, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		to->v[to->n++] = s->rule[i];
}

/* What both begin and end with stays, and between these whatever is found again in the same order.  A longer order may be
 * missed: then more count as different than have to. */
void nft_change_of(const struct nft_rules *before, const struct nft_rules *after, struct nft_change *ret,
		   struct arena *a)
{
	struct arena own = { 0 };
	const struct said x = say(before, &own), y = say(after, &own);
	size_t first = 0, x_end = x.n, y_end = y.n, at, found;

	*ret = (struct nft_change){ .v = arena_alloc(a, (x.n + y.n + 1) * sizeof(struct nft_rule *)) };
	while (first < x.n && first < y.n && same(&x, first, &y, first))
		first++;
	while (x_end > first && y_end > first && same(&x, x_end - 1, &y, y_end - 1)) {
		x_end--;
		y_end--;
	}
	at = first;
	for (size_t k = first; k < y_end; k++) {
		for (found = at; found < x_end && !same(&x, found, &y, k);)
			found++;
		if (found == x_end) {
			add(ret, &y, k, k + 1);
			ret->n_came++;
		} else {
			add(ret, &x, at, found);
			at = found + 1;
		}
	}
	add(ret, &x, at, x_end);
	arena_done(&own);
}
