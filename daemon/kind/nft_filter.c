/* SPDX-License-Identifier: MIT */
/* nft_filter.c - the field "filter": policies and rules of input, forward and output, and the rules that they
 * become. */
#include "nft.h"

static const char *const chains[] = { "input", "forward", "output" };
static const enum nft_base bases[] = { NFT_INPUT, NFT_FORWARD, NFT_OUTPUT };
static const struct word policies[] = {
	{ "accept", NFT_ACTION_ACCEPT }, { "drop", NFT_ACTION_DROP }, { "reject", NFT_ACTION_REJECT }, { NULL, 0 }
};

/* ---- the value ---- */

static int filter_read(const struct node *n, const char *key, void *ret, struct notes *notes, struct arena *a)
{
	static const char *const words[] = { "input", "forward", "output", "clamp_mss", "rules" };
	struct nft_filter *filter = ret;
	const struct field f = { .words = policies };
	struct err e;

	if (!n->in)
		return -EINVAL;
	if (!strcmp(key, "rules"))
		return nft_entries_read(n, NFT_IN_RULE, &filter->rules, &filter->n, notes, a);
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		if (!strcmp(key, chains[i])) {
			if (type_word.parse(&f, NULL, &filter->policy[i], n->in, a, &e) >= 0)
				return 0;
			note_value(notes, n, "%s", e.text);
			return -EINVAL;
		}
	if (strcmp(key, "clamp_mss"))
		nft_key_refuse(notes, n, words, ARRAY_SIZE(words));
	else if (json_object_is_type(n->in, json_type_boolean))
		return filter->clamp_mss = json_object_get_boolean(n->in), 0;
	else
		note_value(notes, n, "must be true or false");
	return -EINVAL;
}

static struct json_object *filter_format(const void *in)
{
	const struct nft_filter *filter = in;
	const struct field f = { .words = policies };
	struct json_object *o = must(json_object_new_object());

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		if (filter->policy[i])
			json_object_object_add(o, chains[i], type_word.format(&f, NULL, &filter->policy[i]));
	if (filter->clamp_mss)
		json_object_object_add(o, "clamp_mss", json_object_new_boolean(true));
	if (filter->n)
		json_object_object_add(o, "rules", nft_entries_format(filter->rules, filter->n, NFT_IN_RULE));
	return o;
}

static const struct nft_section section = { sizeof(struct nft_filter), filter_read, filter_format };

void nft_filter_get(const char *text, struct nft_filter *ret, struct arena *a)
{
	nft_section_get(&section, text, ret, a);
}

static int type_filter_read(_unused_ const struct field *f, _unused_ const char *netns, void *dst, const struct node *n,
			    struct notes *notes, struct arena *a)
{
	return nft_section_read(&section, n, dst, notes, a);
}

static struct json_object *filter_schema(_unused_ const struct field *f)
{
	const struct field words = { .words = policies };
	struct json_object *s =
		must(json_tokener_parse("{\"type\": \"object\", \"properties\": {\"clamp_mss\":"
					" {\"type\": \"boolean\"}, \"rules\": {\"type\": \"array\"}},"
					" \"additionalProperties\": false}"));
	struct json_object *p = json_object_object_get(s, "properties"), *rule = nft_entry_schema(NFT_IN_RULE);

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		json_object_object_add(p, chains[i], type_word.schema(&words));
	json_object_object_add(rule, "required", json_tokener_parse("[\"chain\"]"));
	json_object_object_add(json_object_object_get(p, "rules"), "items", rule);
	return s;
}

const struct type type_nft_filter = {
	.name = "policies and rules",
	.size = sizeof(const char *),
	.copy = text_copy,
	.read = type_filter_read,
	.format = nft_text_format,
	.equal = nft_text_equal,
	.schema = filter_schema,
};

/* ---- the rules ---- */

static void accept_icmpv6(struct nft_rules *all, enum nft_base base, const char *hoplimit, const char *const *types)
{
	struct nft_rule *r = nft_rule_add(all, base, NFT_DO_ACCEPT);
	struct nft_list list = { 0 };
	struct err e;

	r->family = NFT_IPV6;
	while (types[list.n])
		list.n++;
	list.v = arena_alloc(all->a, list.n * sizeof(*list.v));
	for (size_t i = 0; i < list.n; i++) {
		if (nft_icmps.parse(types[i], &list.v[i], all->a, &e) < 0)
			abort();
		list.v[i].from[0] = list.v[i].to[0];
	}
	if (hoplimit)
		nft_term_add_text(all, r, NFT_WHAT_HOPLIMIT, &nft_protos, false, hoplimit);
	nft_term_add(r, NFT_WHAT_ICMPV6, &list);
}

/* What no namespace works without. */
static void accept_unnamed(struct nft_rules *all, enum nft_base base)
{
	/* From a neighbour, not from beyond a router. */
	static const char *const discovery[] = { "nd-router-solicit",  "nd-router-advert", "nd-neighbor-solicit",
						 "nd-neighbor-advert", "nd-redirect",      NULL };
	static const char *const multicast[] = { "mld-listener-query", "mld-listener-report", "mld-listener-done",
						 "mld2-listener-report", NULL };
	struct nft_rule *r;

	if (base == NFT_FORWARD) {
		r = nft_rule_add(all, base, NFT_DO_ACCEPT);
		nft_term_add(r, NFT_WHAT_STATUS_DNAT, NULL);
		return;
	}
	r = nft_rule_add(all, base, NFT_DO_ACCEPT);
	nft_term_add_text(all, r, base == NFT_INPUT ? NFT_WHAT_IIFNAME : NFT_WHAT_OIFNAME, &nft_ifnames, false,
			  LOOPBACK);
	accept_icmpv6(all, base, "255", discovery);
	accept_icmpv6(all, base, NULL, multicast);
}

