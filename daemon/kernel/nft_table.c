/* SPDX-License-Identifier: MIT */
/* nft_table.c - writes our table, in one transaction that is right whether it is there or not: it loses no packet, and lets
 * none through that is forbidden before and after. */
#include "nft_table.h"
#include "nft_compare.h"
#include "nft_owner.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum {
	COMMENT_MAX = 127,
	/* The contents of an attribute, whose length has 16 bits. */
	ELEMENTS_BYTES = 60 << 10,
	/* In a transaction, the number of the message about the table. */
	AT_TABLE = 1,
};

/* One transaction, and what each of its messages is about. */
struct transaction {
	char *bytes;
	size_t size, room;
	struct about {
		const char *words;
		struct nft_source place;
	} *about;
	size_t n, n_room;
	struct arena arena;
};

static void transaction_done(struct transaction *t)
{
	free(t->bytes);
	free(t->about);
	arena_done(&t->arena);
}

/* Appends @m, which is freed. */
static void add(struct transaction *t, struct nl_msg *m, const char *about)
{
	const struct nlmsghdr *h = nlmsg_hdr(m);
	size_t size = NLMSG_ALIGN(h->nlmsg_len);

	if (t->size + size > t->room) {
		t->room = (t->size + size) * 2;
		t->bytes = must(realloc(t->bytes, t->room));
	}
	memset(t->bytes + t->size, 0, size);
	memcpy(t->bytes + t->size, h, h->nlmsg_len);
	t->size += size;
	if (t->n == t->n_room) {
		t->n_room = t->n_room ? t->n_room * 2 : 64;
		t->about = must(reallocarray(t->about, t->n_room, sizeof(*t->about)));
	}
	t->about[t->n++] = (struct about){ .words = about };
	nlmsg_free(m);
}

static void add_table(struct transaction *t, uint16_t type, const struct nft_seen *seen)
{
	struct nl_msg *m = nft_msg(type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, 0);
	size_t size;
	const void *mark = nft_mark(&size);

	msg_put_string(m, NFTA_TABLE_NAME, NFT_TABLE);
	if (type == NFT_MSG_NEWTABLE) {
		/* A dormant table wakes up. */
		nft_put_u32(m, NFTA_TABLE_FLAGS, nft_owner_flags(seen->exists, seen->flags));
		msg_put(m, NFTA_TABLE_USERDATA, mark, size);
	}
	/* An answer to one message is enough to know that it was read; errors are always answered. */
	nlmsg_hdr(m)->nlmsg_flags |= NLM_F_ACK;
	add(t, m, "the table inet " NFT_TABLE);
}

/* A base chain with the hook of @hook, else one that is jumped to. */
static void add_chain(struct transaction *t, const char *name, const struct nft_chain_image *hook)
{
	struct nl_msg *m = nft_msg(NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0);
	struct nlattr *nest;
	size_t size;
	const void *mark = nft_mark(&size);

	msg_put_string(m, NFTA_CHAIN_TABLE, NFT_TABLE);
	msg_put_string(m, NFTA_CHAIN_NAME, name);
	if (hook) {
		nest = must(nla_nest_start(m, NFTA_CHAIN_HOOK));
		nft_put_u32(m, NFTA_HOOK_HOOKNUM, hook->hook);
		nft_put_u32(m, NFTA_HOOK_PRIORITY, (uint32_t)hook->priority);
		nla_nest_end(m, nest);
		nft_put_u32(m, NFTA_CHAIN_POLICY, NF_ACCEPT);
		msg_put_string(m, NFTA_CHAIN_TYPE, hook->type);
	} else {
		msg_put(m, NFTA_CHAIN_USERDATA, mark, size);
	}
	add(t, m, arena_fmt(&t->arena, "chain %s", name));
}

static void add_delete(struct transaction *t, uint16_t type, int table, int attr, const char *name)
{
	struct nl_msg *m = nft_msg(type, 0, 0);

	msg_put_string(m, table, NFT_TABLE);
	msg_put_string(m, attr, name);
	add(t, m, nft_print(arena_fmt(&t->arena, "removing %s", name)));
}

static void add_flush(struct transaction *t, const char *chain)
{
	add_delete(t, NFT_MSG_DELRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, chain);
}

