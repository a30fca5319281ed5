/* SPDX-License-Identifier: MIT */
/* nft_expr.c - attributes of expressions on a bounded buffer, and the constant sets that they look up. */
#include "nft.h"
#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

/* NFT_TERMS_MAX terms have less than 4 KiB. */
enum { RULE_SIZE = 16384, ELEMENT_SIZE = 96 };

static void done(int r)
{
	if (r < 0)
		abort();
}

void nft_expr_init(struct nft_expr *p, struct nft_sets *sets)
{
	*p = (struct nft_expr){ .m = must(nlmsg_alloc_size(RULE_SIZE)), .sets = sets };
}

void nft_expr_clear(struct nft_expr *p)
{
	nlmsg_hdr(p->m)->nlmsg_len = NLMSG_HDRLEN;
}

void nft_expr_done(struct nft_expr *p)
{
	nlmsg_free(p->m);
	p->m = NULL;
}

static const void *take(struct nl_msg *m, struct arena *a, size_t *ret_size)
{
	*ret_size = (size_t)nlmsg_datalen(nlmsg_hdr(m));
	return memcpy(arena_alloc(a, *ret_size + 1), nlmsg_data(nlmsg_hdr(m)), *ret_size);
}

const void *nft_expr_take(const struct nft_expr *p, struct arena *a, size_t *ret_size)
{
	return take(p->m, a, ret_size);
}

void nft_expr_nest(struct nft_expr *p, int type)
{
	if (p->n == ARRAY_SIZE(p->nests))
		abort();
	p->nests[p->n++] = must(nla_nest_start(p->m, type | NLA_F_NESTED));
}

/* nla_nest_end takes an empty one away, but an expression without attributes has one. */
void nft_expr_close(struct nft_expr *p)
{
	struct nlattr *nest = p->nests[--p->n];

	nest->nla_len = (uint16_t)((char *)nlmsg_tail(nlmsg_hdr(p->m)) - (char *)nest);
}

void nft_expr_begin(struct nft_expr *p, const char *name)
{
	nft_expr_nest(p, NFTA_LIST_ELEM);
	done(nla_put_string(p->m, NFTA_EXPR_NAME, name));
	nft_expr_nest(p, NFTA_EXPR_DATA);
}

void nft_expr_end(struct nft_expr *p)
{
	nft_expr_close(p);
	nft_expr_close(p);
}

void nft_expr_u32(struct nft_expr *p, int type, uint32_t v)
{
	done(nla_put_u32(p->m, type, htonl(v)));
}

void nft_expr_u8(struct nft_expr *p, int type, uint8_t v)
{
	done(nla_put_u8(p->m, type, v));
}

void nft_expr_text(struct nft_expr *p, int type, const char *s)
{
	done(nla_put_string(p->m, type, s));
}

void nft_expr_data(struct nft_expr *p, int type, const void *data, size_t size)
{
	nft_expr_nest(p, type);
	done(nla_put(p->m, NFTA_DATA_VALUE, (int)size, data));
	nft_expr_close(p);
}

/* ---- sets ---- */

static void lookup(struct nft_expr *p, size_t set, const char *name, uint32_t reg)
{
	nft_expr_begin(p, "lookup");
	nft_expr_text(p, NFTA_LOOKUP_SET, name);
	nft_expr_u32(p, NFTA_LOOKUP_SET_ID, (uint32_t)set + 1);
	nft_expr_u32(p, NFTA_LOOKUP_SREG, reg);
}

void nft_expr_lookup(struct nft_expr *p, size_t set, bool negated)
{
	lookup(p, set, "__set%d", NFT_REG_1);
	nft_expr_u32(p, NFTA_LOOKUP_FLAGS, negated ? NFT_LOOKUP_F_INV : 0);
	nft_expr_end(p);
}

void nft_expr_map(struct nft_expr *p, size_t map, uint32_t reg)
{
	lookup(p, map, "__map%d", reg);
	nft_expr_u32(p, NFTA_LOOKUP_DREG, reg);
	nft_expr_u32(p, NFTA_LOOKUP_FLAGS, 0);
	nft_expr_end(p);
}

