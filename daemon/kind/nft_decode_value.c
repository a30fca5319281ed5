/* SPDX-License-Identifier: MIT */
/* nft_decode_value.c - what can be loaded from a packet, by one table, and values in the words of a file. */
#include "nft.h"
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

static struct json_object *text(const char *s)
{
	return must(json_object_new_string(s));
}

/* A comparison with fewer bytes than a name can have is one with its beginning. */
static struct json_object *name_value(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	size_t n = strnlen((const char *)from, l->size);
	char name[IF_NAMESIZE + 2];

	if (l->masked || memcmp(from, to, l->size) != 0 || n >= IF_NAMESIZE)
		return NULL;
	snprintf(name, sizeof(name), "%.*s%s", (int)n, (const char *)from, n == l->size ? "*" : "");
	return text(name);
}

static struct json_object *index_value(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	char name[IF_NAMESIZE];
	uint32_t index;

	memcpy(&index, from, sizeof(index));
	return l->masked || memcmp(from, to, sizeof(index)) != 0 || !if_indextoname(index, name) ? NULL : text(name);
}

/* How many bits are set from the left on, and no others; -1: it is no prefix. */
static int prefix_of(const uint8_t *mask, size_t size)
{
	int bits = 0;

	while ((size_t)bits < size * 8 && mask[bits / 8] & 0x80 >> bits % 8)
		bits++;
	for (size_t i = (size_t)bits; i < size * 8; i++)
		if (mask[i / 8] & 0x80 >> i % 8)
			return -1;
	return bits;
}

struct json_object *nft_decoded_address(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	int family = l->family == NFT_IPV6 ? AF_INET6 : AF_INET, bits = 0;
	size_t whole = family == AF_INET6 ? 16 : 4;
	uint8_t mask[16] = { 0 }, low[16] = { 0 }, high[16] = { 0 };
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN], both[2 * INET6_ADDRSTRLEN + 2];

	memcpy(low, from, l->size);
	memcpy(high, to, l->size);
	inet_ntop(family, low, a, sizeof(a));
	inet_ntop(family, high, b, sizeof(b));
	for (size_t i = 0; i < l->size; i++)
		mask[i] = l->masked ? l->mask[i] : (uint8_t)~(low[i] ^ high[i]);
	bits = prefix_of(mask, whole);
	/* From 10.0.0.0 to 10.0.0.255 is a prefix, from 10.0.0.1 on is none. */
	for (size_t i = 0; i < whole && bits >= 0; i++)
		if (low[i] & ~mask[i])
			bits = -1;
	if (bits < 0 && l->masked)
		return NULL;
	if (bits < 0)
		snprintf(both, sizeof(both), "%s-%s", a, b);
	else if ((size_t)bits == whole * 8)
		snprintf(both, sizeof(both), "%s", a);
	else
		snprintf(both, sizeof(both), "%s/%d", a, bits);
	return text(both);
}

static struct json_object *port_value(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	int low = from[0] << 8 | from[1], high = to[0] << 8 | to[1];
	char both[16];

	snprintf(both, sizeof(both), "%d-%d", low, high);
	return l->masked || l->size != 2 ? NULL : low == high ? must(json_object_new_int(low)) : text(both);
}

/* The reader knows more words than these, and numbers. */
static struct json_object *proto_value(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	static const struct word words[] = {
		{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 }
	};

	if (l->masked || *from != *to)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (words[i].value == *from)
			return text(words[i].name);
	return must(json_object_new_int(*from));
}

static struct json_object *mark_value(const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	uint32_t mark, mask = UINT32_MAX;
	char both[32];

	memcpy(&mark, from, sizeof(mark));
	if (l->masked)
		memcpy(&mask, l->mask, sizeof(mask));
	snprintf(both, sizeof(both), mask == UINT32_MAX ? "0x%x" : "0x%x/0x%x", mark, mask);
	return memcmp(from, to, sizeof(mark)) ? NULL : text(both);
}

