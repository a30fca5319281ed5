/* SPDX-License-Identifier: MIT */
/* explain_filter.c - what filters do with a packet: netnsd's own rules are gone through as the kernel does; of the chains of
 * others it is known which stop whatever reaches their end. */
#include "check.h"
#include "explain.h"
#include "model/model.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>

enum { ECHO_REQUEST = 8, ECHO_REPLY = 0, ECHO6_REQUEST = 128, ECHO6_REPLY = 129, HOP_LIMIT = 64 };

/* The packet at one chain. */
struct at_chain {
	const struct explanation *x;
	const struct link_fact *in, *out;
};

static bool covers(const struct nft_list *list, const void *bytes, size_t size, uint8_t family)
{
	for (size_t i = 0; i < list->n; i++)
		if ((!family || !list->v[i].families || list->v[i].families & family) &&
		    memcmp(list->v[i].from, bytes, size) <= 0 && memcmp(bytes, list->v[i].to, size) <= 0)
			return !list->negated;
	return list->negated;
}

static bool covers_link(const struct nft_list *list, const struct link_fact *l)
{
	char name[16] = "";

	if (l)
		snprintf(name, sizeof(name), "%s", l->name);
	return covers(list, name, sizeof(name), 0);
}

static bool covers_ip(const struct nft_list *list, const struct inet *ip)
{
	return ip->family == AF_INET6 ? covers(list, ip->addr, 16, NFT_IPV6) : covers(list, ip->addr, 4, NFT_IPV4);
}

static bool covers_byte(const struct nft_list *list, unsigned value)
{
	uint8_t byte = (uint8_t)value;

	return covers(list, &byte, 1, 0);
}

/* Without a port that is known it is one that nothing names. */
static bool covers_port(const struct nft_list *list, uint16_t port)
{
	uint16_t value = htons(port);

	return covers(list, &value, sizeof(value), 0);
}

static bool has_state(const struct nft_list *list, uint32_t state)
{
	for (size_t i = 0; i < list->n; i++) {
		uint32_t one;

		memcpy(&one, list->v[i].from, sizeof(one));
		if (one & state)
			return !list->negated;
	}
	return list->negated;
}

/* Packets have no mark here. */
static bool has_no_mark(const struct nft_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		uint32_t value;

		memcpy(&value, list->v[i].from, sizeof(value));
		if (!value)
			return !list->negated;
	}
	return list->negated;
}

static bool is_dnat(const struct explanation *x)
{
	for (size_t i = 0; i < x->n_translations; i++)
		if (x->translations[i].n == x->n &&
		    !same_ip(&x->translations[i].before.to, &x->translations[i].after.to))
			return true;
	return false;
}

static bool term_matches(const struct at_chain *at, const struct nft_term *t)
{
	const struct explanation *x = at->x;
	const struct flow *f = &x->flow;
	bool v6 = f->to.family == AF_INET6;

	switch (t->what) {
	case NFT_WHAT_IIFNAME:
		return covers_link(&t->list, at->in);
	case NFT_WHAT_OIFNAME:
		return covers_link(&t->list, at->out);
	case NFT_WHAT_SADDR:
		return covers_ip(&t->list, &f->from);
	case NFT_WHAT_DADDR:
		return covers_ip(&t->list, &f->to);
	case NFT_WHAT_LOCAL:
		return explain_is_local(x->n, &f->to);
	case NFT_WHAT_HOPLIMIT:
		return covers_byte(&t->list, HOP_LIMIT);
	case NFT_WHAT_L4PROTO:
		return covers_byte(&t->list, f->proto);
	case NFT_WHAT_ICMP:
		return f->proto == IPPROTO_ICMP && covers_byte(&t->list, x->back ? ECHO_REPLY : ECHO_REQUEST);
	case NFT_WHAT_ICMPV6:
		return v6 && f->proto == IPPROTO_ICMPV6 && covers_byte(&t->list, x->back ? ECHO6_REPLY : ECHO6_REQUEST);
	case NFT_WHAT_SPORT:
		return covers_port(&t->list, f->sport);
	case NFT_WHAT_DPORT:
		return covers_port(&t->list, f->dport);
	case NFT_WHAT_SYN:
		return f->proto == IPPROTO_TCP;
	case NFT_WHAT_MARK:
		return has_no_mark(&t->list);
	case NFT_WHAT_STATE:
		return has_state(&t->list, NF_CT_STATE_BIT(x->back ? IP_CT_ESTABLISHED : IP_CT_NEW));
	case NFT_WHAT_STATUS_DNAT:
		return is_dnat(x);
	}
	return false;
}

static bool rule_matches(const struct at_chain *at, const struct nft_rule *r)
{
	uint8_t family = at->x->flow.to.family == AF_INET6 ? NFT_IPV6 : NFT_IPV4;

	if (r->family && !(r->family & family))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (!term_matches(at, &r->terms[i]))
			return false;
	return true;
}

static bool decides(enum nft_verb verb)
{
	return verb != NFT_DO_CONTINUE && verb != NFT_DO_LOG_ONLY && verb != NFT_DO_CLAMP;
}

