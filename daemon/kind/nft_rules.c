/* SPDX-License-Identifier: MIT */
/* nft_rules.c - all rules of one namespace and topology, in order, and the image of them that the kernel is sent. */
#include "nft.h"
#include <linux/netfilter.h>

const char *nft_section_text(const struct nft_section *s, const void *in, struct arena *a)
{
	struct json_object *o = s->format(in);
	const char *text = arena_strdup(
		a, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));

	json_object_put(o);
	return text;
}

static int keys_read(const struct nft_section *s, const struct node *n, void *ret, struct notes *notes, struct arena *a)
{
	int r = 0;

	if (!node_is_object(notes, n))
		return -EINVAL;
	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);

		if (s->read(&member, key, ret, notes, a) < 0)
			r = -EINVAL;
	}
	return r;
}

int nft_section_read(const struct nft_section *s, const struct node *n, const char **ret, struct notes *notes,
		     struct arena *a)
{
	struct arena own = { 0 };
	void *in = arena_alloc(&own, s->size);
	int r = keys_read(s, n, in, notes, &own);

	if (r == 0)
		*ret = nft_section_text(s, in, a);
	arena_done(&own);
	return r;
}

void nft_section_get(const struct nft_section *s, const char *text, void *ret, struct arena *a)
{
	struct json_object *in = text ? json_tokener_parse(text) : NULL;
	struct problems p = { 0 };
	struct notes notes = { .problems = &p };
	const struct node n = { .in = in };

	memset(ret, 0, s->size);
	if (in && keys_read(s, &n, ret, &notes, a) < 0)
		abort();
	json_object_put(in);
}

struct json_object *nft_text_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const char *s = *(const char *const *)src;

	return s ? must(json_tokener_parse(s)) : NULL;
}

bool nft_text_equal(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return x && y ? !strcmp(x, y) : x == y;
}

void nft_rules_place(struct nft_rules *r, size_t first, const char *what, size_t entry)
{
	for (size_t i = first; i < r->n; i++)
		if (!r->v[i].place.what)
			r->v[i].place = (struct nft_source){ what, entry };
}

void nft_rules_of(const struct nft *o, struct nft_rules *ret, struct arena *a)
{
	struct nft_nat nat;
	struct nft_filter filter;

	*ret = (struct nft_rules){ .a = a };
	nft_nat_get(o->nat, &nat, a);
	nft_nat_expand(&nat, ret);
	nft_filter_get(o->filter, &filter, a);
	nft_filter_expand(&filter, ret);
}

static const struct {
	const char *type;
	uint32_t hook;
	int32_t priority;
} bases[NFT_BASES] = {
	[NFT_RAW_PREROUTING] = { "filter", NF_INET_PRE_ROUTING, -300 },
	/* Before those of other programs, which then see what we made of it. */
	[NFT_PREROUTING] = { "nat", NF_INET_PRE_ROUTING, -105 },
	[NFT_NAT_OUTPUT] = { "nat", NF_INET_LOCAL_OUT, -105 },
	[NFT_POSTROUTING] = { "nat", NF_INET_POST_ROUTING, 95 },
	[NFT_INPUT] = { "filter", NF_INET_LOCAL_IN, 0 },
	[NFT_FORWARD] = { "filter", NF_INET_FORWARD, 0 },
	[NFT_OUTPUT] = { "filter", NF_INET_LOCAL_OUT, 0 },
};

void nft_build(const struct nft *o, struct nft_image *ret, struct arena *a)
{
	struct nft_rules rules;
	struct nft_sets sets = { .a = a };
	struct nft_chain_image *chains = arena_alloc(a, NFT_BASES * sizeof(*chains));
	struct nft_rule_image *v;
	struct nft_expr p;
	size_t n_chains = 0;

	nft_rules_of(o, &rules, a);
	v = arena_alloc(a, (rules.n + 1) * sizeof(*v));
	for (size_t i = 0; i < NFT_BASES; i++)
		if (rules.policy[i])
			chains[n_chains++] = (struct nft_chain_image){
				.name = nft_base_name((enum nft_base)i),
				.type = bases[i].type,
				.hook = bases[i].hook,
				.priority = bases[i].priority,
				.policy = rules.policy[i] == NFT_ACTION_ACCEPT ? NF_ACCEPT : NF_DROP,
			};
	nft_expr_init(&p, &sets);
	for (size_t i = 0; i < rules.n; i++) {
		size_t first = sets.n;

		nft_expr_clear(&p);
		nft_expr_rule(&p, &rules.v[i]);
		v[i] = (struct nft_rule_image){ .chain = nft_base_name(rules.v[i].base),
						.last = rules.v[i].last,
						.comment = rules.v[i].comment,
						.place = rules.v[i].place };
		v[i].expressions = nft_expr_take(&p, a, &v[i].size);
		while (first < sets.n)
			sets.v[first++].place = rules.v[i].place;
	}
	nft_expr_done(&p);
	*ret = (struct nft_image){ chains, n_chains, sets.v, sets.n, v, rules.n };
}