static void add_rule(struct transaction *t, const struct nft_rule_image *r, const char *chain, const char *about)
{
	struct nl_msg *m = nft_msg(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, r->size);
	size_t n = r->comment ? strlen(r->comment) + 1 : 0;
	char comment[2 + COMMENT_MAX + 1] = { 0, (char)n };

	msg_put_string(m, NFTA_RULE_TABLE, NFT_TABLE);
	msg_put_string(m, NFTA_RULE_CHAIN, chain);
	msg_put(m, NFTA_RULE_EXPRESSIONS | NLA_F_NESTED, r->expressions, r->size);
	if (n && n <= COMMENT_MAX + 1) {
		memcpy(comment + 2, r->comment, n);
		msg_put(m, NFTA_RULE_USERDATA, comment, n + 2);
	}
	add(t, m, about);
	t->about[t->n - 1].place = r->place;
}

/* As many of the elements as fit a message, from @at; where the next begin. */
static size_t elements_part(const struct nft_set_image *s, size_t at)
{
	size_t end = at;

	while (end < s->size) {
		const struct nlattr *one = (const void *)((const char *)s->elements + end);
		size_t size = NLA_ALIGN(one->nla_len);

		if (end + size - at > ELEMENTS_BYTES || size == 0)
			break;
		end += size;
	}
	return end;
}

static const char *set_name(const struct nft_set_image *s)
{
	return s->flags & NFT_SET_MAP ? "__map%d" : "__set%d";
}

static void add_set(struct transaction *t, const struct nft_set_image *s, uint32_t id)
{
	struct nl_msg *m = nft_msg(NFT_MSG_NEWSET, NLM_F_CREATE, 0);
	struct nlattr *nest;

	msg_put_string(m, NFTA_SET_TABLE, NFT_TABLE);
	msg_put_string(m, NFTA_SET_NAME, set_name(s));
	nft_put_u32(m, NFTA_SET_ID, id);
	nft_put_u32(m, NFTA_SET_FLAGS, s->flags);
	nft_put_u32(m, NFTA_SET_KEY_TYPE, s->key_type);
	nft_put_u32(m, NFTA_SET_KEY_LEN, s->key_size);
	if (s->flags & NFT_SET_MAP) {
		nft_put_u32(m, NFTA_SET_DATA_TYPE, s->data_type);
		nft_put_u32(m, NFTA_SET_DATA_LEN, s->data_size);
	}
	nest = must(nla_nest_start(m, NFTA_SET_DESC));
	nft_put_u32(m, NFTA_SET_DESC_SIZE, (uint32_t)s->n);
	nla_nest_end(m, nest);
	add(t, m, "a set of values");
	t->about[t->n - 1].place = s->place;
	for (size_t at = 0, end; at < s->size && (end = elements_part(s, at)) > at; at = end) {
		m = nft_msg(NFT_MSG_NEWSETELEM, NLM_F_CREATE, end - at);
		msg_put_string(m, NFTA_SET_ELEM_LIST_TABLE, NFT_TABLE);
		msg_put_string(m, NFTA_SET_ELEM_LIST_SET, set_name(s));
		nft_put_u32(m, NFTA_SET_ELEM_LIST_SET_ID, id);
		msg_put(m, NFTA_SET_ELEM_LIST_ELEMENTS | NLA_F_NESTED, (const char *)s->elements + at, end - at);
		add(t, m, "a set of values");
		t->about[t->n - 1].place = s->place;
	}
}

/* ---- what there is to be afterwards ---- */

struct after {
	const struct nft_seen *seen;
	const struct nft_image *want;
	const char *topology;
	struct arena *arena;
};

static bool wants(const struct nft_image *want, const struct nft_chain_image *base, bool last)
{
	bool is = last && base->policy == NF_DROP;

	for (size_t i = 0; i < want->n_rules && !is; i++)
		is = want->rules[i].last == last && !strcmp(want->rules[i].chain, base->name);
	return is;
}

/* Whether @a->topology wants rules in a chain of @base, of either sort. */
static bool wants_in(const struct after *a, const char *base, bool last)
{
	for (size_t i = 0; i < a->want->n_chains; i++)
		if (!strcmp(a->want->chains[i].name, base))
			return wants(a->want, &a->want->chains[i], last);
	return false;
}

static bool wants_any(const struct after *a, const char *base)
{
	return wants_in(a, base, false) || wants_in(a, base, true);
}

static bool is_others(const struct after *a, const struct nft_seen_chain *c)
{
	return c->topology && strcmp(c->topology, a->topology) != 0;
}

