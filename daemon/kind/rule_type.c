/* SPDX-License-Identifier: MIT */
/* rule_type.c - the values that only rules have, in the words of ip-rule(8): networks or all, marks
 * with a mask, protocols, ranges of ports and of users. */
#include "model/field.h"
#include "rule.h"
#include <linux/rtnetlink.h>
#include <netinet/in.h>

static bool u32_equal(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static char *priority_say(_unused_ const char *netns, const void *src, struct arena *a)
{
	return arena_fmt(a, "priority %u", *(const uint32_t *)src);
}

const struct type type_priority = {
	.name = "number",
	.size = sizeof(uint32_t),
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = u32_equal,
	.say = priority_say,
	.schema = type_number_schema,
};

static int selector_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
			  struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;

	if (s && !strcmp(s, "all"))
		return 0;
	if (!s || !strcmp(s, "default"))
		return err_set(e, EINVAL, "must be \"all\" or a network, such as \"10.0.0.0/24\"");
	return type_dest.parse(f, netns, dst, in, a, e);
}

static struct json_object *selector_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct inet *i = src;
	char buf[64];

	return json_object_new_string(i->family ? inet_text(i, false, buf) : "all");
}

static bool selector_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct inet));
}

static struct json_object *selector_schema(const struct field *f)
{
	struct json_object *s = type_prefix.schema(f);
	const char *net = json_object_get_string(json_object_object_get(s, "pattern"));
	size_t size = strlen(net) + sizeof("^all$|");
	_cleanup_(freep) char *pattern = must(malloc(size));

	snprintf(pattern, size, "^all$|%s", net);
	json_object_object_add(s, "pattern", json_object_new_string(pattern));
	return s;
}

const struct type type_selector = {
	.name = "\"all\" or network",
	.size = sizeof(struct inet),
	.parse = selector_parse,
	.format = selector_format,
	.equal = selector_equal,
	.schema = selector_schema,
};

/* Reads a number, decimal or hexadecimal, up to @max; NULL: there is none, else its end. */
static const char *number_read(const char *s, uint32_t max, uint32_t *ret)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	size_t n = hex ? strspn(s + 2, "0123456789abcdefABCDEF") : strspn(s, "0123456789");
	unsigned long long v;

	if (!n || n > 10)
		return NULL;
	v = strtoull(s, NULL, hex ? 16 : 10);
	if (v > max)
		return NULL;
	*ret = (uint32_t)v;
	return s + n + (hex ? 2 : 0);
}

/* The text of a string, or of a whole number, into @buf. */
static const char *text_of(struct json_object *in, char buf[32])
{
	if (json_object_is_type(in, json_type_string))
		return json_object_get_string(in);
	if (!json_object_is_type(in, json_type_int))
		return "";
	snprintf(buf, 32, "%lld", (long long)json_object_get_int64(in));
	return buf;
}

static int fwmark_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			_unused_ struct arena *a, struct err *e)
{
	struct fwmark mark = { .mask = UINT32_MAX };
	char buf[32];
	const char *s = number_read(text_of(in, buf), UINT32_MAX, &mark.value);

	if (s && *s == '/')
		s = number_read(s + 1, UINT32_MAX, &mark.mask);
	if (!s || *s)
		return err_set(e, EINVAL, "must be a mark, such as 1 or \"0x1/0xff\"");
	if (mark.value & ~mark.mask)
		return err_set(e, EINVAL, "0x%x has bits outside its mask 0x%x: no packet would match", mark.value,
			       mark.mask);
	if (!mark.mask)
		return err_set(e, EINVAL, "a mask of 0 matches every packet; leave it out");
	*(struct fwmark *)dst = mark;
	return 0;
}

static struct json_object *fwmark_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct fwmark *m = src;
	char buf[32];

	if (m->mask == UINT32_MAX)
		snprintf(buf, sizeof(buf), "0x%x", m->value);
	else
		snprintf(buf, sizeof(buf), "0x%x/0x%x", m->value, m->mask);
	return json_object_new_string(buf);
}

static bool fwmark_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct fwmark));
}

#define NUMBER "(0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10})"

static struct json_object *fwmark_schema(_unused_ const struct field *f)
{
	return schema_number_or_text(0, UINT32_MAX, "^" NUMBER "(/" NUMBER ")?$");
}

const struct type type_fwmark = {
	.name = "number, or \"mark/mask\"",
	.size = sizeof(struct fwmark),
	.parse = fwmark_parse,
	.format = fwmark_format,
	.equal = fwmark_equal,
	.schema = fwmark_schema,
};

// clang-format off: keeps its rows
static const struct word protocols[] = {
	{ "icmp", IPPROTO_ICMP },
	{ "igmp", IPPROTO_IGMP },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "dccp", IPPROTO_DCCP },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "ipv6-icmp", IPPROTO_ICMPV6 },
	{ "ospf", 89 },
	{ "sctp", IPPROTO_SCTP },
	{ "udplite", IPPROTO_UDPLITE },
	{ NULL, 0 },
};
// clang-format on

