/* SPDX-License-Identifier: MIT */
/* nft_obstacle.c - reads base chains, and of their rules those that are for every packet. */
#include "nft_obstacle.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* A base chain. */
struct found {
	uint8_t family;
	const char *table, *chain;
	uint32_t hook;
	bool drops, selects, translates;
	/* What the first rule for every packet does: "drop", "reject", "accept"; NULL: there is none. */
	const char *last;
};

enum { TRIES = 10 };

struct nft_search {
	struct arena arena;
	struct rtnl *nl;
	struct found *v;
	size_t n, room, n_rules;
	size_t at;      /* the chain whose rules are read … */
	bool chains;    /* … once all chains are known */
	bool asked;     /* a dump has begun */
	unsigned tries; /* of this dump */
	bool cut;
};

/* Those whose chains see packets, or frames of a bridge. */
static bool is_judged(uint8_t family)
{
	return family == NFPROTO_IPV4 || family == NFPROTO_IPV6 || family == NFPROTO_INET || family == NFPROTO_BRIDGE;
}

static uint32_t number_of(const struct nlattr *a)
{
	return a && nla_len(a) == 4 ? ntohl(nla_get_u32(a)) : UINT32_MAX;
}

static void on_chain(const struct nlmsghdr *h, void *arg)
{
	struct nft_search *s = arg;
	uint8_t family = ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family;
	const char *table = nft_text(nft_attr(h, NFTA_CHAIN_TABLE)), *chain = nft_text(nft_attr(h, NFTA_CHAIN_NAME));
	const char *type = nft_text(nft_attr(h, NFTA_CHAIN_TYPE));
	struct nlattr *hook[NFTA_HOOK_MAX + 1], *in = nft_attr(h, NFTA_CHAIN_HOOK);

	if (!in || !table || !chain || !is_judged(family) || nla_parse_nested(hook, NFTA_HOOK_MAX, in, NULL) < 0 ||
	    nft_is_ours(family, table))
		return;
	if (s->n == NFT_SEARCH_CHAINS_MAX) {
		s->cut = true;
		return;
	}
	*(struct found *)array_add((void **)&s->v, &s->n, &s->room, sizeof(*s->v)) =
		(struct found){ family,
				arena_strdup(&s->arena, table),
				arena_strdup(&s->arena, chain),
				number_of(hook[NFTA_HOOK_HOOKNUM]),
				number_of(nft_attr(h, NFTA_CHAIN_POLICY)) == NF_DROP,
				false,
				type && !strcmp(type, "nat"),
				NULL };
}

/* The verdict of an immediate expression; UINT32_MAX: none. */
static uint32_t verdict_of(struct nlattr *data)
{
	struct nlattr *a = data ? nla_find(nla_data(data), nla_len(data), NFTA_IMMEDIATE_DATA) : NULL;

	a = a ? nla_find(nla_data(a), nla_len(a), NFTA_DATA_VERDICT) : NULL;
	return number_of(a ? nla_find(nla_data(a), nla_len(a), NFTA_VERDICT_CODE) : NULL);
}

static const char *verdict_name(uint32_t verdict)
{
	return verdict == NF_DROP ? "drop" : verdict == NF_ACCEPT ? "accept" : NULL;
}

/* What a rule does with every packet; NULL: it matches only some, or decides nothing. */
static const char *does(struct nlattr *expressions)
{
	const char *what = NULL;
	struct nlattr *a;
	int left;

	nla_for_each_nested(a, expressions, left) {
		const char *name = nft_text(nla_find(nla_data(a), nla_len(a), NFTA_EXPR_NAME));

		if (!name)
			return NULL;
		if (!strcmp(name, "reject"))
			what = "reject";
		else if (!strcmp(name, "immediate"))
			what = verdict_name(verdict_of(nla_find(nla_data(a), nla_len(a), NFTA_EXPR_DATA)));
		else if (strcmp(name, "counter") != 0 && strcmp(name, "log") != 0)
			return NULL;
	}
	return what;
}

