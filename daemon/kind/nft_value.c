/* SPDX-License-Identifier: MIT */
/* nft_value.c - the values that packets are matched with: interfaces, addresses, ports and so on, each as the bytes
 * that the kernel compares and as the one text that is its name. */
#include "nft.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

void nft_value_fill(struct nft_value *v, size_t size)
{
	memcpy(v->to, v->from, size);
	for (size_t bit = v->bits; v->bits < NFT_RANGE && bit < size * 8; bit++)
		v->to[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
}

int nft_value_cmp(const void *a, const void *b)
{
	const struct nft_value *x = a, *y = b;

	return memcmp(x->from, y->from, sizeof(x->from));
}

/* ---- names of interfaces ---- */

static int ifname_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	size_t n = strlen(s);
	bool many = n && s[n - 1] == '*';
	char *name = arena_fmt(a, "%.*s", (int)(many ? n - 1 : n), s);

	if (many && !*name)
		return err_set(e, EINVAL, "\"*\" is every interface; leave the match out");
	if (strchr(name, '*'))
		return err_set(e, EINVAL, "\"%.64s\": a \"*\" can only be the end of a name", s);
	if (strchr(name, '"'))
		return err_set(e, EINVAL, "\"%.64s\": nft(8) cannot write a name with a double quote", s);
	if (ifname_problem(name, e))
		return err_prefix(e, "\"%.64s\"", s);
	/* The longest name has nothing after it. */
	ret->bits = many && n < IFNAMSIZ ? (uint8_t)((n - 1) * 8) : NFT_EXACT;
	memcpy(ret->from, name, strlen(name));
	nft_value_fill(ret, 16);
	ret->text = arena_strdup(a, s);
	return 0;
}

bool nft_names_are_one(const struct nft_value *x, const struct nft_value *y)
{
	size_t i = sizeof(x->to);

	while (i > 0 && x->to[i - 1] == 0xff && y->from[i - 1] == 0)
		i--;
	return i > 0 && i < sizeof(x->to) && y->from[i - 1] == x->to[i - 1] + 1 && !memcmp(x->to, y->from, i - 1);
}

const struct nft_values nft_ifnames = {
	.schema = "{\"type\": \"string\", \"pattern\": \"^!?[^/:%\\\\s*!]{1,15}\\\\*?$\"}",
	.parse = ifname_parse,
	.size = 16,
	.negatable = true,
	.disjoint = true,
};

/* ---- addresses ---- */

static uint8_t family_bit(uint8_t family)
{
	return family == AF_INET ? NFT_IPV4 : NFT_IPV6;
}

const char *nft_address_text(struct arena *a, const uint8_t *bytes, uint8_t family)
{
	char text[INET6_ADDRSTRLEN];

	return arena_strdup(a, inet_ntop(family == NFT_IPV4 ? AF_INET : AF_INET6, bytes, text, sizeof(text)));
}

static int mapped_refuse(const char *s, const struct inet *i, struct err *e)
{
	char buf[64];
	const char *v4 = inet_mapped(i, buf);

	return v4 ? err_set(e, EINVAL, "%.80s is in no packet: write an IPv4 address as %s", s, v4) : 0;
}

static int address_bare(const char *s, struct inet *ret, struct err *e)
{
	bool slash;

	if (inet_parse(s, ret, &slash, e) < 0 || mapped_refuse(s, ret, e) < 0)
		return e->code;
	return slash ? err_set(e, EINVAL, "%.80s: a range goes from one address to another, without prefix lengths", s)
		     : 0;
}

static int address_range(const char *s, const char *dash, struct nft_value *ret, struct arena *a, struct err *e)
{
	struct inet from, to;
	int order;

	if (address_bare(arena_fmt(a, "%.*s", (int)(dash - s), s), &from, e) < 0 || address_bare(dash + 1, &to, e) < 0)
		return e->code;
	if (from.family != to.family)
		return err_set(e, EINVAL, "%.80s: both ends of a range are of one family", s);
	order = memcmp(from.addr, to.addr, sizeof(from.addr));
	if (order > 0)
		return err_set(e, EINVAL, "%.80s: the first address of a range is the lower one", s);
	ret->families = family_bit(from.family);
	ret->bits = order ? NFT_RANGE : NFT_EXACT;
	memcpy(ret->from, from.addr, sizeof(ret->from));
	memcpy(ret->to, to.addr, sizeof(ret->to));
	ret->text = nft_address_text(a, ret->from, ret->families);
	if (order)
		ret->text = arena_fmt(a, "%s-%s", ret->text, nft_address_text(a, ret->to, ret->families));
	return 0;
}