static int ipproto_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 _unused_ struct arena *a, struct err *e)
{
	char buf[32];
	const char *s = text_of(in, buf), *end;
	uint32_t v = 0;

	for (const struct word *w = protocols; w->name; w++)
		if (!strcmp(w->name, s))
			v = w->value;
	end = v ? "" : number_read(s, UINT8_MAX, &v);
	if (!end || *end || !v)
		return err_set(e, EINVAL,
			       "must be a protocol, such as \"tcp\", \"udp\", \"ipv6-icmp\" or a number from 1 to 255");
	*(uint8_t *)dst = (uint8_t)v;
	return 0;
}

static struct json_object *ipproto_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	uint8_t v = *(const uint8_t *)src;

	for (const struct word *w = protocols; w->name; w++)
		if (w->value == v)
			return json_object_new_string(w->name);
	return json_object_new_int(v);
}

static bool ipproto_equal(const void *a, const void *b)
{
	return *(const uint8_t *)a == *(const uint8_t *)b;
}

static struct json_object *ipproto_schema(_unused_ const struct field *f)
{
	return schema_number_or_text(1, UINT8_MAX, "^[0-9a-z-]{1,9}$");
}

const struct type type_ipproto = {
	.name = "protocol",
	.size = sizeof(uint8_t),
	.parse = ipproto_parse,
	.format = ipproto_format,
	.equal = ipproto_equal,
	.schema = ipproto_schema,
};

static int range_read(struct range *ret, struct json_object *in, uint32_t max)
{
	struct range r = { .given = 1 };
	char buf[32];
	const char *s = number_read(text_of(in, buf), max, &r.first);

	r.last = r.first;
	if (s && *s == '-')
		s = number_read(s + 1, max, &r.last);
	if (!s || *s || r.first > r.last)
		return -EINVAL;
	*ret = r;
	return 0;
}

/* The kernel accepts neither port 0 nor ranges that end with the last (fib_rule_port_range_valid,
 * include/net/fib_rules.h). */
static int ports_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		       _unused_ struct arena *a, struct err *e)
{
	struct range r;

	if (range_read(&r, in, UINT16_MAX - 1) < 0 || !r.first)
		return err_set(e, EINVAL, "must be a port from 1 to %d, or a range, such as \"8000-8010\"",
			       UINT16_MAX - 1);
	*(struct range *)dst = r;
	return 0;
}

/* The last number stands for no user. */
static int uids_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	if (range_read(dst, in, UINT32_MAX - 1) < 0)
		return err_set(e, EINVAL, "must be the number of a user, or a range, such as \"1000-1999\"");
	return 0;
}

static struct json_object *ports_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct range *r = src;
	char buf[32];

	if (r->first == r->last)
		return json_object_new_int64(r->first);
	snprintf(buf, sizeof(buf), "%u-%u", r->first, r->last);
	return json_object_new_string(buf);
}

static struct json_object *uids_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const struct range *r = src;
	char buf[32];

	snprintf(buf, sizeof(buf), "%u-%u", r->first, r->last);
	return json_object_new_string(buf);
}

static bool range_equal(const void *a, const void *b)
{
	return !memcmp(a, b, sizeof(struct range));
}

static struct json_object *ports_schema(_unused_ const struct field *f)
{
	return schema_number_or_text(1, UINT16_MAX - 1, "^[0-9]{1,5}(-[0-9]{1,5})?$");
}

static struct json_object *uids_schema(_unused_ const struct field *f)
{
	return schema_number_or_text(0, UINT32_MAX - 1, "^[0-9]{1,10}(-[0-9]{1,10})?$");
}

const struct type type_ports = {
	.name = "port, or \"first-last\"",
	.size = sizeof(struct range),
	.parse = ports_parse,
	.format = ports_format,
	.equal = range_equal,
	.schema = ports_schema,
};

const struct type type_uids = {
	.name = "number, or \"first-last\"",
	.size = sizeof(struct range),
	.parse = uids_parse,
	.format = uids_format,
	.equal = range_equal,
	.schema = uids_schema,
};

static int suppress_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
			  struct err *e)
{
	if (type_number_parse(f, netns, dst, in, a, e) < 0)
		return e->code;
	*(suppress *)dst += 1;
	return 0;
}

static struct json_object *suppress_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	return json_object_new_int64((int64_t)*(const suppress *)src - 1);
}

const struct type type_suppress = {
	.name = "number",
	.size = sizeof(suppress),
	.parse = suppress_parse,
	.format = suppress_format,
	.equal = u32_equal,
	.schema = type_number_schema,
};