/* Whether the chain stays: another topology's, or one that @a->topology still has rules in. */
static bool stays(const struct after *a, const struct nft_seen_chain *c)
{
	return is_others(a, c) || (c->topology && wants_in(a, c->base, c->last));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The topologies that have such a chain of @base, in order. */
static size_t topologies(const struct after *a, const char *base, bool last, const char ***ret)
{
	const char **v = arena_alloc(a->arena, (a->seen->n_chains + 1) * sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; i < a->seen->n_chains; i++) {
		const struct nft_seen_chain *c = &a->seen->chains[i];

		if (is_others(a, c) && c->last == last && !strcmp(c->base, base))
			v[n++] = c->topology;
	}
	if (wants_in(a, base, last))
		v[n++] = a->topology;
	qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	return n;
}

static void add_jumps(struct transaction *t, const struct after *a, const char *base)
{
	const char **v;

	for (int last = 0; last < 2; last++)
		for (size_t i = 0, n = topologies(a, base, last, &v); i < n; i++) {
			struct nft_rule_image r = nft_jump(a->arena, base, nft_chain_name(a->arena, base, v[i], last));

			add_rule(t, &r, base, arena_fmt(&t->arena, "chain %s", base));
		}
}

static bool is_as(const struct nft_seen_chain *c, const struct nft_chain_image *base)
{
	return c->hooked && c->hook == base->hook && c->priority == base->priority && c->type &&
	       !strcmp(c->type, base->type);
}

/* The base chain is needed by topologies; @c: the one of that name, or NULL. */
static void add_base(struct transaction *t, const struct after *a, const struct nft_chain_image *base,
		     const struct nft_seen_chain *c)
{
	if (c && !is_as(c, base))
		add_delete(t, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, c->name);
	add_chain(t, base->name, base);
	add_jumps(t, a, base->name);
}

static void add_removal(struct transaction *t, const struct nft_seen_thing *thing)
{
	const struct nft_things *of = &nft_things[thing->what];
	struct nl_msg *m = nft_msg(of->del, 0, 0);

	msg_put_string(m, of->table, NFT_TABLE);
	msg_put_string(m, of->name, thing->name);
	if (of->number)
		nft_put_u32(m, of->number, thing->number);
	add(t, m, nft_print(arena_fmt(&t->arena, "removing %s", thing->name)));
}

/* Everything that is there loses its rules, and what does not stay is removed: maps before the objects and chains that
 * their elements refer to. */
static void add_removals(struct transaction *t, const struct after *a)
{
	const struct nft_seen *s = a->seen;

	for (size_t i = 0; i < s->n_chains; i++)
		if (!is_others(a, &s->chains[i]))
			add_flush(t, s->chains[i].name);
	for (size_t i = 0; i < s->n_things; i++)
		if (!(s->things[i].flags & NFT_SET_ANONYMOUS))
			add_removal(t, &s->things[i]);
	for (size_t i = 0; i < s->n_chains; i++)
		if (!s->chains[i].base || (s->chains[i].topology && !stays(a, &s->chains[i])))
			add_delete(t, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, s->chains[i].name);
}

/* The base chains: those of the image, and of those that are there the ones that others need. */
static void add_bases(struct transaction *t, const struct after *a)
{
	const char **v;

	for (size_t i = 0; i < a->want->n_chains; i++)
		if (wants_any(a, a->want->chains[i].name))
			add_base(t, a, &a->want->chains[i], nft_seen_chain(a->seen, a->want->chains[i].name));
	for (size_t i = 0; i < a->seen->n_chains; i++) {
		const struct nft_seen_chain *c = &a->seen->chains[i];

		if (!c->base || c->topology || wants_any(a, c->base))
			continue;
		if (topologies(a, c->base, false, &v) + topologies(a, c->base, true, &v) == 0)
			add_delete(t, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, c->name);
		else
			add_jumps(t, a, c->base);
	}
}

/* The chains of the topology, empty. */
static void add_own(struct transaction *t, const struct after *a)
{
	for (size_t i = 0; i < a->want->n_chains; i++)
		for (int last = 0; last < 2; last++)
			if (wants(a->want, &a->want->chains[i], last))
				add_chain(t, nft_chain_name(a->arena, a->want->chains[i].name, a->topology, last),
					  NULL);
}

static void add_rules(struct transaction *t, const struct after *a)
{
	for (size_t i = 0; i < a->want->n_sets; i++)
		add_set(t, &a->want->sets[i], (uint32_t)i + 1);
	for (size_t i = 0; i < a->want->n_rules; i++) {
		const struct nft_rule_image *r = &a->want->rules[i];

		add_rule(t, r, nft_chain_name(a->arena, r->chain, a->topology, r->last),
			 arena_fmt(&t->arena, "rule %zu", i + 1));
	}
	for (size_t i = 0; i < a->want->n_chains; i++) {
		const struct nft_chain_image *base = &a->want->chains[i];

		if (base->policy == NF_DROP) {
			const char *chain = nft_chain_name(a->arena, base->name, a->topology, true);
			struct nft_rule_image r = nft_drop(a->arena, base->name, chain);

			add_rule(t, &r, chain, arena_fmt(&t->arena, "the policy of %s", base->name));
		}
	}
}

static bool is_used(const struct after *a)
{
	for (size_t i = 0; i < a->seen->n_chains; i++)
		if (is_others(a, &a->seen->chains[i]))
			return true;
	return false;
}

static bool is_empty(const struct nft_image *want)
{
	bool empty = want->n_rules == 0;

	for (size_t i = 0; i < want->n_chains; i++)
		empty &= want->chains[i].policy != NF_DROP;
	return empty;
}

#define FOREIGN                                                                               \
	"nftables: the table inet " NFT_TABLE                                                 \
	" belongs to another program (netlink port %u), which nft list table inet " NFT_TABLE \
	" names; only that program can change it: end it, and try again"

/* An error in words; @at: of which message. */
static int refused(const struct rtnl *nl, const struct transaction *t, const struct nft_seen *seen, size_t at,
		   struct err *e)
{
	if (e->code == -EPERM && seen->owner && seen->owner != rtnl_port(nl))
		return err_set(e, EPERM, FOREIGN, seen->owner);
	if (at < t->n)
		nft_source_text(&t->about[at].place, e->below);
	return err_prefix(e, "nftables, %s", at < t->n ? t->about[at].words : "the transaction");
}

/* -EAGAIN: to be done once more. */
static int commit(struct rtnl *nl, struct transaction *t, const struct after *a, bool *ret_ours, struct err *e)
{
	bool gone = is_empty(a->want) && !is_used(a);
	uint32_t flags = nft_owner_flags(a->seen->exists, a->seen->flags);
	size_t at;

	if (gone && (!a->seen->exists || a->seen->foreign))
		return 0;
	if (a->seen->foreign)
		return err_set(e, EEXIST, "table inet " NFT_TABLE " was not created by netnsd");
	add(t, nft_bracket(NFNL_MSG_BATCH_BEGIN), "the transaction");
	add_table(t, gone ? NFT_MSG_DELTABLE : NFT_MSG_NEWTABLE, a->seen);
	if (!gone) {
		add_removals(t, a);
		add_own(t, a);
		add_bases(t, a);
		add_rules(t, a);
	}
	add(t, nft_bracket(NFNL_MSG_BATCH_END), "the transaction");
	if (rtnl_transact(nl, t->bytes, t->size, &at, e) == 0) {
		*ret_ours = !gone && nft_owner_keep(nl, flags) && (!a->seen->exists || a->seen->owner == rtnl_port(nl));
		return 0;
	}
	if (at == AT_TABLE && !a->seen->exists && nft_owner_is_unknown(e->code))
		return -EAGAIN;
	if (e->code == -ENOBUFS && nft_table_holds(nl, gone ? NULL : a->want, is_empty(a->want), a->topology))
		return 0;
	return refused(nl, t, a->seen, at, e);
}

int nft_table_commit(struct rtnl *nl, const struct nft_image *want, const char *topology, bool *ret_ours, struct err *e)
{
	struct nft_seen seen;
	int r = nft_seen_read(nl, &seen, e);

	if (r == 0 && seen.exists)
		r = nft_owner_claim(nl, &seen.flags, e);
	*ret_ours = false;
	for (bool again = r == 0; again; again = r == -EAGAIN) {
		struct transaction t = { 0 };
		struct after a = { &seen, want, topology, &t.arena };

		r = commit(nl, &t, &a, ret_ours, e);
		transaction_done(&t);
	}
	nft_seen_done(&seen);
	return r;
}
