/* SPDX-License-Identifier: MIT */
/* nft_ruleset.c - reads tables, chains and rules of all families. */
#include "nft_ruleset.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

enum { TRIES = 3 };

static uint8_t family_of(const struct nlmsghdr *h)
{
	return ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family;
}

static const char *text_of(struct nft_ruleset *s, const struct nlmsghdr *h, int attr)
{
	const char *text = nft_text(nft_attr(h, attr));

	return text ? arena_strdup(&s->arena, text) : NULL;
}

static uint32_t number_of(const struct nlattr *a)
{
	return a && nla_len(a) == 4 ? ntohl(nla_get_u32(a)) : UINT32_MAX;
}

static void on_table(const struct nlmsghdr *h, void *arg)
{
	struct nft_ruleset *s = arg;
	const char *name = text_of(s, h, NFTA_TABLE_NAME);

	if (name && !nft_is_ours(family_of(h), name))
		*ARRAY_ADD(s, tables) = (struct nft_ruleset_table){ family_of(h), name };
}

static void on_chain(const struct nlmsghdr *h, void *arg)
{
	struct nft_ruleset *s = arg;
	struct nlattr *hook[NFTA_HOOK_MAX + 1] = { NULL }, *in = nft_attr(h, NFTA_CHAIN_HOOK);
	const char *table = text_of(s, h, NFTA_CHAIN_TABLE), *name = text_of(s, h, NFTA_CHAIN_NAME);

	if (!table || !name || nft_is_ours(family_of(h), table))
		return;
	s->cut |= s->n_chains == NFT_RULESET_MAX;
	if (s->cut || (in && nla_parse_nested(hook, NFTA_HOOK_MAX, in, NULL) < 0))
		return;
	*ARRAY_ADD(s, chains) = (struct nft_ruleset_chain){ .family = family_of(h),
							    .table = table,
							    .name = name,
							    .type = in ? text_of(s, h, NFTA_CHAIN_TYPE) : NULL,
							    .hook = number_of(hook[NFTA_HOOK_HOOKNUM]),
							    .policy = number_of(nft_attr(h, NFTA_CHAIN_POLICY)) };
}

static void on_rule(const struct nlmsghdr *h, void *arg)
{
	struct nft_ruleset *s = arg;
	const char *table = nft_text(nft_attr(h, NFTA_RULE_TABLE));
	const struct nlattr *expressions = nft_attr(h, NFTA_RULE_EXPRESSIONS);
	struct nft_ruleset_rule *r;

	if (!table || nft_is_ours(family_of(h), table))
		return;
	s->cut |= s->n_rules == NFT_RULESET_MAX;
	if (s->cut)
		return;
	r = ARRAY_ADD(s, rules);
	*r = (struct nft_ruleset_rule){ .family = family_of(h),
					.table = text_of(s, h, NFTA_RULE_TABLE),
					.chain = text_of(s, h, NFTA_RULE_CHAIN) };
	if (!expressions)
		return;
	r->expressions = arena_alloc(&s->arena, expressions->nla_len);
	memcpy(r->expressions, expressions, expressions->nla_len);
}

/* Of too many the rest is not read: the socket is done with. */
static int dump(struct nft_ruleset *s, uint16_t type, void (*each)(const struct nlmsghdr *h, void *arg), struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(type, 0, 0);
	int r;

	((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = NFPROTO_UNSPEC;
	if (rtnl_open_netfilter(&nl, e) < 0 || rtnl_dump_begin(nl, m, e) < 0)
		return e->code;
	do
		r = rtnl_dump_more(nl, each, s, e);
	while (r == 1 && !s->cut);
	return r < 0 ? r : 0;
}

static int read_once(struct nft_ruleset *s, struct err *e)
{
	int r;

	s->n_tables = s->n_chains = s->n_rules = 0;
	r = dump(s, NFT_MSG_GETTABLE, on_table, e);
	if (r == 0 && s->n_tables)
		r = dump(s, NFT_MSG_GETCHAIN, on_chain, e);
	if (r == 0 && s->n_chains && !s->cut)
		r = dump(s, NFT_MSG_GETRULE, on_rule, e);
	return r;
}

int nft_ruleset_read(struct nft_ruleset *ret, struct err *e)
{
	int r = -EINTR;

	*ret = (struct nft_ruleset){ 0 };
	for (unsigned i = 0; i < TRIES && r == -EINTR; i++)
		r = read_once(ret, e);
	/* A kernel without nftables has none. */
	return r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EINVAL ? 0 : r;
}

void nft_ruleset_done(struct nft_ruleset *s)
{
	free(s->tables);
	free(s->chains);
	free(s->rules);
	arena_done(&s->arena);
	*s = (struct nft_ruleset){ 0 };
}

struct elements_read {
	void (*each)(const struct nlattr *elements, void *arg);
	void *arg;
};

static void on_elements(const struct nlmsghdr *h, void *arg)
{
	const struct elements_read *r = arg;
	const struct nlattr *elements = nft_attr(h, NFTA_SET_ELEM_LIST_ELEMENTS);

	if (elements)
		r->each(elements, r->arg);
}

int nft_ruleset_elements(const struct nft_ruleset_rule *of, const char *set,
			 void (*each)(const struct nlattr *elements, void *arg), void *arg, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETSETELEM, 0, 0);
	struct elements_read r = { each, arg };
	int more;

	((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = of->family;
	msg_put_string(m, NFTA_SET_ELEM_LIST_TABLE, of->table);
	msg_put_string(m, NFTA_SET_ELEM_LIST_SET, set);
	if (rtnl_open_netfilter(&nl, e) < 0 || rtnl_dump_begin(nl, m, e) < 0)
		return e->code;
	do
		more = rtnl_dump_more(nl, on_elements, &r, e);
	while (more == 1);
	return more;
}