static void on_rule(const struct nlmsghdr *h, void *arg)
{
	struct nft_search *s = arg;
	struct found *f = &s->v[s->at];
	struct nlattr *expressions = nft_attr(h, NFTA_RULE_EXPRESSIONS);
	const char *table = nft_text(nft_attr(h, NFTA_RULE_TABLE)), *chain = nft_text(nft_attr(h, NFTA_RULE_CHAIN));

	s->n_rules++;
	if (table && chain && !strcmp(table, f->table) && !strcmp(chain, f->chain) && !f->last && expressions)
		f->last = does(expressions);
	f->selects |= !f->last;
}

static int ask(struct nft_search *s, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(s->chains ? NFT_MSG_GETRULE : NFT_MSG_GETCHAIN, 0, 0);
	struct nfgenmsg *header = nlmsg_data(nlmsg_hdr(m));

	header->nfgen_family = s->chains ? s->v[s->at].family : NFPROTO_UNSPEC;
	if (s->chains) {
		msg_put_string(m, NFTA_RULE_TABLE, s->v[s->at].table);
		msg_put_string(m, NFTA_RULE_CHAIN, s->v[s->at].chain);
		s->v[s->at].last = NULL;
		s->v[s->at].selects = false;
	} else {
		s->n = 0;
	}
	return rtnl_dump_begin(s->nl, m, e);
}

int nft_search_begin(struct nft_search **ret, struct err *e)
{
	struct nft_search *s = must(calloc(1, sizeof(*s)));
	int r = rtnl_open_netfilter(&s->nl, e);

	if (r < 0) {
		nft_search_end(s);
		return r;
	}
	*ret = s;
	return 0;
}

int nft_search_step(struct nft_search *s, struct err *e)
{
	int r = 0;

	if (s->chains && s->at == s->n)
		return 0;
	if (!s->asked)
		r = ask(s, e);
	s->asked = true;
	if (r == 0)
		r = rtnl_dump_more(s->nl, s->chains ? on_rule : on_chain, s, e);
	if (r > 0 && s->n_rules > NFT_SEARCH_RULES_MAX) {
		s->cut = true;
		s->at = s->n;
		return 0;
	}
	if (r > 0)
		return 1;
	s->asked = false;
	if (r == -EINTR && ++s->tries < TRIES)
		return 1;
	/* It was deleted meanwhile. */
	if (r < 0 && r != -ENOENT)
		return r;
	s->tries = 0;
	if (s->chains)
		s->at++;
	s->chains = true;
	return 1;
}

void nft_search_result(struct nft_search *s, void (*each)(const struct nft_obstacle *o, void *arg), void *arg,
		       bool *ret_cut)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct found *f = &s->v[i];
		char how[32];

		snprintf(how, sizeof(how), "last rule %s", f->last ? f->last : "");
		each(&(struct nft_obstacle){ nft_family_name(f->family), nft_print(arena_strdup(&s->arena, f->table)),
					     nft_print(arena_strdup(&s->arena, f->chain)), f->hook,
					     f->family == NFPROTO_BRIDGE, f->selects, f->translates,
					     f->last && !strcmp(f->last, "accept") ? NULL
					     : f->last                             ? how
					     : f->drops                            ? "policy drop"
										   : NULL },
		     arg);
	}
	*ret_cut = s->cut;
}

void nft_search_end(struct nft_search *s)
{
	if (!s)
		return;
	rtnl_close(s->nl);
	free(s->v);
	arena_done(&s->arena);
	free(s);
}

struct forwarded {
	void (*each)(const struct nft_obstacle *o, void *arg);
	void *arg;
};

static void on_found(const struct nft_obstacle *o, void *arg)
{
	const struct forwarded *f = arg;

	if (o->how && o->hook == NF_INET_FORWARD)
		f->each(o, f->arg);
}

int nft_obstacles(void (*each)(const struct nft_obstacle *o, void *arg), void *arg, struct err *e)
{
	struct nft_search *s;
	bool cut;
	int r = nft_search_begin(&s, e);

	if (r < 0)
		return r;
	while ((r = nft_search_step(s, e)) > 0)
		;
	if (r == 0)
		nft_search_result(s, on_found, &(struct forwarded){ each, arg }, &cut);
	nft_search_end(s);
	return r;
}
