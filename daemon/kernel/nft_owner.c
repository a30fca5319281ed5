/* SPDX-License-Identifier: MIT */
/* nft_owner.c - keeps sockets of nfnetlink, by the inode of their namespace; while one is open no other
 * namespace has that. */
#include "nft_owner.h"
#include "nft_seen.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { CHAINS = 1024 };

/* Newer than some headers. */
enum { TABLE_OWNER = 2, TABLE_PERSIST = 4, TABLE_OURS = TABLE_OWNER | TABLE_PERSIST };

struct nft_owner {
	ino_t inode;
	struct rtnl *nl; /* NULL: it could not be opened again */
	unsigned users;
	struct nft_owner *next;
};

static struct nft_owner *owners[CHAINS];

/* Those that were used last, by namespaces without an owner: closing one at once would wait for the kernel each
 * time.  A rollback has descriptors for them (fd_reserve.h). */
static struct {
	ino_t inode;
	struct rtnl *nl;
} recent[NFT_RECENT_MAX];
static size_t next_recent, max_recent = NFT_RECENT_MAX;

/* Those that were kept, and that nobody may have asked for yet. */
static struct {
	ino_t *inode;
	size_t n, room;
} kept;

static bool disabled;

void nft_owner_disable(void)
{
	disabled = true;
}

uint32_t nft_owner_flags(bool exists, uint32_t flags)
{
	if (!exists)
		return disabled ? 0 : TABLE_OURS;
	if (!(flags & TABLE_PERSIST))
		return flags & TABLE_OWNER;
	return disabled ? flags & TABLE_OURS : TABLE_OURS;
}

bool nft_owner_is_unknown(int code)
{
	if (disabled || (code != -EOPNOTSUPP && code != -EINVAL))
		return false;
	disabled = true;
	return true;
}

static ino_t inode_of(const struct netns *ns)
{
	struct stat st;

	return ns->fd >= 0 && fstat(ns->fd, &st) == 0 ? st.st_ino : 0;
}

static struct nft_owner **find(ino_t inode)
{
	struct nft_owner **at = &owners[inode % CHAINS];

	while (*at && (*at)->inode != inode)
		at = &(*at)->next;
	return at;
}

/* ---- claiming ---- */

/* NEWTABLE with the flags, of a table that exists: no NLM_F_CREATE. */
static int claim_send(struct rtnl *nl, struct err *e)
{
	struct nl_msg *m[] = { nft_bracket(NFNL_MSG_BATCH_BEGIN), nft_msg(NFT_MSG_NEWTABLE, NLM_F_ACK, 0),
			       nft_bracket(NFNL_MSG_BATCH_END) };
	char bytes[1024] = { 0 };
	size_t size = 0, at;

	msg_put_string(m[1], NFTA_TABLE_NAME, NFT_TABLE);
	nft_put_u32(m[1], NFTA_TABLE_FLAGS, TABLE_OURS);
	for (size_t i = 0; i < ARRAY_SIZE(m); i++) {
		memcpy(bytes + size, nlmsg_hdr(m[i]), nlmsg_hdr(m[i])->nlmsg_len);
		size += NLMSG_ALIGN(nlmsg_hdr(m[i])->nlmsg_len);
		nlmsg_free(m[i]);
	}
	return rtnl_transact(nl, bytes, size, &at, e);
}

int nft_owner_claim(struct rtnl *nl, uint32_t *flags, struct err *e)
{
	if (disabled || (*flags & TABLE_OURS) != TABLE_PERSIST)
		return 0;
	if (claim_send(nl, e) < 0)
		return e->code;
	*flags = TABLE_OURS;
	return 0;
}

/* Reads first: a refused transaction takes the kernel some milliseconds. */
static bool claim(struct rtnl *nl)
{
	struct nft_seen s;
	struct err e;
	bool can;

	if (nft_seen_table(nl, &s, &e) < 0)
		return false;
	can = s.exists && s.flags & TABLE_PERSIST;
	if (can && s.flags & TABLE_OWNER)
		can = s.owner == rtnl_port(nl);
	else if (can)
		can = claim_send(nl, &e) == 0;
	return can;
}

/* ---- sockets ---- */

/* The socket of an owner, opened again if its answers cannot be relied on. */
static int owner_socket(struct nft_owner *o, struct err *e)
{
	if (o->nl && !rtnl_is_behind(o->nl))
		return 0;
	rtnl_close(TAKE(o->nl));
	if (rtnl_open_netfilter(&o->nl, e) < 0)
		return e->code;
	(void)!claim(o->nl);
	return 0;
}

