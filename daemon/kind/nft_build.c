/* SPDX-License-Identifier: MIT */
/* nft_build.c - turns rules into the expressions that the kernel is sent.  What the kernel reports by itself (the other
 * end of a range of one address, the operation of a bitwise) is sent, too, so that both can be compared. */
#include "nft.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <syslog.h>

/* ---- single expressions ---- */

static void load_meta(struct nft_expr *p, uint32_t key)
{
	nft_expr_begin(p, "meta");
	nft_expr_u32(p, NFTA_META_KEY, key);
	nft_expr_u32(p, NFTA_META_DREG, NFT_REG_1);
	nft_expr_end(p);
}

static void load_ct(struct nft_expr *p, uint32_t key)
{
	nft_expr_begin(p, "ct");
	nft_expr_u32(p, NFTA_CT_KEY, key);
	nft_expr_u32(p, NFTA_CT_DREG, NFT_REG_1);
	nft_expr_end(p);
}

static void load_payload(struct nft_expr *p, uint32_t reg, uint32_t base, uint32_t offset, uint32_t size)
{
	nft_expr_begin(p, "payload");
	nft_expr_u32(p, NFTA_PAYLOAD_DREG, reg);
	nft_expr_u32(p, NFTA_PAYLOAD_BASE, base);
	nft_expr_u32(p, NFTA_PAYLOAD_OFFSET, offset);
	nft_expr_u32(p, NFTA_PAYLOAD_LEN, size);
	nft_expr_end(p);
}

static void compare(struct nft_expr *p, uint32_t op, const void *data, size_t size)
{
	nft_expr_begin(p, "cmp");
	nft_expr_u32(p, NFTA_CMP_SREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_CMP_OP, op);
	nft_expr_data(p, NFTA_CMP_DATA, data, size);
	nft_expr_end(p);
}

static void mask(struct nft_expr *p, const void *bits, size_t size)
{
	static const uint8_t zero[16];

	nft_expr_begin(p, "bitwise");
	nft_expr_u32(p, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_BITWISE_LEN, (uint32_t)size);
	nft_expr_data(p, NFTA_BITWISE_MASK, bits, size);
	nft_expr_data(p, NFTA_BITWISE_XOR, zero, size);
	nft_expr_u32(p, NFTA_BITWISE_OP, NFT_BITWISE_BOOL);
	nft_expr_end(p);
}

