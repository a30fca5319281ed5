/* SPDX-License-Identifier: MIT */
/* nft_export.c - the tables of nftables in a namespace, by name: no topology can say what is in one of others. */
#include "nft.h"
#include "kernel/nft_seen.h"
#include "kernel/observer.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

static void on_table(const struct nlmsghdr *h, void *arg)
{
	struct observer *obs = arg;
	const char *name = nft_text(nft_attr(h, NFTA_TABLE_NAME));
	uint8_t family = ((const struct nfgenmsg *)nlmsg_data(h))->nfgen_family;
	bool ours = family == NFPROTO_INET && name && !strcmp(name, NFT_TABLE);

	if (!name || h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE) || (ours && obs->extent.declared))
		return;
	unsaid_add(obs->extent.unsaid, "nftables of %s: the table %s %.64s is left out: %s", obs->ns->name,
		   nft_family_name(family), name,
		   ours ? "only the running netnsd knows what declares it, see netnsctl export"
			: "no topology can declare what is in it");
}

static void on_restart(_unused_ void *arg)
{
}

int nft_tell_tables(struct observer *obs, struct err *e)
{
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(msg_freep) struct nl_msg *m = nft_msg(NFT_MSG_GETTABLE, 0, 0);
	int r = rtnl_open_netfilter(&nl, e);

	((struct nfgenmsg *)nlmsg_data(nlmsg_hdr(m)))->nfgen_family = NFPROTO_UNSPEC;
	r = r < 0 ? r : rtnl_dump(nl, m, on_table, on_restart, obs, e);
	/* A kernel without nftables has none. */
	return r == -EOPNOTSUPP || r == -EPROTONOSUPPORT || r == -EINVAL ? 0 : r;
}
