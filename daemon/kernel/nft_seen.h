/* SPDX-License-Identifier: MIT */
/* nft_seen.h - what the kernel has in our table, for those that compare and change it. */
#pragma once
#include "nft_image.h"
#include "rtnl.h"

#define NFT_TABLE "netnsd"
/* For as long as a packet is traced (kind/nft_trace.h). */
#define NFT_TRACE_TABLE "netnsd_trace"

/* A chain of the table; the hooks and priorities of ours are those of the images. */
struct nft_seen_chain {
	const char *name;
	const char *base, *topology; /* of one of ours: "forward", "lab"; NULL: not ours */
	bool last;                   /* it is called last_BASE_TOPOLOGY */
	bool hooked;                 /* a base chain; then: */
	const char *type;
	uint64_t handle; /* its number in the table, in network order */
	uint32_t hook, policy;
	int32_t priority;
};

struct nft_seen_rule {
	const char *chain;
	const struct nlattr *expressions, *userdata; /* NULL: none */
};

/* A set, a stateful object or a flow table. */
struct nft_seen_thing {
	const char *name;
	uint32_t flags;  /* of a set */
	uint32_t number; /* of an object: its type */
	uint8_t what;    /* index in nft_things */
};

struct nft_seen {
	struct arena arena;
	bool exists;
	bool foreign; /* it has no mark of ours and something in it: another program's */
	uint32_t flags, use;
	uint32_t owner; /* the port of the socket that owns it (rtnl_port); 0: none */
	struct nft_seen_chain *chains;
	size_t n_chains, room_chains;
	struct nft_seen_rule *rules;
	size_t n_rules, room_rules;
	struct nft_seen_thing *things;
	size_t n_things, room_things;
};

/* What a table can hold besides chains: how it is listed and deleted. */
struct nft_things {
	uint16_t get, del, name, table, flags, number; /* message types, attributes; 0: it has none */
};
enum { NFT_THING_SET, NFT_THING_OBJECT, NFT_THING_FLOWTABLE, NFT_THINGS };
extern const struct nft_things nft_things[NFT_THINGS];

/* Reads no more than whether our table exists, its flags and its owner. */
int nft_seen_table(struct rtnl *nl, struct nft_seen *ret, struct err *e);
/* Reads everything in our table; @ret is to be freed with nft_seen_done in any case. */
int nft_seen_read(struct rtnl *nl, struct nft_seen *ret, struct err *e);
void nft_seen_done(struct nft_seen *s);
struct nft_seen_chain *nft_seen_chain(const struct nft_seen *s, const char *name);
/* Calls @each with the elements of the set, NFTA_SET_ELEM_LIST_ELEMENTS, a message at a time; with NULL, if they begin
 * again. */
int nft_seen_elements(struct rtnl *nl, const char *set, void (*each)(const struct nlattr *elements, void *arg),
		      void *arg, struct err *e);

/* An attribute of a message of nfnetlink, and the text in one that ends there; NULL: none. */
struct nlattr *nft_attr(const struct nlmsghdr *h, int type);
const char *nft_text(const struct nlattr *a);
/* "inet", "bridge"; "?": an unknown one. */
const char *nft_family_name(uint8_t family);
/* Whether a table is netnsd's: its own, or that of a trace. */
bool nft_is_ours(uint8_t family, const char *table);
/* A request about our table. */
struct nl_msg *nft_msg(uint16_t type, int flags, size_t room);
/* What begins or ends a transaction: NFNL_MSG_BATCH_BEGIN, _END (linux/netfilter/nfnetlink.h). */
struct nl_msg *nft_bracket(int type);
void nft_put_u32(struct nl_msg *m, int attr, uint32_t value);
/* The names of the chains of @topology. */
const char *nft_chain_name(struct arena *a, const char *base, const char *topology, bool last);
/* What marks the table and the chains in it as made by netnsd: their userdata, as nft shows a comment. */
const void *nft_mark(size_t *ret_size);
/* Makes a name of others fit for people and for JSON, in place: anything may be in one. */
char *nft_print(char *name);
/* The contents of NFTA_RULE_EXPRESSIONS of a jump, and of a drop. */
struct nft_rule_image nft_jump(struct arena *a, const char *from, const char *to);
struct nft_rule_image nft_drop(struct arena *a, const char *base, const char *chain);
