/* SPDX-License-Identifier: MIT */
/* nft_beside.c - the rules of others at postrouting, as far as they can be read: comparisons of addresses, and of the name of
 * the interface.  All else in a rule is taken to match. */
#include "nft_beside.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

enum { CHAINS = 16, DUMPS = 3 };

struct chain {
	uint8_t family;
	const char *table, *name;
};

struct rule {
	uint8_t family;
	const struct nlattr *expressions;
};

struct nft_beside {
	struct arena arena;
	struct chain chains[CHAINS];
	struct rule rules[NFT_BESIDE_MAX];
	size_t n_chains, n_rules;
	bool any; /* not all could be read */
};

/* ---- reading ---- */

static bool is_number(const struct nlattr *a, uint32_t n)
{
	return a && nla_len(a) == 4 && ntohl(nla_get_u32(a)) == n;
}

static void on_chain(const struct nlmsghdr *h, void *arg)
{
	uint8_t family = ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family;
	const char *table = nft_text(nft_attr(h, NFTA_CHAIN_TABLE)), *name = nft_text(nft_attr(h, NFTA_CHAIN_NAME));
	const char *type = nft_text(nft_attr(h, NFTA_CHAIN_TYPE));
	struct nlattr *hook[NFTA_HOOK_MAX + 1], *in = nft_attr(h, NFTA_CHAIN_HOOK);
	struct nft_beside *b = arg;

	if (!table || !name || nft_is_ours(family, table) || !in || !type || strcmp(type, "nat") != 0 ||
	    nla_parse_nested(hook, NFTA_HOOK_MAX, in, NULL) < 0 ||
	    !is_number(hook[NFTA_HOOK_HOOKNUM], NF_INET_POST_ROUTING))
		return;
	if (b->n_chains < CHAINS)
		b->chains[b->n_chains++] =
			(struct chain){ family, arena_strdup(&b->arena, table), arena_strdup(&b->arena, name) };
	else
		b->any = true;
}

static void on_rule(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *expressions = nft_attr(h, NFTA_RULE_EXPRESSIONS);
	struct nft_beside *b = arg;
	struct nlattr *copy;

	if (!expressions || b->n_rules == NFT_BESIDE_MAX) {
		b->any |= expressions != NULL;
		return;
	}
	copy = arena_alloc(&b->arena, expressions->nla_len);
	memcpy(copy, expressions, expressions->nla_len);
	b->rules[b->n_rules++] = (struct rule){ ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family, copy };
}

/* Of many rules the rest is not read: the socket is done with. */
static int dump(struct nft_beside *b, struct nl_msg *m, void (*each)(const struct nlmsghdr *h, void *arg),
		struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	int r;

	if (rtnl_open_netfilter(&nl, e) < 0 || rtnl_dump_begin(nl, m, e) < 0)
		return e->code;
	do
		r = rtnl_dump_more(nl, each, b, e);
	while (r == 1 && !b->any);
	return r;
}

static int read_all(struct nft_beside *b, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETCHAIN, 0, 0);
	int r;

	b->n_chains = b->n_rules = 0;
	((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = NFPROTO_UNSPEC;
	r = dump(b, m, on_chain, e);
	for (size_t i = 0; i < b->n_chains && r == 0; i++) {
		_cleanup_(msg_freep) struct nl_msg *rules = nft_msg(NFT_MSG_GETRULE, 0, 0);

		((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(rules)))->nfgen_family = b->chains[i].family;
		msg_put_string(rules, NFTA_RULE_TABLE, b->chains[i].table);
		msg_put_string(rules, NFTA_RULE_CHAIN, b->chains[i].name);
		r = dump(b, rules, on_rule, e);
	}
	return r;
}

/* The tables of the old iptables, one a line. */
static bool iptables_translates(const char *path)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	char line[64];
	bool has = false;

	while (f && !has && fgets(line, sizeof(line), f))
		has = !strcmp(line, "nat\n");
	return has;
}