static size_t recent_find(ino_t inode)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(recent) && (!recent[i].nl || recent[i].inode != inode))
		i++;
	return i;
}

static int recent_socket(ino_t inode, struct rtnl **ret, struct err *e)
{
	size_t i = recent_find(inode);
	struct rtnl *nl = NULL;

	if (i < ARRAY_SIZE(recent) && !rtnl_is_behind(recent[i].nl)) {
		*ret = recent[i].nl;
		return 0;
	}
	if (rtnl_open_netfilter(&nl, e) < 0)
		return e->code;
	if (i == ARRAY_SIZE(recent))
		i = next_recent++ % max_recent;
	rtnl_close(recent[i].nl);
	recent[i].inode = inode;
	*ret = recent[i].nl = nl;
	return 0;
}

int nft_owner_socket(const struct netns *ns, struct rtnl **ret, struct err *e)
{
	ino_t inode = inode_of(ns);
	struct nft_owner *o = *find(inode);

	if (!inode)
		return err_kernel(e, errno, NULL, "the namespace %s", ns->name);
	if (!o)
		return recent_socket(inode, ret, e);
	if (owner_socket(o, e) < 0)
		return e->code;
	*ret = o->nl;
	return 0;
}

void nft_owner_limit(size_t n)
{
	max_recent = n < 1 ? 1 : n < NFT_RECENT_MAX ? n : NFT_RECENT_MAX;
	for (size_t i = max_recent; i < ARRAY_SIZE(recent); i++)
		rtnl_close(TAKE(recent[i].nl));
}

/* Sockets that stay open take at most three quarters of the descriptors. */
static bool may_stay(const struct rtnl *nl)
{
	struct rlimit l;

	return getrlimit(RLIMIT_NOFILE, &l) == 0 && (rlim_t)rtnl_fd(nl) < l.rlim_cur - l.rlim_cur / 4;
}

static void owner_add(ino_t inode, struct rtnl *nl)
{
	struct nft_owner *o = must(calloc(1, sizeof(*o)));

	*o = (struct nft_owner){ .inode = inode, .nl = nl };
	*find(inode) = o;
}

static void owner_drop(ino_t inode)
{
	struct nft_owner **at = find(inode), *o = *at;

	if (!o || o->users)
		return;
	*at = o->next;
	rtnl_close(o->nl);
	free(o);
}

bool nft_owner_keep(struct rtnl *nl, uint32_t flags)
{
	size_t i = 0;

	if (!(flags & TABLE_OWNER))
		return false;
	while (i < ARRAY_SIZE(recent) && recent[i].nl != nl)
		i++;
	if (i == ARRAY_SIZE(recent) || !may_stay(nl))
		return true;
	if (kept.n == kept.room) {
		kept.room = kept.room ? 2 * kept.room : 64;
		kept.inode = must(reallocarray(kept.inode, kept.room, sizeof(*kept.inode)));
	}
	owner_add(kept.inode[kept.n++] = recent[i].inode, TAKE(recent[i].nl));
	return true;
}

void nft_owner_rest(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(recent); i++)
		rtnl_close(TAKE(recent[i].nl));
	for (size_t i = 0; i < kept.n; i++)
		owner_drop(kept.inode[i]);
	free(TAKE(kept.inode));
	kept.n = kept.room = 0;
}

/* A socket in the namespace that owns its table; NULL: it is not to be had. */
static struct rtnl *owner_open(const struct netns *ns, ino_t inode)
{
	struct rtnl *nl;
	struct err e;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);

	if (entered < 0 || recent_socket(inode, &nl, &e) < 0)
		return NULL;
	recent[recent_find(inode)].nl = NULL;
	if (may_stay(nl) && claim(nl))
		return nl;
	rtnl_close(nl);
	return NULL;
}

struct nft_owner *nft_owner_get(const struct netns *ns)
{
	ino_t inode = inode_of(ns);
	struct nft_owner **at = find(inode);
	struct rtnl *nl;

	if (disabled || !inode)
		return NULL;
	if (!*at) {
		nl = owner_open(ns, inode);
		if (!nl)
			return NULL;
		owner_add(inode, nl);
	}
	(*at)->users++;
	return *at;
}

void nft_owner_put(struct nft_owner *o)
{
	if (o && --o->users == 0)
		owner_drop(o->inode);
}
