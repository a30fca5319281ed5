/* SPDX-License-Identifier: MIT */
/* nft_seen.c - reads our table with everything in it. */
#include "nft_seen.h"
#include "base/utf8.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <ctype.h>
#include <netlink/msg.h>

const struct nft_things nft_things[NFT_THINGS] = {
	[NFT_THING_SET] = { NFT_MSG_GETSET, NFT_MSG_DELSET, NFTA_SET_NAME, NFTA_SET_TABLE, NFTA_SET_FLAGS, 0 },
	[NFT_THING_OBJECT] = { NFT_MSG_GETOBJ, NFT_MSG_DELOBJ, NFTA_OBJ_NAME, NFTA_OBJ_TABLE, 0, NFTA_OBJ_TYPE },
	[NFT_THING_FLOWTABLE] = { NFT_MSG_GETFLOWTABLE, NFT_MSG_DELFLOWTABLE, NFTA_FLOWTABLE_NAME, NFTA_FLOWTABLE_TABLE,
				  0, 0 },
};

/* The base chains that images have; a chain of ours is one of these names, or begins with it. */
static const char *const bases[] = { "raw_prerouting", "prerouting", "nat_output", "postrouting",
				     "input",          "forward",    "output" };
#define LAST "last_"

const char *nft_family_name(uint8_t family)
{
	static const struct word families[] = { { "ip", NFPROTO_IPV4 },
						{ "ip6", NFPROTO_IPV6 },
						{ "inet", NFPROTO_INET },
						{ "arp", NFPROTO_ARP },
						{ "bridge", NFPROTO_BRIDGE },
						{ "netdev", NFPROTO_NETDEV },
						{ "?", 0 } };
	const struct word *w = families;

	while (w->value && w->value != family)
		w++;
	return w->name;
}

bool nft_is_ours(uint8_t family, const char *table)
{
	return family == NFPROTO_INET && (!strcmp(table, NFT_TABLE) || !strcmp(table, NFT_TRACE_TABLE));
}

struct nl_msg *nft_msg(uint16_t type, int flags, size_t room)
{
	struct nfgenmsg g = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	struct nl_msg *m = must(nlmsg_alloc_size(room + 512));

	must(nlmsg_put(m, NL_AUTO_PORT, 0, NFNL_SUBSYS_NFTABLES << 8 | type, 0, flags | NLM_F_REQUEST));
	if (nlmsg_append(m, &g, sizeof(g), NLMSG_ALIGNTO) < 0)
		abort();
	return m;
}

struct nl_msg *nft_bracket(int type)
{
	const struct nfgenmsg g = { .nfgen_family = NFPROTO_UNSPEC,
				    .version = NFNETLINK_V0,
				    .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	return msg_new(type, 0, &g, sizeof(g));
}

void nft_put_u32(struct nl_msg *m, int attr, uint32_t value)
{
	msg_put_u32(m, attr, htonl(value));
}

struct nlattr *nft_attr(const struct nlmsghdr *h, int type)
{
	return nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), type);
}

static uint32_t attr_u32(const struct nlmsghdr *h, int type)
{
	const struct nlattr *a = nft_attr(h, type);

	return a && nla_len(a) >= 4 ? ntohl(nla_get_u32(a)) : 0;
}

const char *nft_text(const struct nlattr *a)
{
	return a && nla_len(a) > 0 && !((const char *)nla_data(a))[nla_len(a) - 1] ? nla_data(a) : NULL;
}

char *nft_print(char *name)
{
	utf8_repair(name);
	for (char *c = name; *c; c++)
		*c = iscntrl((unsigned char)*c) ? '?' : *c;
	return name;
}

static const char *text_of(struct arena *a, const struct nlattr *from)
{
	const char *s = nft_text(from);

	return s ? arena_strdup(a, s) : NULL;
}

static const struct nlattr *copy_of(struct arena *a, const struct nlattr *from)
{
	return from ? memcpy(arena_alloc(a, from->nla_len), from, from->nla_len) : NULL;
}