static int address_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	const char *dash = strchr(s, '-');
	struct inet i, net;
	char text[64];

	if (*s == '!')
		return err_set(e, EINVAL, "%.80s: \"!\" is for interfaces only in this version of netnsd", s);
	if (dash)
		return address_range(s, dash, ret, a, e);
	if (inet_parse(s, &i, NULL, e) < 0)
		return e->code;
	if (mapped_refuse(s, &i, e) < 0)
		return e->code;
	net = inet_net(&i);
	if (memcmp(net.addr, i.addr, sizeof(net.addr)))
		return err_set(e, EINVAL, "%.80s has bits beyond its prefix; did you mean %s?", s,
			       inet_text(&net, false, text));
	ret->families = family_bit(i.family);
	ret->bits = i.len == (i.family == AF_INET ? 32 : 128) ? NFT_EXACT : i.len;
	memcpy(ret->from, i.addr, sizeof(ret->from));
	nft_value_fill(ret, i.family == AF_INET ? 4 : 16);
	ret->text = arena_strdup(a, inet_text(&i, false, text));
	return 0;
}

const struct nft_values nft_addresses = {
	.schema = "{\"type\": \"string\", \"pattern\": \"^[0-9a-fA-F:.]+(/[0-9]{1,3}|-[0-9a-fA-F:.]+)?$\"}",
	.parse = address_parse,
	.size = 16,
	.disjoint = true,
};

/* ---- numbers, with and without a name ---- */

/* A decimal number up to @max that ends at @end; -1: it is none. */
static int64_t number(const char *s, const char *end, int64_t max)
{
	int64_t v = 0;

	if (s == end || (*s == '0' && s + 1 != end))
		return -1;
	for (; s < end; s++) {
		if (!isdigit((unsigned char)*s))
			return -1;
		v = v * 10 + (*s - '0');
		if (v > max)
			return -1;
	}
	return v;
}

static void port_put(uint8_t *at, int64_t port)
{
	at[0] = (uint8_t)(port >> 8);
	at[1] = (uint8_t)port;
}

static int port_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	const char *end = s + strlen(s), *dash = strchr(s, '-');
	int64_t from = number(s, dash ? dash : end, 65535), to = dash ? number(dash + 1, end, 65535) : from;

	if (from < 1 || to < 1)
		return err_set(e, EINVAL,
			       "\"%.64s\": a port is a number from 1 to 65535, or a range such as \"8000-8010\"", s);
	if (to < from)
		return err_set(e, EINVAL, "\"%.64s\": the first port of a range is the lower one", s);
	port_put(ret->from, from);
	port_put(ret->to, to);
	ret->bits = from == to ? NFT_EXACT : NFT_RANGE;
	ret->text = from == to ? arena_fmt(a, "%d", (int)from) : arena_fmt(a, "%d-%d", (int)from, (int)to);
	return 0;
}

const struct nft_values nft_ports = {
	.schema =
		"{\"anyOf\": [{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 65535},"
		" {\"type\": \"string\", \"pattern\": \"^[0-9]+(-[0-9]+)?$\"}]}",
	.parse = port_parse,
	.size = 2,
	.numbers = true,
	.disjoint = true,
};

/* The names of nft(8); getprotobyname would depend on a file of the machine. */
static const struct word protos[] = {
	{ "icmp", IPPROTO_ICMP }, { "igmp", IPPROTO_IGMP }, { "ipencap", IPPROTO_IPIP },    { "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },   { "dccp", IPPROTO_DCCP }, { "ipv6", IPPROTO_IPV6 },       { "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },   { "ah", IPPROTO_AH },     { "icmpv6", IPPROTO_ICMPV6 },   { "ospf", 89 },
	{ "vrrp", 112 },          { "sctp", IPPROTO_SCTP }, { "udplite", IPPROTO_UDPLITE }, { NULL, 0 },
};

static const struct word *word_find(const struct word *words, const char *s)
{
	for (; words->name; words++)
		if (!strcmp(words->name, s))
			return words;
	return NULL;
}

static int word_unknown(const char *s, const struct word *words, struct arena *a, struct err *e)
{
	const char *all = "";

	for (; words->name; words++)
		all = arena_fmt(a, "%s%s%s", all, *all ? ", " : "", words->name);
	return err_set(e, EINVAL, "\"%.64s\" is none of %.380s", s, all);
}

static int proto_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	const struct word *w = word_find(protos, s);
	int64_t v = w ? w->value : number(s, s + strlen(s), 255);

	if (!strcmp(s, "ipv6-icmp"))
		v = IPPROTO_ICMPV6;
	if (v < 0)
		return word_unknown(s, protos, a, e);
	ret->bits = NFT_EXACT;
	ret->from[0] = ret->to[0] = (uint8_t)v;
	ret->text = NULL;
	for (w = protos; w->name && !ret->text; w++)
		if (w->value == v)
			ret->text = w->name;
	ret->text = ret->text ? ret->text : arena_fmt(a, "%d", (int)v);
	ret->families = v == IPPROTO_ICMP || v == IPPROTO_IGMP ? NFT_IPV4 : v == IPPROTO_ICMPV6 ? NFT_IPV6 : NFT_BOTH;
	return 0;
}

