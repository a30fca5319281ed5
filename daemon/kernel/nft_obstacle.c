/* SPDX-License-Identifier: MIT */
/* nft_obstacle.c - looks for chains that let nothing pass, at what is forwarded. */
#include "nft_obstacle.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

/* A base chain at the hook. */
struct found {
	uint8_t family;
	const char *table, *chain;
	bool drops;
	const char
		*last; /* what the first rule for every packet does: "drop", "reject", "accept"; NULL: there is none */
};

struct search {
	struct arena arena;
	struct found *v;
	size_t n, room;
	struct found *at; /* whose rules are read */
};

static const struct word families[] = {
	{ "ip", NFPROTO_IPV4 }, { "ip6", NFPROTO_IPV6 }, { "inet", NFPROTO_INET }, { "bridge", NFPROTO_BRIDGE }, { 0 }
};

static const char *family_name(uint8_t family)
{
	for (const struct word *w = families; w->name; w++)
		if (w->value == family)
			return w->name;
	return NULL;
}

static uint32_t number_of(const struct nlattr *a)
{
	return a && nla_len(a) == 4 ? ntohl(nla_get_u32(a)) : UINT32_MAX;
}

static void on_chain(const struct nlmsghdr *h, void *arg)
{
	struct search *s = arg;
	uint8_t family = ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family;
	const char *table = nft_text(nft_attr(h, NFTA_CHAIN_TABLE)), *chain = nft_text(nft_attr(h, NFTA_CHAIN_NAME));
	struct nlattr *hook[NFTA_HOOK_MAX + 1], *in = nft_attr(h, NFTA_CHAIN_HOOK);

	if (!in || !table || !chain || !family_name(family) || nla_parse_nested(hook, NFTA_HOOK_MAX, in, NULL) < 0 ||
	    number_of(hook[NFTA_HOOK_HOOKNUM]) != NF_INET_FORWARD ||
	    (family == NFPROTO_INET && !strcmp(table, NFT_TABLE)))
		return;
	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : 16;
		s->v = must(reallocarray(s->v, s->room, sizeof(*s->v)));
	}
	s->v[s->n++] = (struct found){ family, arena_strdup(&s->arena, table), arena_strdup(&s->arena, chain),
				       number_of(nft_attr(h, NFTA_CHAIN_POLICY)) == NF_DROP, NULL };
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
	struct search *s = arg;
	struct nlattr *expressions = nft_attr(h, NFTA_RULE_EXPRESSIONS);
	const char *table = nft_text(nft_attr(h, NFTA_RULE_TABLE)), *chain = nft_text(nft_attr(h, NFTA_RULE_CHAIN));

	if (table && chain && !strcmp(table, s->at->table) && !strcmp(chain, s->at->chain) && !s->at->last &&
	    expressions)
		s->at->last = does(expressions);
}

static void on_restart(void *arg)
{
	struct search *s = arg;

	if (s->at)
		s->at->last = NULL;
	else
		s->n = 0;
}

static int rules_read(struct rtnl *nl, struct search *s, struct found *f, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETRULE, 0, 0);

	s->at = f;
	((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = f->family;
	msg_put_string(m, NFTA_RULE_TABLE, f->table);
	msg_put_string(m, NFTA_RULE_CHAIN, f->chain);
	return rtnl_dump(nl, m, on_rule, on_restart, s, e);
}

static int search(struct rtnl *nl, struct search *s, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETCHAIN, 0, 0);
	int r;

	((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = NFPROTO_UNSPEC;
	r = rtnl_dump(nl, m, on_chain, on_restart, s, e);
	for (size_t i = 0; i < s->n && r == 0; i++)
		if (!s->v[i].drops)
			r = rules_read(nl, s, &s->v[i], e);
	/* It was deleted meanwhile. */
	return r == -ENOENT ? 0 : r;
}

int nft_obstacles(void (*each)(const struct nft_obstacle *o, void *arg), void *arg, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	struct search s = { 0 };
	int r = rtnl_open_netfilter(&nl, e);

	if (r == 0)
		r = search(nl, &s, e);
	for (size_t i = 0; i < s.n && r == 0; i++) {
		const struct found *f = &s.v[i];
		struct nft_obstacle o = { family_name(f->family), f->table, f->chain,
					  f->drops ? "policy drop"
					  : f->last && strcmp(f->last, "accept") != 0
						  ? arena_fmt(&s.arena, "last rule %s", f->last)
						  : NULL };

		if (o.how)
			each(&o, arg);
	}
	free(s.v);
	arena_done(&s.arena);
	return r;
}