static void chain_begin(const struct nft_filter *filter, size_t i, struct nft_rules *all)
{
	bool open = filter->policy[i] <= NFT_ACTION_ACCEPT;
	struct nft_rule *r;

	/* Before what accepts the answer, whose segments are to be small, too. */
	if (filter->clamp_mss && bases[i] == NFT_FORWARD) {
		r = nft_rule_add(all, bases[i], NFT_DO_CLAMP);
		r->place = (struct nft_source){ "filter/clamp_mss", NFT_WHOLE };
		nft_term_add(r, NFT_WHAT_SYN, NULL);
	}
	/* A rule about connections is what makes the kernel put fragments together before the others see them. */
	r = nft_rule_add(all, bases[i], open ? NFT_DO_CONTINUE : NFT_DO_ACCEPT);
	nft_term_add_text(all, r, NFT_WHAT_STATE, &nft_states, false, open ? "new" : "established");
	if (open)
		return;
	r->terms[0].list.v = arena_alloc(all->a, 2 * sizeof(*r->terms[0].list.v));
	for (size_t s = 0; s < 2; s++) {
		struct err e;

		nft_states.parse(s ? "related" : "established", &r->terms[0].list.v[s], all->a, &e);
	}
	r->terms[0].list.n = 2;
	accept_unnamed(all, bases[i]);
}

/* A rejected connection of TCP is reset; anything else gets a message. */
static void reject(const struct nft_entry *e, uint8_t family, enum nft_base base, struct nft_rules *all)
{
	bool tcp = !e->proto.n, other = !e->proto.n;
	struct nft_entry only = *e;
	struct nft_rule *r;

	for (size_t i = 0; i < e->proto.n; i++) {
		if (e->proto.v[i].from[0] != IPPROTO_TCP) {
			other = true;
			continue;
		}
		tcp = true;
		only.proto = (struct nft_list){ &e->proto.v[i], 1, false };
	}
	if (tcp && !e->icmp.n) {
		r = nft_rule_add(all, base, NFT_DO_RESET);
		nft_terms_add(all, r, &only, family);
		if (!e->proto.n)
			nft_term_add_text(all, r, NFT_WHAT_L4PROTO, &nft_protos, false, "tcp");
		r->log = e->log;
	}
	if (!other)
		return;
	r = nft_rule_add(all, base, NFT_DO_REJECT);
	nft_terms_add(all, r, e, family);
	r->log = e->log;
}

static void rule(const struct nft_entry *e, enum nft_base base, struct nft_rules *all)
{
	static const enum nft_verb verbs[] = {
		[NFT_ACTION_NONE] = NFT_DO_LOG_ONLY,
		[NFT_ACTION_ACCEPT] = NFT_DO_ACCEPT,
		[NFT_ACTION_DROP] = NFT_DO_DROP,
	};
	unsigned families = nft_entry_families(e), family = nft_entry_is_split(e) ? NFT_IPV4 : 0;
	struct nft_rule *r;

	for (; family <= NFT_IPV6; family++) {
		if (family && !(families & family))
			continue;
		if (e->action == NFT_ACTION_REJECT) {
			reject(e, (uint8_t)family, base, all);
		} else {
			r = nft_rule_add(all, base, verbs[e->action]);
			nft_terms_add(all, r, e, (uint8_t)family);
			r->log = e->log;
		}
		if (!family)
			break;
	}
}

void nft_filter_expand(const struct nft_filter *filter, struct nft_rules *all)
{
	static const char *const places[] = { "filter/input", "filter/forward", "filter/output" };
	static const struct nft_entry everything;
	size_t last;

	for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
		bool used = filter->policy[i] || (filter->clamp_mss && bases[i] == NFT_FORWARD);

		for (size_t k = 0; k < filter->n && !used; k++)
			used = filter->rules[k].chain == i + NFT_WORD_INPUT;
		if (!used)
			continue;
		all->policy[bases[i]] = filter->policy[i] ? filter->policy[i] : (uint8_t)NFT_ACTION_ACCEPT;
		last = all->n;
		chain_begin(filter, i, all);
		nft_rules_place(all, last, filter->policy[i] ? places[i] : "filter", NFT_WHOLE);
		for (size_t k = 0; k < filter->n; k++) {
			last = all->n;
			if (filter->rules[k].chain == i + NFT_WORD_INPUT)
				rule(&filter->rules[k], bases[i], all);
			nft_rules_place(all, last, "filter/rules", k);
		}
		if (filter->policy[i] != NFT_ACTION_REJECT)
			continue;
		last = all->n;
		reject(&everything, 0, bases[i], all);
		nft_rules_place(all, last, places[i], NFT_WHOLE);
		while (last < all->n)
			all->v[last++].last = true;
	}
}
