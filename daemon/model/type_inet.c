/* SPDX-License-Identifier: MIT */
/* type_inet.c - the addresses: IP with and without prefix, destinations, MAC. They are
 * stored as bytes, so that two spellings of one address are equal. */
#include "field.h"
#include "type.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <linux/rtnetlink.h>

static uint8_t family_bits(uint8_t family)
{
	return family == AF_INET ? 32 : family == AF_INET6 ? 128 : 0;
}

/* Reads the digits after the slash; -1 if they are not a number up to @max. */
static int length_parse(const char *s, uint8_t max)
{
	char *end;
	unsigned long v;

	if (!isdigit((unsigned char)*s) || (*s == '0' && s[1]))
		return -1;
	v = strtoul(s, &end, 10);
	return *end || v > max ? -1 : (int)v;
}

int inet_parse(const char *s, struct inet *ret, bool *ret_slash, struct err *e)
{
	struct inet i = { .family = strchr(s, ':') ? AF_INET6 : AF_INET };
	const char *slash = strchr(s, '/');
	char text[INET6_ADDRSTRLEN];
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	int len = family_bits(i.family);

	if (n < sizeof(text)) {
		memcpy(text, s, n);
		text[n] = '\0';
	}
	if (n >= sizeof(text) || inet_pton(i.family, text, i.addr) != 1)
		return err_set(e, EINVAL, "%.80s is not an IP address%s", s,
			       slash ? " with a prefix length, such as 10.0.0.1/24" : ", such as 10.0.0.1");
	if (slash)
		len = length_parse(slash + 1, family_bits(i.family));
	if (len < 0)
		return err_set(e, EINVAL, "%.80s: the prefix length of %s is a whole number from 0 to %u", s,
			       i.family == AF_INET ? "IPv4" : "IPv6", family_bits(i.family));
	i.len = (uint8_t)len;
	*ret = i;
	if (ret_slash)
		*ret_slash = slash;
	return 0;
}

/* @i with the bits beyond its prefix cleared. */
struct inet inet_net(const struct inet *i)
{
	struct inet net = *i;

	for (unsigned bit = net.len; bit < family_bits(net.family); bit++)
		net.addr[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return net;
}

bool inet_is_unspecified(const struct inet *i)
{
	static const uint8_t none[sizeof(i->addr)];

	return !memcmp(i->addr, none, sizeof(none));
}

bool inet_is_loopback6(const struct inet *i)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	return i->family == AF_INET6 && !memcmp(i->addr, loopback, sizeof(loopback));
}

bool inet_is_link_local(const struct inet *i)
{
	return i->family == AF_INET6 && i->addr[0] == 0xfe && (i->addr[1] & 0xc0) == 0x80;
}

const char *inet_mapped(const struct inet *i, char buf[64])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (i->family != AF_INET6 || i->len < 96 || memcmp(i->addr, mapped, sizeof(mapped)) != 0)
		return NULL;
	return inet_ntop(AF_INET, i->addr + sizeof(mapped), buf, 64);
}

bool inet_covers(const struct inet *net, const struct inet *ip)
{
	struct inet a = inet_net(net), b = *ip;

	b.len = net->len;
	b = inet_net(&b);
	return a.family == b.family && !memcmp(a.addr, b.addr, sizeof(a.addr));
}

const char *inet_text(const struct inet *i, bool bare, char buf[64])
{
	char text[INET6_ADDRSTRLEN] = "default";

	if (i->family)
		inet_ntop(i->family, i->addr, text, sizeof(text));
	if (bare || i->len == family_bits(i->family))
		snprintf(buf, 64, "%s", text);
	else
		snprintf(buf, 64, "%s/%u", text, i->len);
	return buf;
}

static bool inet_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct inet));
}

static const char *text_of(struct json_object *in)
{
	return json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;
}

static int ip_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		    _unused_ struct arena *a, struct err *e)
{
	const char *s = text_of(in);
	struct inet i;
	bool slash;
	int r;

	if (!s)
		return err_set(e, EINVAL, "must be an IP address, such as \"10.0.0.1\"");
	r = inet_parse(s, &i, &slash, e);
	if (r < 0)
		return r;
	if (slash)
		return err_set(e, EINVAL, "%s has a prefix length; did you mean %.*s?", s, (int)strcspn(s, "/"), s);
	*(struct inet *)dst = i;
	return 0;
}

static int prefix_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			_unused_ struct arena *a, struct err *e)
{
	const char *s = text_of(in);

	if (!s)
		return err_set(e, EINVAL, "must be an IP address with a prefix length, such as \"10.0.0.1/24\"");
	return inet_parse(s, dst, NULL, e);
}