static void element(struct nft_expr *p, const void *key, size_t size, const void *data, size_t data_size,
		    uint32_t flags)
{
	nft_expr_nest(p, NFTA_LIST_ELEM);
	if (flags)
		nft_expr_u32(p, NFTA_SET_ELEM_FLAGS, flags);
	nft_expr_data(p, NFTA_SET_ELEM_KEY, key, size);
	if (data)
		nft_expr_data(p, NFTA_SET_ELEM_DATA, data, data_size);
	nft_expr_close(p);
}

/* nft(8) 1.0.6 shows names of a plain set as nothing. */
static bool is_interval(const struct nft_list *list, uint32_t type)
{
	if (type == NFT_TYPE_IFNAME)
		return true;
	for (size_t i = 0; i < list->n; i++)
		if (list->v[i].bits != NFT_EXACT)
			return true;
	return false;
}

/* The value after @v; false: there is none. */
static bool next_value(uint8_t *v, size_t size)
{
	for (size_t i = size; i-- > 0;)
		if (++v[i])
			return true;
	return false;
}

/* Begin and end of each interval; two that touch are one, as an element cannot be both. */
static size_t put_intervals(struct nft_expr *p, const struct nft_list *list, size_t size)
{
	static const uint8_t zero[16];
	_cleanup_(freep) struct nft_value *v = must(calloc(list->n + 1, sizeof(*v)));
	size_t n = 0;

	memcpy(v, list->v, list->n * sizeof(*v));
	qsort(v, list->n, sizeof(*v), nft_value_cmp);
	if (memcmp(v[0].from, zero, size)) {
		element(p, zero, size, NULL, 0, NFT_SET_ELEM_INTERVAL_END);
		n++;
	}
	for (size_t i = 0; i < list->n; i++) {
		uint8_t end[16];
		const uint8_t *from = v[i].from;
		bool more;

		for (;; i++) {
			memcpy(end, v[i].to, sizeof(end));
			more = next_value(end, size);
			if (!more || i + 1 == list->n || memcmp(v[i + 1].from, end, size))
				break;
		}
		element(p, from, size, NULL, 0, 0);
		n++;
		if (more) {
			element(p, end, size, NULL, 0, NFT_SET_ELEM_INTERVAL_END);
			n++;
		}
	}
	return n;
}

static struct nft_set_image *image_add(struct nft_sets *sets)
{
	struct nft_set_image *v;

	if (sets->n == sets->room) {
		sets->room = sets->room ? 2 * sets->room : 8;
		v = arena_alloc(sets->a, sets->room * sizeof(*v));
		if (sets->n)
			memcpy(v, sets->v, sets->n * sizeof(*v));
		sets->v = v;
	}
	return &sets->v[sets->n++];
}

size_t nft_set_add(struct nft_sets *sets, const struct nft_list *list, size_t size, uint32_t type)
{
	struct nft_expr p = { .m = must(nlmsg_alloc_size(4096 + list->n * 2 * ELEMENT_SIZE)) };
	struct nft_set_image *image = image_add(sets);

	*image = (struct nft_set_image){ .flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT,
					 .key_type = type,
					 .key_size = (uint32_t)size,
					 .n = list->n };
	if (is_interval(list, type)) {
		image->flags |= NFT_SET_INTERVAL;
		image->n = put_intervals(&p, list, size);
	} else {
		for (size_t i = 0; i < list->n; i++)
			element(&p, list->v[i].from, size, NULL, 0, 0);
	}
	image->elements = take(p.m, sets->a, &image->size);
	nft_expr_done(&p);
	return sets->n - 1;
}

size_t nft_map_add(struct nft_sets *sets, uint16_t from, uint16_t to, size_t n, uint32_t type)
{
	struct nft_expr p = { .m = must(nlmsg_alloc_size(4096 + n * ELEMENT_SIZE)) };
	struct nft_set_image *image = image_add(sets);

	*image = (struct nft_set_image){ .flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_MAP,
					 .key_type = type,
					 .key_size = sizeof(from),
					 .data_type = type,
					 .data_size = sizeof(to),
					 .n = n };
	for (size_t i = 0; i < n; i++) {
		uint16_t key = htons((uint16_t)(from + i)), data = htons((uint16_t)(to + i));

		element(&p, &key, sizeof(key), &data, sizeof(data), 0);
	}
	image->elements = take(p.m, sets->a, &image->size);
	nft_expr_done(&p);
	return sets->n - 1;
}
