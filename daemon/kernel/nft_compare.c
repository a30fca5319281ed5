/* SPDX-License-Identifier: MIT */
/* nft_compare.c - compares our table with what a topology wants in it.  Expressions are compared as they are, never
 * understood. */
#include "nft_compare.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdarg.h>

struct comparison {
	struct rtnl *nl;
	const struct nft_seen *seen;
	const struct nft_image *want;
	const char *topology;
	struct arena arena;
	char *how;
	size_t size;
	struct nft_source *place;
	struct err *e;
};

static _printf_(2, 3) int differs(struct comparison *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->how, c->size, fmt, args);
	va_end(args);
	nft_print(c->how);
	return 1;
}

/* ---- expressions ---- */

/* The @k-th attribute of @type (-1: any) among @size bytes. */
static const struct nlattr *nth(const struct nlattr *head, int size, int type, int k)
{
	int left;
	struct nlattr *a;

	nla_for_each_attr(a, (struct nlattr *)(uintptr_t)head, size, left)
		if ((type < 0 || nla_type(a) == type) && !k--)
			return a;
	return NULL;
}

static const struct nlattr *nested(const struct nlattr *in, int type)
{
	return in ? nth(nla_data(in), nla_len(in), type, 0) : NULL;
}

enum { ATTRS_MAX = 64 };

static bool is_zero(const struct nlattr *a)
{
	for (int i = 0; i < nla_len(a); i++)
		if (((const char *)nla_data(a))[i])
			return false;
	return true;
}

/* The same attributes in both, in whatever order; what was sent says by NLA_F_NESTED which hold others.  Of what was not
 * sent the kernel tells zeroes: the flags of exthdr, which it refuses to be told. */
static bool same(const struct nlattr *sent, int sent_size, const struct nlattr *seen, int seen_size)
{
	int n, count[ATTRS_MAX] = { 0 };
	const struct nlattr *a, *b;

	for (n = 0; (a = nth(sent, sent_size, -1, n)); n++) {
		int type = nla_type(a);

		if (type >= ATTRS_MAX || !(b = nth(seen, seen_size, type, count[type]++)))
			return false;
		if (a->nla_type & NLA_F_NESTED
			    ? !same(nla_data(a), nla_len(a), nla_data(b), nla_len(b))
			    : nla_len(a) != nla_len(b) || memcmp(nla_data(a), nla_data(b), (size_t)nla_len(a)) != 0)
			return false;
	}
	for (n = 0; (b = nth(seen, seen_size, -1, n)); n++)
		if (nla_type(b) >= ATTRS_MAX || (count[nla_type(b)]-- <= 0 && !is_zero(b)))
			return false;
	return true;
}

/* ---- sets ---- */

struct elements {
	struct arena arena;
	struct nlattr **v;
	size_t n, room;
};

static void elements_add(struct elements *s, const struct nlattr *head, int size)
{
	struct nlattr *a;
	int left;

	nla_for_each_attr(a, (struct nlattr *)(uintptr_t)head, size, left) {
		struct nlattr *copy = arena_alloc(&s->arena, a->nla_len);

		if (s->n == s->room) {
			s->room = s->room ? s->room * 2 : 64;
			s->v = must(reallocarray(s->v, s->room, sizeof(*s->v)));
		}
		memcpy(copy, a, a->nla_len);
		s->v[s->n++] = copy;
	}
}

static void on_elements(const struct nlattr *elements, void *arg)
{
	struct elements *s = arg;

	if (elements)
		elements_add(s, nla_data(elements), nla_len(elements));
	else
		s->n = 0;
}

static const struct nlattr *value_of(const struct nlattr *element, int part)
{
	return nested(nested(element, part), NFTA_DATA_VALUE);
}

static int value_cmp(const struct nlattr *a, const struct nlattr *b)
{
	int x = a ? nla_len(a) : 0, y = b ? nla_len(b) : 0;

	return x != y || x == 0 ? x - y : memcmp(nla_data(a), nla_data(b), (size_t)x);
}