static int dest_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	const char *s = text_of(in);
	struct inet i = { 0 }, net;
	char hint[64];
	int r;

	if (!s)
		return err_set(e, EINVAL, "must be \"default\" or a network, such as \"10.0.0.0/24\"");
	r = strcmp(s, "default") ? inet_parse(s, &i, NULL, e) : 0;
	if (r < 0 && !strchr(s, '/'))
		return err_set(e, EINVAL, "%.80s is neither \"default\" nor a network, such as 10.0.0.0/24", s);
	if (r < 0)
		return r;
	net = inet_net(&i);
	if (!inet_equal(&net, &i))
		return err_set(e, EINVAL, "%s is an address in a network; did you mean %s?", s,
			       inet_text(&net, false, hint));
	*(struct inet *)dst = i;
	return 0;
}

static struct json_object *dest_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	char buf[64];

	return json_object_new_string(inet_text(src, false, buf));
}

/* Where "default" makes no sense, family 0 is no address. */
static struct json_object *inet_format(const struct field *f, const char *netns, const void *src)
{
	return ((const struct inet *)src)->family ? dest_format(f, netns, src) : NULL;
}

#define BYTE "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define IPV4 BYTE "(\\." BYTE "){3}"
#define IPV6 "[0-9A-Fa-f]*:[0-9A-Fa-f:.]*"
#define PREFIX IPV4 "(/(3[0-2]|[12]?[0-9]))?|" IPV6 "(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?"

static struct json_object *ip_schema(_unused_ const struct field *f)
{
	return schema_pattern("^(" IPV4 "|" IPV6 ")$");
}

static struct json_object *prefix_schema(_unused_ const struct field *f)
{
	return schema_pattern("^(" PREFIX ")$");
}

static struct json_object *dest_schema(_unused_ const struct field *f)
{
	return schema_pattern("^(default|" PREFIX ")$");
}

const struct type type_ip = {
	.name = "IP address",
	.size = sizeof(struct inet),
	.parse = ip_parse,
	.format = inet_format,
	.equal = inet_equal,
	.schema = ip_schema,
};

const struct type type_prefix = {
	.name = "IP address with prefix length",
	.size = sizeof(struct inet),
	.parse = prefix_parse,
	.format = inet_format,
	.equal = inet_equal,
	.schema = prefix_schema,
};

static char *peer_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	char buf[64];

	return arena_fmt(a, "peer %s", inet_text(src, false, buf));
}

const struct type type_peer = {
	.name = "IP address with prefix length",
	.size = sizeof(struct inet),
	.parse = prefix_parse,
	.format = inet_format,
	.equal = inet_equal,
	.say = peer_say,
	.schema = prefix_schema,
};

const struct type type_dest = {
	.name = "\"default\" or network",
	.size = sizeof(struct inet),
	.parse = dest_parse,
	.format = dest_format,
	.equal = inet_equal,
	.schema = dest_schema,
};

enum { MAC = 6 };

static int mac_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		     _unused_ struct arena *a, struct err *e)
{
	const char *s = text_of(in);
	uint8_t mac[MAC];
	bool ok = s && strlen(s) == 3 * MAC - 1;

	for (size_t i = 0; i < MAC && ok; i++) {
		const char *byte = s + 3 * i;

		ok = isxdigit((unsigned char)byte[0]) && isxdigit((unsigned char)byte[1]) &&
		     byte[2] == (i == MAC - 1 ? '\0' : ':');
		mac[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	if (!ok)
		return err_set(e, EINVAL, "must be six bytes in hexadecimal, such as \"02:00:5e:10:00:01\"");
	memcpy(dst, mac, sizeof(mac));
	return 0;
}

static struct json_object *mac_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const uint8_t *m = src;
	char buf[3 * MAC];

	snprintf(buf, sizeof(buf), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
	return json_object_new_string(buf);
}

static bool mac_equal(const void *a, const void *b)
{
	return !memcmp(a, b, MAC);
}

static struct json_object *mac_schema(_unused_ const struct field *f)
{
	return schema_pattern("^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$");
}

const struct type type_mac = {
	.name = "MAC address",
	.size = MAC,
	.parse = mac_parse,
	.format = mac_format,
	.equal = mac_equal,
	.schema = mac_schema,
};

const struct word scope_words[] = {
	{ "global", RT_SCOPE_UNIVERSE },
	{ "site", RT_SCOPE_SITE },
	{ "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },
	{ NULL, 0 },
};
