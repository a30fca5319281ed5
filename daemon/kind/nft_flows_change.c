/* SPDX-License-Identifier: MIT */
/* nft_flows_change.c - which rules of NAT a change concerns, and which connections these.  Pure. */
#include "nft_flows.h"
#include <linux/netfilter/nf_conntrack_common.h>

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

/* ---- the filter ---- */

/* The only value that the rule matches; NULL: it matches several. */
static const struct nft_value *only_value(const struct nft_rule *r, enum nft_what what)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct nft_list *l = &r->terms[i].list;

		if (r->terms[i].what == what && l->n == 1 && !l->negated &&
		    !memcmp(l->v[0].from, l->v[0].to, sizeof(l->v[0].from)))
			return &l->v[0];
	}
	return NULL;
}

/* The only value that any of the rules matches; NULL: they match several. */
static const struct nft_value *common(const struct nft_change *c, enum nft_what what)
{
	const struct nft_value *all = NULL, *one;

	for (size_t i = 0; i < c->n; i++) {
		one = only_value(c->v[i], what);
		if (!one || (all && memcmp(all->from, one->from, sizeof(all->from)) != 0))
			return NULL;
		all = one;
	}
	return all;
}

static struct inet address_of(const struct nft_value *v, uint8_t family)
{
	struct inet i = { .family = v ? family : 0, .len = family == AF_INET ? 32 : 128 };

	if (v)
		memcpy(i.addr, v->from, sizeof(i.addr));
	return i;
}

/* Only of what a dnat has translated. */
static bool is_of_dnat(const struct nft_rule *r)
{
	bool any = r->verb == NFT_DO_DNAT;

	for (size_t i = 0; i < r->n; i++)
		any |= r->terms[i].what == NFT_WHAT_STATUS_DNAT;
	return any;
}

void nft_change_filter(const struct nft_change *c, struct flow_filter *ret)
{
	const struct nft_value *proto, *port;
	bool snat = true, dnat = true, of_dnat = true;
	uint8_t families = 0;

	*ret = (struct flow_filter){ 0 };
	for (size_t i = 0; i < c->n; i++) {
		snat &= nft_rule_is_snat(c->v[i]);
		dnat &= !nft_rule_is_snat(c->v[i]);
		of_dnat &= is_of_dnat(c->v[i]);
		families |= c->v[i]->family ? c->v[i]->family : (uint8_t)NFT_BOTH;
	}
	/* What is not translated is for rules that have come. */
	if (!c->n_came)
		ret->status = of_dnat ? IPS_DST_NAT : snat ? IPS_SRC_NAT : 0;
	if (families != NFT_IPV4 && families != NFT_IPV6)
		return;
	ret->family = families == NFT_IPV4 ? AF_INET : AF_INET6;
	ret->from = address_of(common(c, NFT_WHAT_SADDR), ret->family);
	/* Rules for the source see the destination that others have given. */
	if (!dnat)
		return;
	ret->to = address_of(common(c, NFT_WHAT_DADDR), ret->family);
	proto = common(c, NFT_WHAT_L4PROTO);
	port = proto ? common(c, NFT_WHAT_DPORT) : NULL;
	ret->proto = proto ? proto->from[0] : 0;
	if (port)
		memcpy(&ret->dport, port->from, sizeof(ret->dport));
}