static uint32_t flags_of(const struct nlattr *element)
{
	const struct nlattr *flags = nested(element, NFTA_SET_ELEM_FLAGS);

	return flags && nla_len(flags) == 4 ? nla_get_u32(flags) : 0;
}

/* By key; of two ends at one key, the one that closes an interval first. */
static int element_cmp(const void *a, const void *b)
{
	const struct nlattr *x = *(const struct nlattr *const *)a, *y = *(const struct nlattr *const *)b;
	int r = value_cmp(value_of(x, NFTA_SET_ELEM_KEY), value_of(y, NFTA_SET_ELEM_KEY));

	return r ? r : (flags_of(x) < flags_of(y)) - (flags_of(x) > flags_of(y));
}

static bool elements_same(struct elements *x, struct elements *y)
{
	if (x->n != y->n)
		return false;
	qsort(x->v, x->n, sizeof(struct nlattr *), element_cmp);
	qsort(y->v, y->n, sizeof(struct nlattr *), element_cmp);
	for (size_t i = 0; i < x->n; i++)
		if (element_cmp(&x->v[i], &y->v[i]) != 0 ||
		    value_cmp(value_of(x->v[i], NFTA_SET_ELEM_DATA), value_of(y->v[i], NFTA_SET_ELEM_DATA)) != 0)
			return false;
	return true;
}

static void elements_done(struct elements *s)
{
	free(s->v);
	arena_done(&s->arena);
}

/* 1: the set called @name is as @want, 0: it is not. */
static int set_same(struct comparison *c, const struct nft_set_image *want, const char *name)
{
	struct elements sent = { 0 }, seen = { 0 };
	int r = nft_seen_elements(c->nl, name, on_elements, &seen, c->e);

	if (r == 0) {
		elements_add(&sent, want->elements, (int)want->size);
		r = elements_same(&sent, &seen);
	}
	elements_done(&sent);
	elements_done(&seen);
	return r == -ENOENT ? 0 : r;
}

/* Two lookups: their sets are numbered by the kernel. */
static int lookup_same(struct comparison *c, const struct nlattr *sent, const struct nlattr *seen)
{
	const struct nlattr *id = nested(sent, NFTA_LOOKUP_SET_ID), *name = nested(seen, NFTA_LOOKUP_SET);
	static const int rest[] = { NFTA_LOOKUP_SREG, NFTA_LOOKUP_DREG, NFTA_LOOKUP_FLAGS };
	uint32_t i = id && nla_len(id) == 4 ? ntohl(nla_get_u32(id)) : 0;

	if (!i || i > c->want->n_sets || !name || nla_len(name) == 0 ||
	    ((const char *)nla_data(name))[nla_len(name) - 1])
		return 0;
	for (size_t k = 0; k < ARRAY_SIZE(rest); k++)
		if (value_cmp(nested(sent, rest[k]), nested(seen, rest[k])) != 0)
			return 0;
	return set_same(c, &c->want->sets[i - 1], nla_data(name));
}

static bool is_lookup(const struct nlattr *expression)
{
	const struct nlattr *name = nested(expression, NFTA_EXPR_NAME);

	return name && nla_len(name) == sizeof("lookup") && !memcmp(nla_data(name), "lookup", sizeof("lookup"));
}

/* ---- rules and chains ---- */

static bool comment_same(const struct nft_rule_image *r, const struct nlattr *userdata)
{
	size_t n = r->comment ? strlen(r->comment) + 1 : 0;
	const char *at = userdata ? nla_data(userdata) : NULL;

	if (!n || !userdata)
		return !n && !userdata;
	return (size_t)nla_len(userdata) == n + 2 && at[0] == 0 && (uint8_t)at[1] == n &&
	       !memcmp(at + 2, r->comment, n);
}