const struct nft_values nft_protos = {
	.schema =
		"{\"anyOf\": [{\"enum\": [\"icmp\", \"igmp\", \"ipencap\", \"tcp\", \"udp\", \"dccp\", \"ipv6\", \"gre\","
		" \"esp\", \"ah\", \"icmpv6\", \"ospf\", \"vrrp\", \"sctp\", \"udplite\"]},"
		" {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 255}]}",
	.parse = proto_parse,
	.size = 1,
	.numbers = true,
	.disjoint = true,
};

/* A type of ICMP, which has another number in ICMPv6, or none in one of them. */
static const struct {
	const char *name;
	int v4, v6;
} icmps[] = {
	{ "echo-request", ICMP_ECHO, ICMP6_ECHO_REQUEST },
	{ "echo-reply", ICMP_ECHOREPLY, ICMP6_ECHO_REPLY },
	{ "destination-unreachable", ICMP_DEST_UNREACH, ICMP6_DST_UNREACH },
	{ "time-exceeded", ICMP_TIME_EXCEEDED, ICMP6_TIME_EXCEEDED },
	{ "parameter-problem", ICMP_PARAMETERPROB, ICMP6_PARAM_PROB },
	{ "source-quench", ICMP_SOURCE_QUENCH, -1 },
	{ "redirect", ICMP_REDIRECT, -1 },
	{ "router-advertisement", 9, -1 },
	{ "router-solicitation", 10, -1 },
	{ "timestamp-request", ICMP_TIMESTAMP, -1 },
	{ "timestamp-reply", ICMP_TIMESTAMPREPLY, -1 },
	{ "address-mask-request", ICMP_ADDRESS, -1 },
	{ "address-mask-reply", ICMP_ADDRESSREPLY, -1 },
	{ "packet-too-big", -1, ICMP6_PACKET_TOO_BIG },
	{ "mld-listener-query", -1, MLD_LISTENER_QUERY },
	{ "mld-listener-report", -1, MLD_LISTENER_REPORT },
	{ "mld-listener-done", -1, 132 },
	{ "mld2-listener-report", -1, 143 },
	{ "nd-router-solicit", -1, ND_ROUTER_SOLICIT },
	{ "nd-router-advert", -1, ND_ROUTER_ADVERT },
	{ "nd-neighbor-solicit", -1, ND_NEIGHBOR_SOLICIT },
	{ "nd-neighbor-advert", -1, ND_NEIGHBOR_ADVERT },
	{ "nd-redirect", -1, ND_REDIRECT },
};

/* from: the number in ICMP, to: in ICMPv6. */
static int icmp_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	const char *all = "";

	for (size_t i = 0; i < ARRAY_SIZE(icmps); i++) {
		all = arena_fmt(a, "%s%s%s", all, *all ? ", " : "", icmps[i].name);
		if (strcmp(icmps[i].name, s))
			continue;
		ret->from[0] = (uint8_t)icmps[i].v4;
		ret->to[0] = (uint8_t)icmps[i].v6;
		ret->families = (uint8_t)((icmps[i].v4 < 0 ? 0 : NFT_IPV4) | (icmps[i].v6 < 0 ? 0 : NFT_IPV6));
		ret->bits = NFT_EXACT;
		ret->text = icmps[i].name;
		return 0;
	}
	return err_set(e, EINVAL, "\"%.64s\" is none of %.420s", s, all);
}

const struct nft_values nft_icmps = {
	.schema = "{\"type\": \"string\", \"pattern\": \"^[a-z0-9-]+$\"}",
	.parse = icmp_parse,
	.size = 1,
};

/* A number in C's notation; false: it is none, or has more than 32 bits. */
static bool mark_number(const char *s, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(s, &end, 0);
	*ret = (uint32_t)v;
	return isdigit((unsigned char)*s) && !*end && !errno && v <= UINT32_MAX;
}

