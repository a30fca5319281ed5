/* SPDX-License-Identifier: MIT */
/* nft_decode.c - reads a rule as what it is, a program of registers: something is loaded, perhaps masked, and compared; at
 * the end there is a verdict. */
#include "nft.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_conntrack.h>

enum { REGISTERS = 32, REASON_SIZE = 96 };

struct decoding {
	const struct nft_ruleset_rule *rule;
	struct nft_decoded *to;
	struct arena *a;
	struct nft_loaded loaded; /* member NULL: nothing is */
	uint8_t low[16];          /* of a range of which only the beginning is known yet */
	bool has_low, decided;
	uint8_t values[REGISTERS][16]; /* those that were loaded as constants */
	struct json_object *not_to;    /* a destination that it does not have */
	char why[REASON_SIZE];
};

static bool fail(struct decoding *d, const char *why)
{
	if (!*d->why)
		snprintf(d->why, sizeof(d->why), "%s", why);
	return false;
}

static uint32_t number(struct nlattr *const *a, int type)
{
	return a[type] && nla_len(a[type]) == 4 ? ntohl(nla_get_u32(a[type])) : 0;
}

/* The bytes of NFTA_DATA_VALUE, of at most 16. */
static bool data_of(const struct nlattr *in, uint8_t ret[16], size_t *ret_size)
{
	const struct nlattr *v = in ? nla_find(nla_data(in), nla_len(in), NFTA_DATA_VALUE) : NULL;

	if (!v || nla_len(v) > 16)
		return false;
	memset(ret, 0, 16);
	memcpy(ret, nla_data(v), (size_t)nla_len(v));
	*ret_size = (size_t)nla_len(v);
	return true;
}

/* ---- comparisons ---- */

/* What only one family has. */
static bool narrow(struct decoding *d, uint8_t family)
{
	d->to->families &= family ? family : (uint8_t)NFT_BOTH;
	return d->to->families || fail(d, "no packet matches");
}

static bool member_add(struct decoding *d, const char *member, struct json_object *v)
{
	struct json_object *have = json_object_object_get(d->to->entry, member);

	if (have && !json_object_equal(have, v)) {
		json_object_put(v);
		return fail(d, "compares the same twice");
	}
	json_object_object_add(d->to->entry, member, v);
	return true;
}

static struct json_object *not_text(const char *s)
{
	char text[64];

	snprintf(text, sizeof(text), "!%s", s);
	return must(json_object_new_string(text));
}

/* "!eth0", or a list of such. */
static struct json_object *negated(struct json_object *v)
{
	struct json_object *list;

	if (!json_object_is_type(v, json_type_array))
		return not_text(json_object_get_string(v));
	list = must(json_object_new_array());
	for (size_t i = 0; i < json_object_array_length(v); i++)
		json_object_array_add(list, negated(json_object_array_get_idx(v, i)));
	return list;
}

/* Only names can be negated, and the network that a masquerade leaves alone. */
static bool negated_add(struct decoding *d, const char *member, struct json_object *v)
{
	bool name = !strcmp(member, "in") || !strcmp(member, "out");
	struct json_object *not_v;

	if (!strcmp(member, "to") && !d->not_to && json_object_is_type(v, json_type_string)) {
		d->not_to = v;
		return narrow(d, d->loaded.family);
	}
	not_v = name ? negated(v) : NULL;
	json_object_put(v);
	return not_v ? member_add(d, member, not_v) : fail(d, arena_fmt(d->a, "says what \"%s\" is not", member));
}

static bool compared(struct decoding *d, struct json_object *v, bool negated)
{
	const char *member = d->loaded.member;

	if (!v)
		return fail(d, arena_fmt(d->a, "compares \"%s\" in a way that no file can say", member));
	if (strcmp(member, "family") != 0)
		return negated ? negated_add(d, member, v) : narrow(d, d->loaded.family) && member_add(d, member, v);
	negated ^= strcmp(json_object_get_string(v), "ipv4") != 0;
	json_object_put(v);
	return narrow(d, negated ? NFT_IPV6 : NFT_IPV4);
}