static void *grow(void *v, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return v;
	*room = *room ? *room * 2 : 16;
	return must(reallocarray(v, *room, size));
}

/* Whether it is in our table; a dump of the kernel's covers all. */
static bool is_here(const struct nlmsghdr *h, int table)
{
	const struct nlattr *a = nft_attr(h, table);

	return a && nla_len(a) == sizeof(NFT_TABLE) && !memcmp(nla_data(a), NFT_TABLE, sizeof(NFT_TABLE));
}

const void *nft_mark(size_t *ret_size)
{
	/* Type 0, comment (libnftnl's udata.h); its length; the text. */
	static const char mark[] = "\0\012by netnsd";

	*ret_size = sizeof(mark);
	return mark;
}

static bool is_marked(const struct nlattr *userdata)
{
	size_t size;
	const void *mark = nft_mark(&size);

	return userdata && (size_t)nla_len(userdata) == size && !memcmp(nla_data(userdata), mark, size);
}

/* Takes the name of a chain apart. */
static void chain_name_read(struct nft_seen_chain *c, bool marked)
{
	const char *name = c->name;

	c->last = marked && !strncmp(name, LAST, strlen(LAST));
	name += c->last ? strlen(LAST) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		size_t n = strlen(bases[i]);

		if (strncmp(name, bases[i], n) || (c->hooked ? name[n] : name[n] != '_' || !marked))
			continue;
		c->base = bases[i];
		c->topology = c->hooked ? NULL : name + n + 1;
		return;
	}
}

static void hook_read(struct nft_seen_chain *c, struct nlattr *hook)
{
	struct nlattr *a[NFTA_HOOK_MAX + 1];

	if (nla_parse_nested(a, NFTA_HOOK_MAX, hook, NULL) < 0)
		return;
	c->hooked = true;
	if (a[NFTA_HOOK_HOOKNUM])
		c->hook = ntohl(nla_get_u32(a[NFTA_HOOK_HOOKNUM]));
	if (a[NFTA_HOOK_PRIORITY])
		c->priority = (int32_t)ntohl(nla_get_u32(a[NFTA_HOOK_PRIORITY]));
}

/* One dump: the list that it fills, and where what it finds begins. */
struct reading {
	struct nft_seen *s;
	size_t *n, first;
	uint8_t what; /* of things: which */
};

static void on_chain(const struct nlmsghdr *h, void *arg)
{
	struct nft_seen *s = ((const struct reading *)arg)->s;
	struct nlattr *hook = nft_attr(h, NFTA_CHAIN_HOOK), *handle = nft_attr(h, NFTA_CHAIN_HANDLE);
	struct nft_seen_chain c = { .name = text_of(&s->arena, nft_attr(h, NFTA_CHAIN_NAME)) };

	/* The kernel has made it for a rule, with which it goes. */
	if (!is_here(h, NFTA_CHAIN_TABLE) || !c.name || attr_u32(h, NFTA_CHAIN_FLAGS) & NFT_CHAIN_BINDING)
		return;
	if (hook)
		hook_read(&c, hook);
	if (handle && nla_len(handle) == sizeof(c.handle))
		memcpy(&c.handle, nla_data(handle), sizeof(c.handle));
	c.type = text_of(&s->arena, nft_attr(h, NFTA_CHAIN_TYPE));
	c.policy = attr_u32(h, NFTA_CHAIN_POLICY);
	chain_name_read(&c, is_marked(nft_attr(h, NFTA_CHAIN_USERDATA)));
	s->chains = grow(s->chains, s->n_chains, &s->room_chains, sizeof(*s->chains));
	s->chains[s->n_chains++] = c;
}