/* 1: they are the same. */
static int rule_same(struct comparison *c, const struct nft_rule_image *want, const struct nft_seen_rule *seen)
{
	int size = seen->expressions ? nla_len(seen->expressions) : 0, n, r = 1;
	const struct nlattr *a, *b;

	if (!comment_same(want, seen->userdata))
		return 0;
	for (n = 0; r == 1 && (a = nth(want->expressions, (int)want->size, -1, n)); n++) {
		b = size ? nth(nla_data(seen->expressions), size, -1, n) : NULL;
		if (!b)
			return 0;
		r = is_lookup(a) && is_lookup(b) ? lookup_same(c, nested(a, NFTA_EXPR_DATA), nested(b, NFTA_EXPR_DATA))
						 : same(nla_data(a), nla_len(a), nla_data(b), nla_len(b));
	}
	return r == 1 && size && nth(nla_data(seen->expressions), size, -1, n) ? 0 : r;
}

/* The rules of one chain, which are to be @v. */
static int rules_compare(struct comparison *c, const char *chain, const struct nft_rule_image *const *v, size_t n)
{
	size_t i = 0;

	for (size_t k = 0; k < c->seen->n_rules; k++) {
		const struct nft_seen_rule *seen = &c->seen->rules[k];
		int r;

		if (strcmp(seen->chain, chain))
			continue;
		*c->place = i == n ? (struct nft_source){ 0 } : v[i]->place;
		if (i == n)
			return differs(c, "chain %s has more rules than it should", chain);
		r = rule_same(c, v[i++], seen);
		if (r <= 0)
			return r < 0 ? r : differs(c, "chain %s, rule %zu is another one", chain, i);
	}
	*c->place = i == n ? (struct nft_source){ 0 } : v[i]->place;
	return i == n ? 0 : differs(c, "chain %s has lost rule %zu", chain, i + 1);
}

static int by_topology(const void *a, const void *b)
{
	const struct nft_seen_chain *x = *(const struct nft_seen_chain *const *)a;
	const struct nft_seen_chain *y = *(const struct nft_seen_chain *const *)b;

	return x->last != y->last ? x->last - y->last : strcmp(x->topology, y->topology);
}

/* A base chain jumps to the chains that there are, and does nothing else. */
static int base_compare(struct comparison *c, const struct nft_seen_chain *base)
{
	const struct nft_seen_chain **to = arena_alloc(&c->arena, c->seen->n_chains * sizeof(struct nft_seen_chain *));
	const struct nft_rule_image **v = arena_alloc(&c->arena, c->seen->n_chains * sizeof(struct nft_rule_image *));
	size_t n = 0;

	if (base->policy != NF_ACCEPT)
		return differs(c, "chain %s has another policy", base->name);
	for (size_t i = 0; i < c->seen->n_chains; i++)
		if (c->seen->chains[i].topology && !strcmp(c->seen->chains[i].base, base->name))
			to[n++] = &c->seen->chains[i];
	if (n == 0)
		return differs(c, "chain %s was added", base->name);
	qsort(to, n, sizeof(*to), by_topology);
	for (size_t i = 0; i < n; i++) {
		struct nft_rule_image *jump = arena_alloc(&c->arena, sizeof(*jump));

		*jump = nft_jump(&c->arena, base->name, to[i]->name);
		v[i] = jump;
	}
	return rules_compare(c, base->name, v, n);
}

/* The chain of the topology with its rules of @base: what there is to be is in the image. */
static int own_compare(struct comparison *c, const struct nft_chain_image *base, bool last)
{
	const char *name = nft_chain_name(&c->arena, base->name, c->topology, last);
	const struct nft_rule_image **v =
		arena_alloc(&c->arena, (c->want->n_rules + 1) * sizeof(struct nft_rule_image *));
	struct nft_rule_image drop;
	size_t n = 0;

	for (size_t i = 0; i < c->want->n_rules; i++)
		if (c->want->rules[i].last == last && !strcmp(c->want->rules[i].chain, base->name))
			v[n++] = &c->want->rules[i];
	if (last && base->policy == NF_DROP) {
		drop = nft_drop(&c->arena, base->name, name);
		v[n++] = &drop;
	}
	if (!nft_seen_chain(c->seen, name))
		return n ? differs(c, "chain %s is missing", name) : 0;
	return n ? rules_compare(c, name, v, n) : differs(c, "chain %s was added", name);
}