static bool compare(struct decoding *d, uint32_t op, const uint8_t *bytes, size_t size)
{
	static const uint8_t zero[16];
	struct nft_loaded *l = &d->loaded;
	bool bits = !strcmp(l->member, "state");

	if (size > l->size)
		return fail(d, "compares more than it loads");
	/* Names are compared with as many bytes as matter. */
	if (!l->masked && l->size == 16 && !l->family)
		l->size = size;
	if (bits)
		return (l->masked && op == NFT_CMP_NEQ && !memcmp(bytes, zero, 4))
			       ? compared(d, l->value(l, l->mask, l->mask), false)
		       : (!l->masked && op == NFT_CMP_EQ) ? compared(d, l->value(l, bytes, bytes), false)
							  : fail(d, "compares the state in a way that no file can say");
	if (op == NFT_CMP_GTE && !l->masked) {
		memcpy(d->low, bytes, sizeof(d->low));
		return d->has_low = true;
	}
	if (op == NFT_CMP_LTE && d->has_low) {
		d->has_low = false;
		return compared(d, l->value(l, d->low, bytes), false);
	}
	if (op != NFT_CMP_EQ && op != NFT_CMP_NEQ)
		return fail(d, "compares with < or >");
	return compared(d, l->value(l, bytes, bytes), op == NFT_CMP_NEQ);
}

/* ---- expressions ---- */

static bool on_meta(struct decoding *d, struct nlattr *const *a)
{
	return (a[NFTA_META_DREG] && nft_loaded_meta(number(a, NFTA_META_KEY), &d->loaded)) ||
	       fail(d, "looks at what no file can say");
}

static bool on_ct(struct decoding *d, struct nlattr *const *a)
{
	return (a[NFTA_CT_DREG] && nft_loaded_ct(number(a, NFTA_CT_KEY), &d->loaded)) ||
	       fail(d, "looks at what connection tracking knows");
}

static bool on_payload(struct decoding *d, struct nlattr *const *a)
{
	return (a[NFTA_PAYLOAD_DREG] && nft_loaded_payload(number(a, NFTA_PAYLOAD_BASE), number(a, NFTA_PAYLOAD_OFFSET),
							   number(a, NFTA_PAYLOAD_LEN), d->to->families, &d->loaded)) ||
	       fail(d, "looks at a part of the packet that no file can say");
}

static bool on_bitwise(struct decoding *d, struct nlattr *const *a)
{
	static const uint8_t zero[16];
	uint8_t xor_bits[16];
	size_t size, n;

	if (!d->loaded.member || d->loaded.masked || !data_of(a[NFTA_BITWISE_MASK], d->loaded.mask, &size) ||
	    !data_of(a[NFTA_BITWISE_XOR], xor_bits, &n) || memcmp(xor_bits, zero, n) != 0 || size != d->loaded.size)
		return fail(d, "changes bits");
	return d->loaded.masked = true;
}

static bool on_cmp(struct decoding *d, struct nlattr *const *a)
{
	uint8_t bytes[16];
	size_t size;

	if (!d->loaded.member || !data_of(a[NFTA_CMP_DATA], bytes, &size))
		return fail(d, "compares what it did not load");
	return compare(d, number(a, NFTA_CMP_OP), bytes, size);
}

static bool on_range(struct decoding *d, struct nlattr *const *a)
{
	uint8_t low[16], high[16];
	size_t size, n;

	if (!d->loaded.member || !data_of(a[NFTA_RANGE_FROM_DATA], low, &size) ||
	    !data_of(a[NFTA_RANGE_TO_DATA], high, &n) || size != d->loaded.size || n != size)
		return fail(d, "compares what it did not load");
	return compared(d, d->loaded.value(&d->loaded, low, high), number(a, NFTA_RANGE_OP) == NFT_RANGE_NEQ);
}

struct elements {
	struct nft_loaded *loaded;
	struct json_object *list;
	bool odd; /* an element that no file can say */
};

