/* SPDX-License-Identifier: MIT */
/* nft_rename.c - renames chains in place.  The kernel finds the one to be renamed by its handle, and jumps refer to the
 * chain itself, not to its name (nf_tables_api.c, nf_tables_updchain). */
#include "nft_rename.h"
#include "nft_owner.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

enum { MESSAGE_MAX = 512 }; /* bytes of one: names of a base and of a topology are short */

struct transaction {
	char *bytes;
	size_t size;
};

/* Appends @m, which is freed; there is room. */
static void add(struct transaction *t, struct nl_msg *m)
{
	const struct nlmsghdr *h = nlmsg_hdr(m);

	memcpy(t->bytes + t->size, h, h->nlmsg_len);
	t->size += NLMSG_ALIGN(h->nlmsg_len);
	nlmsg_free(m);
}

static void add_chain(struct transaction *t, const struct nft_seen_chain *c, const char *to)
{
	struct nl_msg *m = nft_msg(NFT_MSG_NEWCHAIN, NLM_F_ACK, 0);
	struct arena a = { 0 };

	msg_put_string(m, NFTA_CHAIN_TABLE, NFT_TABLE);
	msg_put(m, NFTA_CHAIN_HANDLE, &c->handle, sizeof(c->handle));
	msg_put_string(m, NFTA_CHAIN_NAME, nft_chain_name(&a, c->base, to, c->last));
	add(t, m);
	arena_done(&a);
}

static bool is_of(const struct nft_seen_chain *c, const char *topology)
{
	return c->topology && !strcmp(c->topology, topology);
}

static size_t count(const struct nft_seen *s, const char *topology)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_chains; i++)
		n += is_of(&s->chains[i], topology);
	return n;
}

static int commit(struct rtnl *nl, const struct nft_seen *s, const char *from, const char *to, struct err *e)
{
	_cleanup_(freep) char *bytes = must(calloc(count(s, from) + 2, MESSAGE_MAX));
	struct transaction t = { .bytes = bytes };
	size_t at;

	add(&t, nft_bracket(NFNL_MSG_BATCH_BEGIN));
	for (size_t i = 0; i < s->n_chains; i++)
		if (is_of(&s->chains[i], from))
			add_chain(&t, &s->chains[i], to);
	add(&t, nft_bracket(NFNL_MSG_BATCH_END));
	return rtnl_transact(nl, t.bytes, t.size, &at, e);
}

/* Answers were lost: the kernel may have done it. */
static bool is_done(struct rtnl *nl, const char *from)
{
	struct nft_seen s;
	struct err e;
	bool is = nft_seen_read(nl, &s, &e) == 0 && !count(&s, from);

	nft_seen_done(&s);
	return is;
}

int nft_table_rename(struct rtnl *nl, const char *from, const char *to, struct err *e)
{
	struct nft_seen seen;
	int r = nft_seen_read(nl, &seen, e);

	if (r == 0 && !seen.foreign && count(&seen, from)) {
		r = nft_owner_claim(nl, &seen.flags, e);
		r = r < 0 ? r : commit(nl, &seen, from, to, e);
		r = r == -ENOBUFS && is_done(nl, from) ? 0 : r;
	}
	nft_seen_done(&seen);
	return r < 0 ? err_prefix(e, "nftables, renaming chains of %s", from) : 0;
}