static int bases_compare(struct comparison *c)
{
	for (size_t i = 0; i < c->want->n_chains; i++) {
		const struct nft_chain_image *base = &c->want->chains[i];
		const struct nft_seen_chain *seen = nft_seen_chain(c->seen, base->name);
		int r = 0;

		for (int last = 0; last < 2 && r == 0; last++)
			r = own_compare(c, base, last);
		if (r != 0)
			return r;
		if (seen && (!seen->hooked || seen->hook != base->hook || seen->priority != base->priority ||
			     !seen->type || strcmp(seen->type, base->type) != 0))
			return differs(c, "chain %s has another hook", base->name);
		if (!seen)
			return differs(c, "chain %s is missing", base->name);
	}
	return 0;
}

static bool has(const struct nft_image *want, const char *base)
{
	for (size_t i = 0; i < want->n_chains; i++)
		if (!strcmp(want->chains[i].name, base))
			return true;
	return false;
}

/* A base chain, or that of a topology; of this one, where it has rules. */
static bool is_known(const struct comparison *c, const struct nft_seen_chain *chain)
{
	return chain->base &&
	       (!chain->topology || strcmp(chain->topology, c->topology) != 0 || has(c->want, chain->base));
}

/* The table, and all in it that is no topology's. */
static int table_compare(struct comparison *c)
{
	const struct nft_seen *s = c->seen;
	int r = 0;

	if (s->flags & NFT_TABLE_F_DORMANT)
		return differs(c, "the table is dormant");
	for (size_t i = 0; i < s->n_chains && r == 0; i++) {
		const struct nft_seen_chain *chain = &s->chains[i];

		if (!is_known(c, chain))
			/* Others may use 255 bytes. */
			r = differs(c, "chain %.160s was added", chain->name);
		else if (!chain->topology)
			r = base_compare(c, chain);
	}
	for (size_t i = 0; i < s->n_things && r == 0; i++)
		if (!(s->things[i].flags & NFT_SET_ANONYMOUS))
			r = differs(c, "%.160s was added", s->things[i].name);
	return r;
}

int nft_table_compare(struct rtnl *nl, const struct nft_seen *seen, const struct nft_image *want, const char *topology,
		      enum nft_state *ret, char *ret_how, size_t size, char ret_below[64], struct err *e)
{
	struct nft_source place = { 0 };
	struct comparison c = { nl, seen, want, topology, { 0 }, ret_how, size, &place, e };
	bool any = false;
	int r = 0;

	ret_how[0] = '\0';
	for (size_t i = 0; i < seen->n_chains; i++)
		any |= seen->chains[i].topology && !strcmp(seen->chains[i].topology, topology);
	if (any)
		r = table_compare(&c);
	if (r == 0 && any)
		r = bases_compare(&c);
	*ret = r == 1 ? NFT_DIFFERENT : any ? NFT_EQUAL : NFT_ABSENT;
	nft_source_text(&place, ret_below);
	arena_done(&c.arena);
	return r < 0 ? r : 0;
}

bool nft_table_holds(struct rtnl *nl, const struct nft_image *want, bool empty, const char *topology)
{
	enum nft_state state = NFT_DIFFERENT;
	struct nft_seen seen;
	char how[256], below[64];
	struct err e;
	bool is = nft_seen_read(nl, &seen, &e) == 0;

	if (is && !want)
		is = !seen.exists;
	else if (is)
		is = nft_table_compare(nl, &seen, want, topology, &state, how, sizeof(how), below, &e) == 0 &&
		     state == (empty ? NFT_ABSENT : NFT_EQUAL);
	nft_seen_done(&seen);
	return is;
}