static void on_elements(const struct nlattr *in, void *arg)
{
	struct elements *e = arg;
	struct nlattr *one;
	int left;

	nla_for_each_nested(one, (struct nlattr *)(uintptr_t)in, left) {
		struct nlattr *a[NFTA_SET_ELEM_MAX + 1];
		struct json_object *v = NULL;
		uint8_t key[16];
		size_t size;

		/* Intervals have flags, maps have data. */
		if (nla_parse_nested(a, NFTA_SET_ELEM_MAX, one, NULL) == 0 && !a[NFTA_SET_ELEM_DATA] &&
		    !number(a, NFTA_SET_ELEM_FLAGS) && data_of(a[NFTA_SET_ELEM_KEY], key, &size) &&
		    size == e->loaded->size)
			v = e->loaded->value(e->loaded, key, key);
		e->odd |= !v;
		if (v)
			json_object_array_add(e->list, v);
	}
}

static bool on_lookup(struct decoding *d, struct nlattr *const *a)
{
	const char *set = a[NFTA_LOOKUP_SET] ? nla_data(a[NFTA_LOOKUP_SET]) : "";
	struct elements found = { &d->loaded, NULL, false };
	struct err e;

	if (strncmp(set, "__set", 5) != 0 || a[NFTA_LOOKUP_DREG] || !d->loaded.member || d->loaded.masked ||
	    !strcmp(d->loaded.member, "state") || !strcmp(d->loaded.member, "family"))
		return fail(d, arena_fmt(d->a, "looks up the set %.40s", set));
	found.list = must(json_object_new_array());
	if (nft_ruleset_elements(d->rule, set, on_elements, &found, &e) < 0 || found.odd ||
	    json_object_array_length(found.list) == 0) {
		json_object_put(found.list);
		return fail(d, "has a set of ranges");
	}
	return compared(d, found.list, number(a, NFTA_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV);
}

static bool decide(struct decoding *d, enum nft_verb verb)
{
	if (d->decided)
		return fail(d, "decides twice");
	d->to->verb = verb;
	return d->decided = true;
}

static bool on_immediate(struct decoding *d, struct nlattr *const *a)
{
	const struct nlattr *v = a[NFTA_IMMEDIATE_DATA];
	uint32_t reg = number(a, NFTA_IMMEDIATE_DREG), code;
	size_t size;

	if (reg != NFT_REG_VERDICT)
		return (reg < REGISTERS && data_of(v, d->values[reg], &size)) || fail(d, "loads a long constant");
	v = v ? nla_find(nla_data(v), nla_len(v), NFTA_DATA_VERDICT) : NULL;
	v = v ? nla_find(nla_data(v), nla_len(v), NFTA_VERDICT_CODE) : NULL;
	code = v && nla_len(v) == 4 ? ntohl(nla_get_u32(v)) : UINT32_MAX;
	if (code == NF_ACCEPT || code == NF_DROP)
		return decide(d, code == NF_ACCEPT ? NFT_DO_ACCEPT : NFT_DO_DROP);
	return fail(d, "jumps to another chain, or returns");
}

static bool on_masq(struct decoding *d, struct nlattr *const *a)
{
	return !number(a, NFTA_MASQ_FLAGS) && !a[NFTA_MASQ_REG_PROTO_MIN] ? decide(d, NFT_DO_MASQUERADE)
									  : fail(d, "masquerades to certain ports");
}

/* The new address and port; @high of address and port as of the kernel. */
static bool target_add(struct decoding *d, bool snat, uint8_t family, const uint8_t *low, const uint8_t *high,
		       const uint8_t *port)
{
	const struct nft_loaded l = { .family = family, .size = family == NFT_IPV6 ? 16 : 4 };
	struct json_object *address = nft_decoded_address(&l, low, high);
	const char *text = json_object_get_string(address);
	char with[128];

	if (port)
		snprintf(with, sizeof(with), family == NFT_IPV6 ? "[%s]:%d" : "%s:%d", text, port[0] << 8 | port[1]);
	else
		snprintf(with, sizeof(with), "%s", text);
	json_object_put(address);
	if (strchr(with, '/'))
		return fail(d, "translates to a whole network");
	json_object_object_add(d->to->entry, "target", json_object_new_string(with));
	return narrow(d, family) && decide(d, snat ? NFT_DO_SNAT : NFT_DO_DNAT);
}

static bool on_nat(struct decoding *d, struct nlattr *const *a)
{
	static const uint32_t usual = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
	uint32_t min = number(a, NFTA_NAT_REG_ADDR_MIN),
		 max = a[NFTA_NAT_REG_ADDR_MAX] ? number(a, NFTA_NAT_REG_ADDR_MAX) : min;
	uint32_t port = number(a, NFTA_NAT_REG_PROTO_MIN);
	uint32_t last = a[NFTA_NAT_REG_PROTO_MAX] ? number(a, NFTA_NAT_REG_PROTO_MAX) : port;

	if (!min || min >= REGISTERS || max >= REGISTERS || port >= REGISTERS || last >= REGISTERS ||
	    (port && last != port && memcmp(d->values[port], d->values[last], 2) != 0) ||
	    number(a, NFTA_NAT_FLAGS) & ~usual)
		return fail(d, "translates in a way that no file can say");
	return target_add(d, number(a, NFTA_NAT_TYPE) == NFT_NAT_SNAT,
			  number(a, NFTA_NAT_FAMILY) == NFPROTO_IPV6 ? NFT_IPV6 : NFT_IPV4, d->values[min],
			  d->values[max], port ? d->values[port] : NULL);
}

static bool on_counter(_unused_ struct decoding *d, _unused_ struct nlattr *const *a)
{
	return true;
}

/* ---- expressions of iptables(8) ---- */

/* The structure of an extension, which may be shorter. */
static void info_of(const struct nlattr *a, void *ret, size_t size)
{
	size_t n = a ? (size_t)nla_len(a) : 0;

	memset(ret, 0, size);
	memcpy(ret, a ? nla_data(a) : "", n < size ? n : size);
}

static bool on_match(struct decoding *d, struct nlattr *const *a)
{
	const char *name = a[NFTA_MATCH_NAME] ? nla_data(a[NFTA_MATCH_NAME]) : "";
	struct xt_conntrack_mtinfo3 ct;
	uint32_t bits;

	if (!strcmp(name, "comment"))
		return true;
	info_of(a[NFTA_MATCH_INFO], &ct, sizeof(ct));
	bits = ct.state_mask;
	if (strcmp(name, "conntrack") != 0 || number(a, NFTA_MATCH_REV) != 3 ||
	    (ct.match_flags & ~XT_CONNTRACK_STATE_ALIAS) != XT_CONNTRACK_STATE || ct.invert_flags)
		return fail(d, arena_fmt(d->a, "has the match %.32s of iptables", name));
	nft_loaded_ct(NFT_CT_STATE, &d->loaded);
	return compared(d, d->loaded.value(&d->loaded, (const uint8_t *)&bits, NULL), false);
}

/* The only range of MASQUERADE, SNAT and DNAT, as the newest of them has it. */
static bool range_of(struct nlattr *const *a, bool v6, struct nf_nat_range *ret)
{
	struct nf_nat_ipv4_multi_range_compat old;

	info_of(a[NFTA_TARGET_INFO], ret, sizeof(*ret));
	if (v6 || number(a, NFTA_TARGET_REV) > 0)
		return true;
	info_of(a[NFTA_TARGET_INFO], &old, sizeof(old));
	memset(ret, 0, sizeof(*ret));
	ret->flags = old.range[0].flags;
	ret->min_addr.ip = old.range[0].min_ip;
	ret->max_addr.ip = old.range[0].max_ip;
	ret->min_proto = old.range[0].min;
	ret->max_proto = old.range[0].max;
	return old.rangesize == 1;
}

static bool on_target(struct decoding *d, struct nlattr *const *a)
{
	const char *name = a[NFTA_TARGET_NAME] ? nla_data(a[NFTA_TARGET_NAME]) : "";
	uint8_t family = d->rule->family == NFPROTO_IPV6 ? NFT_IPV6 : NFT_IPV4;
	bool snat = !strcmp(name, "SNAT"), dnat = !strcmp(name, "DNAT"), port;
	struct nf_nat_range r;
	bool one = range_of(a, family == NFT_IPV6, &r);

	port = r.flags & NF_NAT_RANGE_PROTO_SPECIFIED;
	if (one && !r.flags && !strcmp(name, "MASQUERADE"))
		return decide(d, NFT_DO_MASQUERADE);
	if (!one || !(snat || dnat) || !(r.flags & NF_NAT_RANGE_MAP_IPS) ||
	    r.flags & ~(uint32_t)(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED) ||
	    (port && r.min_proto.all != r.max_proto.all))
		return fail(d, arena_fmt(d->a, "has the target %.32s of iptables", name));
	return target_add(d, snat, family, (const uint8_t *)&r.min_addr, (const uint8_t *)&r.max_addr,
			  port ? (const uint8_t *)&r.min_proto : NULL);
}

static const struct {
	const char *name;
	bool (*read)(struct decoding *d, struct nlattr *const *a);
} expressions[] = {
	{ "meta", on_meta },   { "ct", on_ct },       { "payload", on_payload }, { "bitwise", on_bitwise },
	{ "cmp", on_cmp },     { "range", on_range }, { "lookup", on_lookup },   { "immediate", on_immediate },
	{ "masq", on_masq },   { "nat", on_nat },     { "counter", on_counter }, { "target", on_target },
	{ "match", on_match },
};

static bool expression(struct decoding *d, struct nlattr *one)
{
	enum { ATTRIBUTES = 32 };
	const struct nlattr *n = nla_find(nla_data(one), nla_len(one), NFTA_EXPR_NAME);
	struct nlattr *data = nla_find(nla_data(one), nla_len(one), NFTA_EXPR_DATA), *a[ATTRIBUTES] = { NULL };
	const char *name = n && nla_len(n) > 0 ? nla_data(n) : "";

	if (data && nla_parse_nested(a, ATTRIBUTES - 1, data, NULL) < 0)
		return fail(d, "cannot be read");
	if (d->decided)
		return fail(d, "goes on after it has decided");
	for (size_t i = 0; i < ARRAY_SIZE(expressions); i++)
		if (!strcmp(expressions[i].name, name))
			return expressions[i].read(d, a);
	return fail(d, arena_fmt(d->a, "has \"%.32s\"", name));
}

/* A network that is not masqueraded towards itself is what "masquerade" is. */
static bool finish(struct decoding *d)
{
	struct json_object *from = json_object_object_get(d->to->entry, "from");
	bool itself = d->not_to && from && json_object_equal(from, d->not_to);

	if (!d->decided)
		return fail(d, "decides nothing");
	if (d->not_to && !(itself && d->to->verb == NFT_DO_MASQUERADE))
		return fail(d, "says what \"to\" is not");
	return true;
}

bool nft_decode(const struct nft_ruleset_rule *r, struct nft_decoded *ret, struct arena *a, const char **ret_why)
{
	struct decoding d = { .rule = r, .to = ret, .a = a };
	struct nlattr *one;
	int left;
	bool ok = true;

	*ret = (struct nft_decoded){ .entry = must(json_object_new_object()),
				     .families = r->family == NFPROTO_IPV4   ? NFT_IPV4
						 : r->family == NFPROTO_IPV6 ? NFT_IPV6
									     : NFT_BOTH };
	if (r->expressions)
		nla_for_each_nested(one, r->expressions, left)
			ok = ok && expression(&d, one);
	ok = ok && finish(&d);
	json_object_put(d.not_to);
	if (ok)
		return true;
	json_object_put(ret->entry);
	*ret_why = arena_strdup(a, d.why);
	return false;
}
