/* SPDX-License-Identifier: MIT */
/* nft_owner.h - sockets of nfnetlink that stay open.  The one by which a table was claimed owns it
 * (NFT_TABLE_F_OWNER): nobody else can change or remove it.  When it is closed the table stays
 * (NFT_TABLE_F_PERSIST), and whoever comes next can claim it.  A socket keeps its namespace alive. */
#pragma once
#include "netns.h"
#include "rtnl.h"

struct nft_owner;

enum { NFT_RECENT_MAX = 16 };

/* From now on tables get no owner. */
void nft_owner_disable(void);
/* The flags with which a transaction begins, of a table that has @flags, or is to be created (@exists).  A table
 * keeps what it was created with: the kernel lets nobody add an owner to one that others may have. */
uint32_t nft_owner_flags(bool exists, uint32_t flags);
/* Claims a table that nobody owns and that others could not have had, before a transaction that changes it: the kernel
 * adds no base chain in one that changes the flags of the table. */
int nft_owner_claim(struct rtnl *nl, uint32_t *flags, struct err *e);
/* The kernel has refused to create a table with those flags.  False: not because of them; else it is to be asked
 * again, and they are not used any more. */
bool nft_owner_is_unknown(int code);

/* From now on at most @n sockets, but always one, stay open without owning a table. */
void nft_owner_limit(size_t n);
/* A socket in the namespace, which the thread is in: that of its owner if there is one.  It stays open, and is
 * valid until this is called for another namespace. */
int nft_owner_socket(const struct netns *ns, struct rtnl **ret, struct err *e);
/* With @nl, which nft_owner_socket gave, a table with @flags was written: if it owns the table it stays open until
 * nft_owner_rest, or for the callers of nft_owner_get.  False: it does not own it. */
bool nft_owner_keep(struct rtnl *nl, uint32_t flags);
/* Closes all that own nothing for a caller of nft_owner_get.  The first of many that have just removed something
 * waits for the kernel to release it, some milliseconds; the others then do not. */
void nft_owner_rest(void);

/* Owns our table in the namespace, together with other callers.  NULL: there is no table, or another process owns
 * it, or it was created without owner, or descriptors are few. */
struct nft_owner *nft_owner_get(const struct netns *ns);
void nft_owner_put(struct nft_owner *o);