/* The first rule that decides; those that are last come after those of all topologies. */
static const struct nft_rule *first_rule(const struct at_chain *at, enum nft_base base, bool last)
{
	for (size_t w = 0; w < at->x->n->n_words; w++)
		for (size_t i = 0; i < at->x->rules[w].n; i++) {
			const struct nft_rule *r = &at->x->rules[w].v[i];

			if (r->base == base && r->last == last && decides(r->verb) && rule_matches(at, r))
				return r;
		}
	return NULL;
}

/* Those of all namespaces at once would be much. */
static void expand(struct explanation *x)
{
	if (x->ruled_n == x->n)
		return;
	arena_done(&x->ruled);
	x->ruled_n = x->n;
	x->rules = arena_alloc(&x->ruled, (x->n->n_words + 1) * sizeof(*x->rules));
	for (size_t w = 0; w < x->n->n_words; w++) {
		const struct nft o = { .nat = x->n->words[w]->nat, .filter = x->n->words[w]->filter };

		nft_rules_of(&o, &x->rules[w], &x->ruled);
	}
}

const struct nft_rule *explain_rule(struct explanation *x, enum nft_base base, const struct link_fact *out,
				    bool *ret_policy)
{
	const struct at_chain at = { x, x->in, out };
	const struct nft_rule *r;

	expand(x);
	r = first_rule(&at, base, false);
	*ret_policy = false;
	if (!r)
		r = first_rule(&at, base, true);
	for (size_t w = 0; w < x->n->n_words && !r; w++)
		*ret_policy |= x->rules[w].policy[base] > NFT_ACTION_ACCEPT;
	return r;
}

static bool is_stopped_by_ours(struct explanation *x, enum nft_base base, const struct link_fact *out)
{
	bool policy;
	const struct nft_rule *r = explain_rule(x, base, out, &policy);
	struct hop *h;

	if (!policy && (!r || (r->verb != NFT_DO_DROP && r->verb != NFT_DO_REJECT && r->verb != NFT_DO_RESET)))
		return false;
	h = hop_add(x, HOP_ARRIVAL, HOP_BROKEN, x->n, x->in ? x->in : out, "netnsd's filter stops it: %s%s%s",
		    nft_base_name(base), r ? ": " : ": policy drop", r ? nft_say(r, &x->d.arena) : "");
	h->command = arena_fmt(&x->d.arena, "%snft list chain inet netnsd %s", netns_exec(&x->d.arena, x->n->name),
			       nft_base_name(base));
	return true;
}

/* What is there, and not gone through. */
static void mention(struct explanation *x, const struct chain_fact *c, const char *what)
{
	struct hop *h = hop_add(x, HOP_ARRIVAL, HOP_PASSES, x->n, x->in, "%s: table %s %s, chain %s", what, c->family,
				c->table, c->chain);

	h->veiled = arena_fmt(&x->d.arena, "%s: root sees which", what);
}

bool explain_foreign_nat(struct explanation *x, uint32_t hook)
{
	bool v6 = x->flow.to.family == AF_INET6;

	for (size_t i = 0; i < x->n->s.n_chains && !x->back; i++) {
		const struct chain_fact *c = &x->n->s.chains[i];

		if (c->hook != hook || !c->translates || !c->selects || !strcmp(c->family, v6 ? "ip" : "ip6"))
			continue;
		mention(x, c, "another program's NAT may translate it");
		x->unsure = true;
		return true;
	}
	return false;
}

bool explain_unsure(struct explanation *x)
{
	if (x->unsure)
		hop_add(x, HOP_ROUTE, HOP_UNKNOWN, x->n, NULL,
			"cannot send to %s, but another program's NAT on the way may have put other addresses in",
			ip_of(&x->d, &x->flow.to));
	return x->unsure;
}

static bool is_stopped_by_others(struct explanation *x, uint32_t hook)
{
	static const char unless[] = ", unless a rule before that lets it pass";

	for (size_t i = 0; i < x->n->s.n_chains; i++) {
		const struct chain_fact *c = &x->n->s.chains[i];
		bool v6 = x->flow.to.family == AF_INET6;
		struct hop *h;

		if (c->hook != hook || c->bridged || c->translates || !strcmp(c->family, v6 ? "ip" : "ip6"))
			continue;
		if (!c->how && c->selects)
			mention(x, c, "passes if rules of another program let it");
		if (!c->how)
			continue;
		/* Its rules are not gone through. */
		h = hop_add(x, HOP_ARRIVAL, c->selects ? HOP_UNKNOWN : HOP_BROKEN, x->n, x->in,
			    "meets %s of another program%s: table %s %s, chain %s", c->how, c->selects ? unless : "",
			    c->family, c->table, c->chain);
		h->veiled = arena_fmt(&x->d.arena, "meets %s of another program%s: root sees where", c->how,
				      c->selects ? unless : "");
		h->command = arena_fmt(&x->d.arena, c->legacy ? "%s%s -t %s -S %s" : "%snft list chain %s %s %s",
				       netns_exec(&x->d.arena, x->n->name), c->family, word_of(&x->d, c->table),
				       word_of(&x->d, c->chain));
		return true;
	}
	return false;
}

bool explain_filter(struct explanation *x, uint32_t hook, enum nft_base base, const struct link_fact *out)
{
	return !is_stopped_by_ours(x, base, out) && !is_stopped_by_others(x, hook);
}