static void on_rule(const struct nlmsghdr *h, void *arg)
{
	struct nft_seen *s = ((const struct reading *)arg)->s;
	struct nft_seen_rule r = { .chain = text_of(&s->arena, nft_attr(h, NFTA_RULE_CHAIN)) };

	if (!is_here(h, NFTA_RULE_TABLE) || !r.chain)
		return;
	r.expressions = copy_of(&s->arena, nft_attr(h, NFTA_RULE_EXPRESSIONS));
	r.userdata = copy_of(&s->arena, nft_attr(h, NFTA_RULE_USERDATA));
	s->rules = grow(s->rules, s->n_rules, &s->room_rules, sizeof(*s->rules));
	s->rules[s->n_rules++] = r;
}

static void on_thing(const struct nlmsghdr *h, void *arg)
{
	const struct reading *d = arg;
	const struct nft_things *of = &nft_things[d->what];
	struct nft_seen *s = d->s;
	struct nft_seen_thing thing = { .name = text_of(&s->arena, nft_attr(h, of->name)), .what = d->what };

	if (!is_here(h, of->table) || !thing.name)
		return;
	thing.flags = of->flags ? attr_u32(h, of->flags) : 0;
	thing.number = of->number ? attr_u32(h, of->number) : 0;
	s->things = grow(s->things, s->n_things, &s->room_things, sizeof(*s->things));
	s->things[s->n_things++] = thing;
}

static void on_table(const struct nlmsghdr *h, void *arg)
{
	struct nft_seen *s = arg;

	if (!is_here(h, NFTA_TABLE_NAME))
		return;
	s->exists = true;
	s->foreign = !is_marked(nft_attr(h, NFTA_TABLE_USERDATA));
	s->flags = attr_u32(h, NFTA_TABLE_FLAGS);
	s->use = attr_u32(h, NFTA_TABLE_USE);
	s->owner = attr_u32(h, NFTA_TABLE_OWNER);
}

/* What other dumps have found stays. */
static void on_restart(void *arg)
{
	const struct reading *d = arg;

	*d->n = d->first;
}

static int dump(struct rtnl *nl, struct reading d, uint16_t type, int table,
		void (*each)(const struct nlmsghdr *h, void *arg), struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(type, 0, 0);

	d.first = *d.n;
	msg_put_string(m, table, NFT_TABLE);
	return rtnl_dump(nl, m, each, on_restart, &d, e);
}

static int things_read(struct rtnl *nl, struct nft_seen *s, uint8_t what, struct err *e)
{
	const struct nft_things *of = &nft_things[what];

	return dump(nl, (struct reading){ s, &s->n_things, .what = what }, of->get, of->table, on_thing, e);
}

/* What has been read of the things that the table counts: all but the anonymous sets (nf_tables_commit,
 * net/netfilter/nf_tables_api.c). */
static size_t counted(const struct nft_seen *s)
{
	size_t n = s->n_chains;

	for (size_t i = 0; i < s->n_things; i++)
		n += !(s->things[i].flags & NFT_SET_ANONYMOUS);
	return n;
}

/* Sets are read first: with them and the chains the count of all that is in the table is complete as a rule. */
static int rest_read(struct rtnl *nl, struct nft_seen *s, struct err *e)
{
	int r = things_read(nl, s, NFT_THING_SET, e);

	for (uint8_t i = NFT_THING_OBJECT; r == 0 && i < NFT_THINGS && s->use > counted(s); i++) {
		r = things_read(nl, s, i, e);
		/* Kernels may lack one of them. */
		if (r == -EOPNOTSUPP || r == -EINVAL)
			r = 0;
	}
	return r;
}

int nft_seen_table(struct rtnl *nl, struct nft_seen *ret, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETTABLE, 0, 0);
	int r;

	*ret = (struct nft_seen){ 0 };
	msg_put_string(m, NFTA_TABLE_NAME, NFT_TABLE);
	r = rtnl_ask(nl, m, on_table, ret, e);
	return r == -ENOENT ? 0 : r;
}

