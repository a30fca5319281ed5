/* SPDX-License-Identifier: MIT */
/* nft_image.h - the contents of our table in one namespace, as far as they are one topology's: chains, constant sets and
 * rules, in the attributes of nfnetlink. */
#pragma once
#include "base.h"

/* What of a file a rule is made of, as the end of a JSON pointer: entry 3 of "filter/rules", or all of "filter/input";
 * what is NULL: of nothing in particular. */
struct nft_source {
	const char *what;
	size_t entry; /* NFT_WHOLE: all of it */
};
#define NFT_WHOLE SIZE_MAX

/* "filter/rules/3", or empty. */
static inline const char *nft_source_text(const struct nft_source *p, char buf[64])
{
	if (p->what && p->entry != NFT_WHOLE)
		snprintf(buf, 64, "%s/%zu", p->what, p->entry);
	else
		snprintf(buf, 64, "%s", p->what ? p->what : "");
	return buf;
}

/* A base chain; the rules of the topology are in the chain NAME_TOPOLOGY, which it jumps to. */
struct nft_chain_image {
	const char *name, *type; /* "nat", "filter" */
	uint32_t hook;
	int32_t priority;
	uint32_t policy; /* NF_ACCEPT, NF_DROP */
};

/* A constant anonymous set, or map (flags); a rule looks it up by its place in the image, counted from 1. */
struct nft_set_image {
	uint32_t flags;
	uint32_t key_type, key_size;
	uint32_t data_type, data_size; /* of a map */
	const void *elements;          /* NFTA_LIST_ELEMs, perhaps more than 64 KiB of them */
	size_t size;
	size_t n;                /* elements */
	struct nft_source place; /* of the rule that looks it up */
};

struct nft_rule_image {
	const char *chain;       /* of the base chain */
	bool last;               /* comes after the rules of all topologies */
	const void *expressions; /* the contents of NFTA_RULE_EXPRESSIONS: NFTA_LIST_ELEMs */
	size_t size;
	const char *comment; /* NULL: none */
	struct nft_source place;
};

struct nft_image {
	const struct nft_chain_image *chains;
	size_t n_chains;
	const struct nft_set_image *sets;
	size_t n_sets;
	const struct nft_rule_image *rules;
	size_t n_rules;
};
