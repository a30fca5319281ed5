/* SPDX-License-Identifier: MIT */
/* nft_known.c - remembers generations by the cookie of the namespace, which no other ever gets. */
#include "nft_known.h"
#include "nft_seen.h"
#include <linux/netfilter/nf_tables.h>

/* Cookies are given out in order: those of many namespaces lie side by side.  What has no place is read again. */
enum { SLOTS = 16384 };

static struct {
	uint64_t cookie, contents;
	uint32_t generation, topology;
} slots[SLOTS];

static void on_generation(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *id = nft_attr(h, NFTA_GEN_ID);

	if (id && nla_len(id) == sizeof(uint32_t))
		*(uint32_t *)arg = ntohl(nla_get_u32(id));
}

uint32_t nft_generation(struct rtnl *nl)
{
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETGEN, 0, 0);
	uint32_t generation = 0;
	struct err e;

	return rtnl_ask(nl, m, on_generation, &generation, &e) < 0 ? 0 : generation;
}

/* The kernel leaves out 0. */
static uint32_t next(uint32_t generation)
{
	return generation + 1 ? generation + 1 : 1;
}

static size_t slot_of(uint64_t cookie, struct nft_wanted wanted)
{
	return (size_t)((cookie + wanted.topology) % SLOTS);
}

bool nft_known(const struct rtnl *nl, uint32_t at, struct nft_wanted wanted)
{
	uint64_t cookie = rtnl_cookie(nl);
	size_t i = slot_of(cookie, wanted);

	return at && cookie && slots[i].cookie == cookie && slots[i].generation == at &&
	       slots[i].topology == wanted.topology && slots[i].contents == wanted.contents;
}

void nft_known_note(struct rtnl *nl, uint32_t at, bool written, struct nft_wanted wanted)
{
	uint64_t cookie = rtnl_cookie(nl);
	size_t i = slot_of(cookie, wanted);
	uint32_t generation = nft_generation(nl);

	if (!at || !cookie || generation != (written ? next(at) : at))
		return;
	slots[i].cookie = cookie;
	slots[i].contents = wanted.contents;
	slots[i].generation = generation;
	slots[i].topology = wanted.topology;
}