/* from: the value, to: the mask; both in the byte order of the host. */
static int mark_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	const char *slash = strchr(s, '/');
	uint32_t v, mask = UINT32_MAX;

	if (!mark_number(arena_fmt(a, "%.*s", (int)(slash ? slash - s : (int)strlen(s)), s), &v) ||
	    (slash && !mark_number(slash + 1, &mask)) || !mask)
		return err_set(e, EINVAL,
			       "\"%.64s\": a mark is a number of 32 bits, or a value and a mask such as \"0x10/0xff\"",
			       s);
	if (v & ~mask)
		return err_set(e, EINVAL, "\"%.64s\" matches nothing: the value has bits that the mask does not have",
			       s);
	memcpy(ret->from, &v, sizeof(v));
	memcpy(ret->to, &mask, sizeof(mask));
	ret->bits = NFT_EXACT;
	ret->text = mask == UINT32_MAX ? arena_fmt(a, "0x%x", v) : arena_fmt(a, "0x%x/0x%x", v, mask);
	return 0;
}

const struct nft_values nft_marks = {
	.schema = "{\"type\": [\"integer\", \"string\"]}",
	.parse = mark_parse,
	.size = 4,
	.single = true,
	.numbers = true,
};

static const struct word states[] = {
	{ "invalid", NF_CT_STATE_INVALID_BIT },        { "established", NF_CT_STATE_BIT(IP_CT_ESTABLISHED) },
	{ "related", NF_CT_STATE_BIT(IP_CT_RELATED) }, { "new", NF_CT_STATE_BIT(IP_CT_NEW) },
	{ "untracked", NF_CT_STATE_UNTRACKED_BIT },    { NULL, 0 },
};

static int state_parse(const char *s, struct nft_value *ret, struct arena *a, struct err *e)
{
	const struct word *w = word_find(states, s);
	uint32_t v = w ? w->value : 0;

	if (!w)
		return word_unknown(s, states, a, e);
	memcpy(ret->from, &v, sizeof(v));
	memcpy(ret->to, &v, sizeof(v));
	ret->bits = NFT_EXACT;
	ret->text = w->name;
	return 0;
}

const struct nft_values nft_states = {
	.schema = "{\"enum\": [\"invalid\", \"established\", \"related\", \"new\", \"untracked\"]}",
	.parse = state_parse,
	.size = 4,
};

/* ---- where translated packets go ---- */

static int ports_parse(const char *s, struct nft_target *ret, struct arena *a, struct err *e)
{
	struct nft_value v = { 0 };

	if (port_parse(s, &v, a, e) < 0)
		return e->code;
	ret->port_from = (uint16_t)(v.from[0] << 8 | v.from[1]);
	ret->port_to = (uint16_t)(v.to[0] << 8 | v.to[1]);
	ret->text = v.text;
	return 0;
}

int nft_target_parse(const char *s, bool with_port, struct nft_target *ret, struct arena *a, struct err *e)
{
	const char *close = *s == '[' ? strchr(s, ']') : NULL, *colon = strchr(s, ':'), *ports = NULL, *address = s;
	struct nft_value v = { 0 };

	if (close && close[1] && close[1] != ':')
		return err_set(e, EINVAL, "%.80s: after the address comes nothing, or a colon and the port", s);
	if (close) {
		address = arena_fmt(a, "%.*s", (int)(close - s - 1), s + 1);
		ports = close[1] ? close + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		address = arena_fmt(a, "%.*s", (int)(colon - s), s);
		ports = colon + 1;
	}
	if (address_parse(address, &v, a, e) < 0)
		return e->code;
	if (with_port ? v.bits != NFT_EXACT : v.bits < NFT_RANGE)
		return err_set(e, EINVAL, "%.80s: must be one address%s", s, with_port ? "" : ", or a range of them");
	if (ports && !with_port)
		return err_set(e, EINVAL, "%.80s: a port cannot be chosen here; give the address only", s);
	*ret = (struct nft_target){ .families = v.families };
	memcpy(ret->from, v.from, sizeof(ret->from));
	memcpy(ret->to, v.to, sizeof(ret->to));
	if (ports && ports_parse(ports, ret, a, e) < 0)
		return e->code;
	ret->text = !ret->port_from          ? v.text
		    : v.families == NFT_IPV4 ? arena_fmt(a, "%s:%s", v.text, ret->text)
					     : arena_fmt(a, "[%s]:%s", v.text, ret->text);
	return 0;
}

bool nft_list_has(const struct nft_list *l, const void *bytes, size_t size)
{
	bool has = false;

	for (size_t i = 0; i < l->n && !has; i++)
		has = memcmp(bytes, l->v[i].from, size) >= 0 && memcmp(bytes, l->v[i].to, size) <= 0;
	return has != l->negated;
}

bool nft_list_has_address(const struct nft_list *l, const struct inet *address)
{
	size_t size = address->family == AF_INET ? 4 : 16;
	bool has = false;

	for (size_t i = 0; i < l->n && !has; i++)
		has = l->v[i].families & family_bit(address->family) &&
		      nft_list_has(&(struct nft_list){ &l->v[i], 1, false }, address->addr, size);
	return has != l->negated;
}