int nft_seen_read(struct rtnl *nl, struct nft_seen *ret, struct err *e)
{
	int r = nft_seen_table(nl, ret, e);

	if (r == 0 && !ret->exists)
		return 0;
	if (r == 0)
		r = dump(nl, (struct reading){ ret, &ret->n_chains }, NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, on_chain, e);
	if (r == 0)
		r = dump(nl, (struct reading){ ret, &ret->n_rules }, NFT_MSG_GETRULE, NFTA_RULE_TABLE, on_rule, e);
	if (r == 0)
		r = rest_read(nl, ret, e);
	/* Without its mark, since an older netnsd made it, there are chains with theirs. */
	ret->foreign &= ret->n_chains + ret->n_things > 0;
	for (size_t i = 0; i < ret->n_chains; i++)
		ret->foreign &= !ret->chains[i].topology;
	return r;
}

void nft_seen_done(struct nft_seen *s)
{
	free(s->chains);
	free(s->rules);
	free(s->things);
	arena_done(&s->arena);
	*s = (struct nft_seen){ 0 };
}

struct nft_seen_chain *nft_seen_chain(const struct nft_seen *s, const char *name)
{
	for (size_t i = 0; i < s->n_chains; i++)
		if (!strcmp(s->chains[i].name, name))
			return &s->chains[i];
	return NULL;
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

static void on_restart_elements(void *arg)
{
	const struct elements_read *r = arg;

	r->each(NULL, r->arg);
}

int nft_seen_elements(struct rtnl *nl, const char *set, void (*each)(const struct nlattr *elements, void *arg),
		      void *arg, struct err *e)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETSETELEM, 0, 0);
	struct elements_read r = { each, arg };

	msg_put_string(m, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
	msg_put_string(m, NFTA_SET_ELEM_LIST_SET, set);
	return rtnl_dump(nl, m, on_elements, on_restart_elements, &r, e);
}

const char *nft_chain_name(struct arena *a, const char *base, const char *topology, bool last)
{
	return arena_fmt(a, "%s%s_%s", last ? LAST : "", base, topology);
}

/* ---- the expressions of the table's own rules ---- */

/* An immediate verdict: NFTA_LIST_ELEM { NAME, DATA { DREG, DATA { VERDICT { CODE, CHAIN } } } }. */
static struct nft_rule_image verdict(struct arena *a, const char *from, int32_t code, const char *to)
{
	struct nl_msg *m = must(nlmsg_alloc_size(1024));
	struct nlattr *nest[4];
	struct nft_rule_image r = { .chain = from };

	must(nlmsg_put(m, 0, 0, 0, 0, 0));
	nest[0] = must(nla_nest_start(m, NFTA_LIST_ELEM | NLA_F_NESTED));
	msg_put_string(m, NFTA_EXPR_NAME, "immediate");
	nest[1] = must(nla_nest_start(m, NFTA_EXPR_DATA | NLA_F_NESTED));
	nft_put_u32(m, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	nest[2] = must(nla_nest_start(m, NFTA_IMMEDIATE_DATA | NLA_F_NESTED));
	nest[3] = must(nla_nest_start(m, NFTA_DATA_VERDICT | NLA_F_NESTED));
	nft_put_u32(m, NFTA_VERDICT_CODE, (uint32_t)code);
	if (to)
		msg_put_string(m, NFTA_VERDICT_CHAIN, to);
	for (size_t i = ARRAY_SIZE(nest); i-- > 0;)
		nla_nest_end(m, nest[i]);
	r.size = (size_t)nlmsg_datalen(nlmsg_hdr(m));
	r.expressions = memcpy(arena_alloc(a, r.size), nlmsg_data(nlmsg_hdr(m)), r.size);
	nlmsg_free(m);
	return r;
}

struct nft_rule_image nft_jump(struct arena *a, const char *from, const char *to)
{
	return verdict(a, from, NFT_JUMP, to);
}

struct nft_rule_image nft_drop(struct arena *a, const char *base, const char *chain)
{
	struct nft_rule_image r = verdict(a, chain, NF_DROP, NULL);

	r.place = (struct nft_source){ arena_fmt(a, "filter/%s", base), NFT_WHOLE };
	return r;
}
