/* SPDX-License-Identifier: MIT */
/* nft_sorted.c - lists of values in order: what two have in common, and what one has, without looking at each value.  A
 * list may have 1024 of them, and there may be as many lists. */
#include "nft.h"
#include <sys/socket.h>

/* Values of one family come together. */
static int value_cmp(const void *a, const void *b)
{
	const struct nft_value *x = a, *y = b;

	return x->families != y->families ? x->families - y->families : memcmp(x->from, y->from, sizeof(x->from));
}

void nft_list_sort(struct nft_list *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), value_cmp);
}

void nft_entries_sort(struct nft_entry *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct nft_list *const lists[] = { &v[i].in, &v[i].from, &v[i].at, &v[i].proto, &v[i].port };

		for (size_t k = 0; k < ARRAY_SIZE(lists); k++)
			nft_list_sort(lists[k]);
	}
}

/* The value that ends before the other one begins cannot have anything in common with those after that one. */
bool nft_sorted_meet(const struct nft_list *x, const struct nft_list *y)
{
	size_t i = 0, k = 0;

	while (i < x->n && k < y->n) {
		const struct nft_value *a = &x->v[i], *b = &y->v[k];

		if (a->families != b->families)
			*(a->families < b->families ? &i : &k) += 1;
		else if (memcmp(a->to, b->from, sizeof(a->to)) < 0)
			i++;
		else if (memcmp(b->to, a->from, sizeof(b->to)) < 0)
			k++;
		else
			return true;
	}
	return !x->n || !y->n;
}

/* The last one that begins at the value or before it is the only one that can have it, as no two overlap. */
static bool has(const struct nft_list *l, uint8_t families, const void *bytes, size_t size)
{
	size_t from = 0, to = l->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct nft_value *v = &l->v[middle];

		if (v->families < families || (v->families == families && memcmp(v->from, bytes, size) <= 0))
			from = middle + 1;
		else
			to = middle;
	}
	return from && l->v[from - 1].families == families && memcmp(l->v[from - 1].to, bytes, size) >= 0;
}

bool nft_sorted_has(const struct nft_list *l, const void *bytes, size_t size)
{
	return has(l, 0, bytes, size) != l->negated;
}

bool nft_sorted_has_address(const struct nft_list *l, const struct inet *address)
{
	bool is_ipv4 = address->family == AF_INET;

	return has(l, is_ipv4 ? NFT_IPV4 : NFT_IPV6, address->addr, is_ipv4 ? 4 : 16) != l->negated;
}