int nft_beside_read(struct nft_beside **ret, struct err *e)
{
	struct nft_beside *b = must(calloc(1, sizeof(*b)));
	int r = -EINTR;

	b->any = iptables_translates("/proc/thread-self/net/ip_tables_names") ||
		 iptables_translates("/proc/thread-self/net/ip6_tables_names");
	/* -ENOENT: a chain is gone that was there. */
	for (int i = 0; i < DUMPS && !b->any && (r == -EINTR || r == -ENOENT); i++)
		r = read_all(b, e);
	b->any |= r == -EINTR || r == -ENOENT;
	if (r < 0 && !b->any) {
		nft_beside_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void nft_beside_free(struct nft_beside *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	free(b);
}

/* ---- matching ---- */

/* What is known of the packets: both addresses, in a header of their family, and the name of the interface. */
struct packet {
	uint8_t header[40], family;
	uint32_t from, to; /* the known part of the header */
	char out[IF_NAMESIZE];
};

/* What the last expression has put into a register; size 0: unknown. */
struct loaded {
	uint8_t bytes[16];
	uint32_t size, at;
};

static uint32_t number(const struct nlattr *a)
{
	return a && nla_len(a) == 4 ? ntohl(nla_get_u32(a)) : 0;
}

static void load_header(const struct packet *p, struct nlattr **a, struct loaded *l)
{
	uint32_t offset = number(a[NFTA_PAYLOAD_OFFSET]), size = number(a[NFTA_PAYLOAD_LEN]);

	*l = (struct loaded){ .at = number(a[NFTA_PAYLOAD_DREG]) };
	if (number(a[NFTA_PAYLOAD_BASE]) != NFT_PAYLOAD_NETWORK_HEADER || size > sizeof(l->bytes) || offset < p->from ||
	    offset > p->to || size > p->to - offset)
		return;
	memcpy(l->bytes, p->header + offset, size);
	l->size = size;
}

static void load_meta(const struct packet *p, struct nlattr **a, struct loaded *l)
{
	*l = (struct loaded){ .at = number(a[NFTA_META_DREG]) };
	if (number(a[NFTA_META_KEY]) == NFT_META_OIFNAME && *p->out) {
		memcpy(l->bytes, p->out, sizeof(p->out));
		l->size = sizeof(p->out);
	} else if (number(a[NFTA_META_KEY]) == NFT_META_NFPROTO) {
		l->bytes[0] = p->family;
		l->size = 1;
	}
}

static const struct nlattr *value_of(const struct nlattr *a, uint32_t size)
{
	const struct nlattr *v = a ? nla_find(nla_data(a), nla_len(a), NFTA_DATA_VALUE) : NULL;

	return v && (uint32_t)nla_len(v) == size ? v : NULL;
}

static void mask(struct nlattr **a, struct loaded *l)
{
	const struct nlattr *and = value_of(a[NFTA_BITWISE_MASK], l->size),
			    *xor = value_of(a[NFTA_BITWISE_XOR], l->size);

	if (!l->size || number(a[NFTA_BITWISE_SREG]) != l->at || !and|| !xor||
	    (a[NFTA_BITWISE_OP] && number(a[NFTA_BITWISE_OP]) != NFT_BITWISE_BOOL)) {
		l->size = 0;
		return;
	}
	for (uint32_t i = 0; i < l->size; i++)
		l->bytes[i] = (l->bytes[i] & ((const uint8_t *)nla_data(and))[i]) ^ ((const uint8_t *)nla_data(xor))[i];
	l->at = number(a[NFTA_BITWISE_DREG]);
}

/* A part of a name is compared up to a "*". */
static bool may_be(struct nlattr **a, const struct loaded *l)
{
	const struct nlattr *v =
		a[NFTA_CMP_DATA] ? nla_find(nla_data(a[NFTA_CMP_DATA]), nla_len(a[NFTA_CMP_DATA]), NFTA_DATA_VALUE)
				 : NULL;
	uint32_t how = number(a[NFTA_CMP_OP]);
	bool same;

	if (!v || !l->size || number(a[NFTA_CMP_SREG]) != l->at || (uint32_t)nla_len(v) > l->size ||
	    (how != NFT_CMP_EQ && how != NFT_CMP_NEQ))
		return true;
	same = !memcmp(nla_data(v), l->bytes, (size_t)nla_len(v));
	return same == (how == NFT_CMP_EQ);
}

static bool expression_may_match(const struct packet *p, struct nlattr *expression, struct loaded *l)
{
	struct nlattr *e[NFTA_EXPR_MAX + 1], *a[16];
	const char *name;

	if (nla_parse_nested(e, NFTA_EXPR_MAX, expression, NULL) < 0 || !(name = nft_text(e[NFTA_EXPR_NAME])) ||
	    !e[NFTA_EXPR_DATA] || nla_parse_nested(a, ARRAY_SIZE(a) - 1, e[NFTA_EXPR_DATA], NULL) < 0) {
		l->size = 0;
		return true;
	}
	if (!strcmp(name, "payload"))
		load_header(p, a, l);
	else if (!strcmp(name, "meta"))
		load_meta(p, a, l);
	else if (!strcmp(name, "bitwise"))
		mask(a, l);
	else if (!strcmp(name, "cmp"))
		return may_be(a, l);
	else
		l->size = 0;
	return true;
}

static bool rule_may_match(const struct packet *p, const struct rule *r)
{
	struct loaded l = { 0 };
	struct nlattr *a;
	int left;

	if (r->family != NFPROTO_INET && r->family != p->family)
		return false;
	nla_for_each_nested(a, (struct nlattr *)(uintptr_t)r->expressions, left)
		if (!expression_may_match(p, a, &l))
			return false;
	return true;
}

bool nft_beside_matches(const struct nft_beside *b, const struct flow *f, const char *out)
{
	bool v4 = f->original.from.family == AF_INET;
	size_t size = v4 ? 4 : 16;
	struct packet p = { .family = v4 ? NFPROTO_IPV4 : NFPROTO_IPV6, .from = v4 ? 12 : 8, .to = v4 ? 20 : 40 };

	if (b->any)
		return true;
	memcpy(p.header + p.from, f->original.from.addr, size);
	memcpy(p.header + p.from + size, f->reply.from.addr, size);
	snprintf(p.out, sizeof(p.out), "%s", out);
	for (size_t i = 0; i < b->n_rules; i++)
		if (rule_may_match(&p, &b->rules[i]))
			return true;
	return false;
}