static void verdict(struct nft_expr *p, int code)
{
	nft_expr_begin(p, "immediate");
	nft_expr_u32(p, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	nft_expr_nest(p, NFTA_IMMEDIATE_DATA);
	nft_expr_nest(p, NFTA_DATA_VERDICT);
	nft_expr_u32(p, NFTA_VERDICT_CODE, (uint32_t)code);
	nft_expr_close(p);
	nft_expr_close(p);
	nft_expr_end(p);
}

static void immediate(struct nft_expr *p, uint32_t reg, const void *data, size_t size)
{
	nft_expr_begin(p, "immediate");
	nft_expr_u32(p, NFTA_IMMEDIATE_DREG, reg);
	nft_expr_data(p, NFTA_IMMEDIATE_DATA, data, size);
	nft_expr_end(p);
}

/* ---- values ---- */

/* Register 1 and one value. */
static void match_one(struct nft_expr *p, const struct nft_value *v, bool not, size_t size)
{
	uint8_t bits[16];
	size_t whole = v->bits / 8;

	if (v->bits == NFT_EXACT) {
		compare(p, not? NFT_CMP_NEQ : NFT_CMP_EQ, v->from, size);
	} else if (v->bits != NFT_RANGE) {
		for (size_t i = 0; i < size; i++)
			bits[i] = (uint8_t)~(v->from[i] ^ v->to[i]);
		/* Of names, the kernel has the bytes that matter compared only. */
		if (size == 16 && v->families == 0)
			size = whole;
		else
			mask(p, bits, size);
		compare(p, not? NFT_CMP_NEQ : NFT_CMP_EQ, v->from, size);
	} else if (not) {
		nft_expr_begin(p, "range");
		nft_expr_u32(p, NFTA_RANGE_SREG, NFT_REG_1);
		nft_expr_u32(p, NFTA_RANGE_OP, NFT_RANGE_NEQ);
		nft_expr_data(p, NFTA_RANGE_FROM_DATA, v->from, size);
		nft_expr_data(p, NFTA_RANGE_TO_DATA, v->to, size);
		nft_expr_end(p);
	} else {
		compare(p, NFT_CMP_GTE, v->from, size);
		compare(p, NFT_CMP_LTE, v->to, size);
	}
}

static void match(struct nft_expr *p, const struct nft_list *list, size_t size, uint32_t type)
{
	if (list->n == 1) {
		match_one(p, &list->v[0], list->negated, size);
		return;
	}
	nft_expr_lookup(p, nft_set_add(p->sets, list, size, type), list->negated);
}

static void match_byte(struct nft_expr *p, uint8_t v)
{
	compare(p, NFT_CMP_EQ, &v, 1);
}

/* Any of the bits in the host's order. */
static void match_bits(struct nft_expr *p, uint32_t bits, size_t size)
{
	static const uint32_t zero;

	mask(p, &bits, size);
	compare(p, NFT_CMP_NEQ, &zero, size);
}

/* ---- terms ---- */

static void put_mark(struct nft_expr *p, const struct nft_list *list)
{
	uint32_t bits;

	load_meta(p, NFT_META_MARK);
	memcpy(&bits, list->v[0].to, sizeof(bits));
	if (list->n == 1 && bits != UINT32_MAX)
		mask(p, &bits, sizeof(bits));
	match(p, list, sizeof(bits), NFT_TYPE_MARK);
}

static void put_bits(struct nft_expr *p, const struct nft_list *list)
{
	uint32_t all = 0;

	for (size_t i = 0; i < list->n; i++) {
		uint32_t one;

		memcpy(&one, list->v[i].from, sizeof(one));
		all |= one;
	}
	match_bits(p, all, sizeof(all));
}

static void put_address(struct nft_expr *p, const struct nft_list *list, bool v6, bool source)
{
	uint32_t offset = v6 ? (source ? 8 : 24) : (source ? 12 : 16), size = v6 ? 16 : 4;

	load_payload(p, NFT_REG_1, NFT_PAYLOAD_NETWORK_HEADER, offset, size);
	match(p, list, size, v6 ? NFT_TYPE_IP6ADDR : NFT_TYPE_IPADDR);
}

static void put_icmp(struct nft_expr *p, const struct nft_list *list, bool v6)
{
	load_meta(p, NFT_META_L4PROTO);
	match_byte(p, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	load_payload(p, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
	match(p, list, 1, v6 ? NFT_TYPE_ICMP6_TYPE : NFT_TYPE_ICMP_TYPE);
}

static void put_local(struct nft_expr *p)
{
	static const uint32_t local = RTN_LOCAL;

	nft_expr_begin(p, "fib");
	nft_expr_u32(p, NFTA_FIB_DREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nft_expr_u32(p, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nft_expr_end(p);
	compare(p, NFT_CMP_EQ, &local, sizeof(local));
}

static void put_syn(struct nft_expr *p)
{
	load_meta(p, NFT_META_L4PROTO);
	match_byte(p, IPPROTO_TCP);
	load_payload(p, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);
	match_bits(p, UINT32_C(0x02020202), 1);
}

static void put_term(struct nft_expr *p, const struct nft_term *t, uint8_t family)
{
	bool v6 = family == NFT_IPV6;

	switch (t->what) {
	case NFT_WHAT_IIFNAME:
	case NFT_WHAT_OIFNAME:
		load_meta(p, t->what == NFT_WHAT_IIFNAME ? NFT_META_IIFNAME : NFT_META_OIFNAME);
		match(p, &t->list, 16, NFT_TYPE_IFNAME);
		break;
	case NFT_WHAT_SADDR:
	case NFT_WHAT_DADDR:
		put_address(p, &t->list, v6, t->what == NFT_WHAT_SADDR);
		break;
	case NFT_WHAT_LOCAL:
		put_local(p);
		break;
	case NFT_WHAT_HOPLIMIT:
		load_payload(p, NFT_REG_1, NFT_PAYLOAD_NETWORK_HEADER, 7, 1);
		match(p, &t->list, 1, NFT_TYPE_INET_PROTOCOL);
		break;
	case NFT_WHAT_L4PROTO:
		load_meta(p, NFT_META_L4PROTO);
		match(p, &t->list, 1, NFT_TYPE_INET_PROTOCOL);
		break;
	case NFT_WHAT_ICMP:
	case NFT_WHAT_ICMPV6:
		put_icmp(p, &t->list, v6);
		break;
	case NFT_WHAT_SPORT:
	case NFT_WHAT_DPORT:
		load_payload(p, NFT_REG_1, NFT_PAYLOAD_TRANSPORT_HEADER, t->what == NFT_WHAT_SPORT ? 0 : 2, 2);
		match(p, &t->list, 2, NFT_TYPE_INET_SERVICE);
		break;
	case NFT_WHAT_SYN:
		put_syn(p);
		break;
	case NFT_WHAT_MARK:
		put_mark(p, &t->list);
		break;
	case NFT_WHAT_STATE:
		load_ct(p, NFT_CT_STATE);
		put_bits(p, &t->list);
		break;
	case NFT_WHAT_STATUS_DNAT:
		load_ct(p, NFT_CT_STATUS);
		match_bits(p, IPS_DST_NAT, 4);
		break;
	}
}

/* ---- what is done ---- */

static void put_nat(struct nft_expr *p, const struct nft_rule *r)
{
	const struct nft_target *t = &r->target;
	bool v6 = t->families == NFT_IPV6, range = memcmp(t->from, t->to, sizeof(t->from));
	uint32_t flags = NF_NAT_RANGE_MAP_IPS | (t->port_from ? (uint32_t)NF_NAT_RANGE_PROTO_SPECIFIED : 0);
	uint16_t port = htons(t->port_from);

	immediate(p, NFT_REG_1, t->from, v6 ? 16 : 4);
	if (range)
		immediate(p, NFT_REG_2, t->to, v6 ? 16 : 4);
	if (r->map_n) {
		load_payload(p, NFT_REG_2, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
		nft_expr_map(p, nft_map_add(p->sets, r->map_from, t->port_from, r->map_n, NFT_TYPE_INET_SERVICE),
			     NFT_REG_2);
	} else if (t->port_from) {
		immediate(p, NFT_REG_2, &port, sizeof(port));
	}
	nft_expr_begin(p, "nat");
	nft_expr_u32(p, NFTA_NAT_TYPE, r->verb == NFT_DO_SNAT ? NFT_NAT_SNAT : NFT_NAT_DNAT);
	nft_expr_u32(p, NFTA_NAT_FAMILY, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	nft_expr_u32(p, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	nft_expr_u32(p, NFTA_NAT_REG_ADDR_MAX, range ? NFT_REG_2 : NFT_REG_1);
	if (t->port_from) {
		nft_expr_u32(p, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
		nft_expr_u32(p, NFTA_NAT_REG_PROTO_MAX, NFT_REG_2);
	}
	nft_expr_u32(p, NFTA_NAT_FLAGS, flags);
	nft_expr_end(p);
}

static void put_reject(struct nft_expr *p, uint32_t type, uint8_t code)
{
	nft_expr_begin(p, "reject");
	nft_expr_u32(p, NFTA_REJECT_TYPE, type);
	if (type != NFT_REJECT_TCP_RST)
		nft_expr_u8(p, NFTA_REJECT_ICMP_CODE, code);
	nft_expr_end(p);
}

/* Sets the largest segment to what the route takes: byte 2 of the option (RFC 9293, 3.2). */
static void put_clamp(struct nft_expr *p)
{
	nft_expr_begin(p, "rt");
	nft_expr_u32(p, NFTA_RT_DREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_RT_KEY, NFT_RT_TCPMSS);
	nft_expr_end(p);
	nft_expr_begin(p, "byteorder");
	nft_expr_u32(p, NFTA_BYTEORDER_SREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_BYTEORDER_DREG, NFT_REG_1);
	nft_expr_u32(p, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nft_expr_u32(p, NFTA_BYTEORDER_LEN, 2);
	nft_expr_u32(p, NFTA_BYTEORDER_SIZE, 2);
	nft_expr_end(p);
	nft_expr_begin(p, "exthdr");
	nft_expr_u32(p, NFTA_EXTHDR_SREG, NFT_REG_1);
	nft_expr_u8(p, NFTA_EXTHDR_TYPE, 2);
	nft_expr_u32(p, NFTA_EXTHDR_OFFSET, 2);
	nft_expr_u32(p, NFTA_EXTHDR_LEN, 2);
	nft_expr_u32(p, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	nft_expr_end(p);
}

static void put_verb(struct nft_expr *p, const struct nft_rule *r)
{
	if (r->log) {
		nft_expr_begin(p, "log");
		nft_expr_text(p, NFTA_LOG_PREFIX, r->log);
		nft_expr_u32(p, NFTA_LOG_LEVEL, LOG_WARNING);
		nft_expr_end(p);
	}
	switch (r->verb) {
	case NFT_DO_ACCEPT:
		verdict(p, NF_ACCEPT);
		break;
	case NFT_DO_DROP:
		verdict(p, NF_DROP);
		break;
	case NFT_DO_CONTINUE:
		verdict(p, NFT_CONTINUE);
		break;
	case NFT_DO_REJECT:
		put_reject(p, NFT_REJECT_ICMPX_UNREACH, NFT_REJECT_ICMPX_PORT_UNREACH);
		break;
	case NFT_DO_RESET:
		put_reject(p, NFT_REJECT_TCP_RST, 0);
		break;
	case NFT_DO_LOG_ONLY:
		break;
	case NFT_DO_MASQUERADE:
		nft_expr_begin(p, "masq");
		nft_expr_end(p);
		break;
	case NFT_DO_SNAT:
	case NFT_DO_DNAT:
		put_nat(p, r);
		break;
	case NFT_DO_CLAMP:
		put_clamp(p);
		break;
	}
}

static void put_family(struct nft_expr *p, uint8_t family)
{
	load_meta(p, NFT_META_NFPROTO);
	match_byte(p, family == NFT_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
}

void nft_expr_rule(struct nft_expr *p, const struct nft_rule *r)
{
	bool said = !r->family;

	if (!nft_rule_says_family(r)) {
		put_family(p, r->family);
		said = true;
	}
	for (size_t i = 0; i < r->n; i++) {
		/* In a table of both families the header has to be known first. */
		if (!said && nft_term_is_of_family(&r->terms[i])) {
			put_family(p, r->family);
			said = true;
		}
		put_term(p, &r->terms[i], r->family);
	}
	put_verb(p, r);
}