/* @from has the bits, of which one has to be set. */
static struct json_object *state_value(_unused_ const struct nft_loaded *l, const uint8_t *from,
				       _unused_ const uint8_t *to)
{
	static const struct word states[] = {
		{ "established", NF_CT_STATE_BIT(IP_CT_ESTABLISHED) },
		{ "related", NF_CT_STATE_BIT(IP_CT_RELATED) },
		{ "new", NF_CT_STATE_BIT(IP_CT_NEW) },
		{ "invalid", NF_CT_STATE_INVALID_BIT },
		{ "untracked", NF_CT_STATE_UNTRACKED_BIT },
	};
	struct json_object *list = must(json_object_new_array());
	uint32_t bits;

	memcpy(&bits, from, sizeof(bits));
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (bits & (uint32_t)states[i].value) {
			json_object_array_add(list, text(states[i].name));
			bits &= ~(uint32_t)states[i].value;
		}
	if (!bits && json_object_array_length(list))
		return list;
	json_object_put(list);
	return NULL;
}

static struct json_object *family_value(_unused_ const struct nft_loaded *l, const uint8_t *from, const uint8_t *to)
{
	return *from != *to ? NULL : *from == NFPROTO_IPV4 ? text("ipv4") : *from == NFPROTO_IPV6 ? text("ipv6") : NULL;
}

static const struct {
	uint32_t key;
	struct nft_loaded is;
} metas[] = {
	{ NFT_META_IIFNAME, { "in", name_value, .size = 16 } },
	{ NFT_META_OIFNAME, { "out", name_value, .size = 16 } },
	{ NFT_META_IIF, { "in", index_value, .size = 4 } },
	{ NFT_META_OIF, { "out", index_value, .size = 4 } },
	{ NFT_META_L4PROTO, { "proto", proto_value, .size = 1 } },
	{ NFT_META_NFPROTO, { "family", family_value, .size = 1 } },
	{ NFT_META_MARK, { "mark", mark_value, .size = 4 } },
};

bool nft_loaded_meta(uint32_t key, struct nft_loaded *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(metas); i++)
		if (metas[i].key == key)
			return *ret = metas[i].is, true;
	return false;
}

bool nft_loaded_ct(uint32_t key, struct nft_loaded *ret)
{
	*ret = (struct nft_loaded){ "state", state_value, .size = 4 };
	return key == NFT_CT_STATE;
}

static const struct {
	uint32_t base, offset, size; /* at most */
	struct nft_loaded is;
} payloads[] = {
	{ NFT_PAYLOAD_NETWORK_HEADER, 12, 4, { "from", nft_decoded_address, NFT_IPV4 } },
	{ NFT_PAYLOAD_NETWORK_HEADER, 16, 4, { "to", nft_decoded_address, NFT_IPV4 } },
	{ NFT_PAYLOAD_NETWORK_HEADER, 9, 1, { "proto", proto_value, NFT_IPV4 } },
	{ NFT_PAYLOAD_NETWORK_HEADER, 8, 16, { "from", nft_decoded_address, NFT_IPV6 } },
	{ NFT_PAYLOAD_NETWORK_HEADER, 24, 16, { "to", nft_decoded_address, NFT_IPV6 } },
	{ NFT_PAYLOAD_NETWORK_HEADER, 6, 1, { "proto", proto_value, NFT_IPV6 } },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2, { "sport", port_value } },
	{ NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, { "port", port_value } },
};

bool nft_loaded_payload(uint32_t base, uint32_t offset, uint32_t size, uint8_t family, struct nft_loaded *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(payloads); i++) {
		if (payloads[i].base != base || payloads[i].offset != offset || size > payloads[i].size ||
		    (payloads[i].is.family && payloads[i].is.family != family))
			continue;
		*ret = payloads[i].is;
		ret->size = size;
		return true;
	}
	return false;
}
