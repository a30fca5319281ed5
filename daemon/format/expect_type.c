/* SPDX-License-Identifier: MIT */
/* expect_type.c - the values that only expectations have: targets, times, percentages. */
#include "expect.h"
#include "model/field.h"
#include <ctype.h>

enum { MICROSECOND = 1, MILLISECOND = 1000, SECOND = 1000000, DURATION_MAX = 3600 };

/* A value of more digits than this is none that anybody means. */
enum { DIGITS_MAX = 9 };

static const char *text_of(struct json_object *in)
{
	return json_object_is_type(in, json_type_string) ? json_object_get_string(in) : NULL;
}

static int netns_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		       struct arena *a, struct err *e)
{
	const char *s = text_of(in);

	if (!s)
		return err_set(e, EINVAL, "must be the name of a namespace, or \"host\"");
	if (name_problem(s, e))
		return err_prefix(e, "namespace \"%s\"", s);
	*(const char **)dst = arena_strdup(a, s);
	return 0;
}

static struct json_object *netns_schema(_unused_ const struct field *f)
{
	return schema_pattern("^" NAME_PATTERN "$");
}

const struct type type_netns_name = {
	.name = "namespace",
	.size = sizeof(const char *),
	.parse = netns_parse,
	.schema = netns_schema,
};

static int ifname_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			struct arena *a, struct err *e)
{
	const char *s = text_of(in);

	if (!s)
		return err_set(e, EINVAL, "must be the name of an interface");
	if (ifname_problem(s, e))
		return err_prefix(e, "interface \"%s\"", s);
	*(const char **)dst = arena_strdup(a, s);
	return 0;
}

static struct json_object *ifname_schema(_unused_ const struct field *f)
{
	return schema_pattern("^" IFNAME_PATTERN "$");
}

const struct type type_ifname = {
	.name = "name of an interface",
	.size = sizeof(const char *),
	.parse = ifname_parse,
	.schema = ifname_schema,
};

/* A prefix length has a slash, too: what is before it decides. */
static bool is_address(const char *s)
{
	return !strchr(s, '/') || strspn(s, "0123456789.") == strcspn(s, "/") || strchr(s, ':');
}

static int target_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
			struct err *e)
{
	struct target *t = dst;
	const char *s = text_of(in);

	if (!s)
		return err_set(e, EINVAL, "must be an address, or an interface of this file as \"NS/IF\"");
	if (!is_address(s))
		return type_link.parse(f, netns, &t->link, in, a, e);
	if (type_ip.parse(f, netns, &t->address, in, a, e) < 0)
		return strchr(s, '/') ? e->code
				      : err_set(e, EINVAL, "\"%s\" is neither an address nor \"NS/IF\"%s", s,
						strchr(s, ':') ? "; a port belongs into \"port\"" : "");
	if (inet_is_link_local(&t->address))
		return err_set(e, EINVAL, "%s is a link-local address, which does not say which link", s);
	return 0;
}

static struct json_object *target_schema(const struct field *f)
{
	struct json_object *s = must(json_object_new_object()), *list = must(json_object_new_array());

	json_object_array_add(list, type_ip.schema(f));
	json_object_array_add(list, schema_pattern("^" NAME_PATTERN "/" IFNAME_PATTERN "$"));
	json_object_object_add(s, "anyOf", list);
	return s;
}

const struct type type_target = {
	.name = "IP address, or NS/IF",
	.size = sizeof(struct target),
	.parse = target_parse,
	.schema = target_schema,
};

/* Reads "12.5" times @unit; what follows is in @ret_end.  False if there is no such number. */
static bool decimal_read(const char *s, uint64_t unit, uint64_t *ret, const char **ret_end)
{
	size_t whole = strspn(s, "0123456789"), digits = s[whole] == '.' ? strspn(s + whole + 1, "0123456789") : 0;
	uint64_t v = 0, scale = 1;

	if (!whole || whole + digits > DIGITS_MAX || (s[whole] == '.' && !digits))
		return false;
	for (size_t i = 0; i < whole; i++)
		v = v * 10 + (uint64_t)(s[i] - '0');
	for (size_t i = 1; i <= digits; i++, scale *= 10)
		v = v * 10 + (uint64_t)(s[whole + i] - '0');
	*ret = v * unit / scale;
	*ret_end = s + whole + (s[whole] == '.' ? digits + 1 : 0);
	return true;
}

static int duration_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			  _unused_ struct arena *a, struct err *e)
{
	static const struct {
		const char *word;
		uint64_t usec;
	} units[] = { { "us", MICROSECOND }, { "ms", MILLISECOND }, { "s", SECOND } };
	const char *s = text_of(in) ?: "", *end;
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (!decimal_read(s, units[i].usec, &v, &end) || strcmp(end, units[i].word) != 0)
			continue;
		if (v > (uint64_t)DURATION_MAX * SECOND)
			return err_set(e, EINVAL, "%s is more than %d s", s, DURATION_MAX);
		*(uint32_t *)dst = (uint32_t)v;
		return 0;
	}
	return err_set(e, EINVAL, "must be a time in us, ms or s, such as \"20ms\"");
}

static struct json_object *duration_schema(_unused_ const struct field *f)
{
	return schema_pattern("^[0-9]{1,9}(\\.[0-9]{1,8})?(us|ms|s)$");
}

const struct type type_duration = {
	.name = "time, such as 20ms",
	.size = sizeof(uint32_t),
	.parse = duration_parse,
	.schema = duration_schema,
};

enum { PERCENT = 1000 };

static int percentage_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst,
			    struct json_object *in, _unused_ struct arena *a, struct err *e)
{
	const char *s = json_object_get_string(in), *end;
	bool number = json_object_is_type(in, json_type_int) || json_object_is_type(in, json_type_double);
	uint64_t v;

	if ((!number && !text_of(in)) || !decimal_read(s, PERCENT, &v, &end) || strcmp(end, number ? "" : "%") != 0 ||
	    v > 100 * PERCENT)
		return err_set(e, EINVAL, "must be a percentage from 0 to 100, such as 0.5 or \"0.5%%\"");
	*(uint32_t *)dst = (uint32_t)v;
	return 0;
}

static struct json_object *percentage_schema(_unused_ const struct field *f)
{
	struct json_object *s = must(json_object_new_object()), *list = must(json_object_new_array());
	struct json_object *number = must(json_object_new_object());

	json_object_object_add(number, "type", json_object_new_string("number"));
	json_object_object_add(number, "minimum", json_object_new_int(0));
	json_object_object_add(number, "maximum", json_object_new_int(100));
	json_object_array_add(list, number);
	json_object_array_add(list, schema_pattern("^(100|[0-9]{1,2}(\\.[0-9]{1,6})?)%$"));
	json_object_object_add(s, "anyOf", list);
	return s;
}

const struct type type_percentage = {
	.name = "percentage",
	.size = sizeof(uint32_t),
	.parse = percentage_parse,
	.schema = percentage_schema,
};

/* As tc(8) writes them: "mbit" is a million bits, "mibit" 2 to the 20th, "mbps" a million bytes. */
static const struct {
	const char *word;
	uint64_t bits;
} rate_units[] = {
	{ "bit", 1 },
	{ "kbit", 1000 },
	{ "mbit", 1000000 },
	{ "gbit", 1000000000 },
	{ "kibit", UINT64_C(1) << 10 },
	{ "mibit", UINT64_C(1) << 20 },
	{ "gibit", UINT64_C(1) << 30 },
	{ "bps", 8 },
	{ "kbps", 8000 },
	{ "mbps", 8000000 },
	{ "gbps", UINT64_C(8000000000) },
};

#define RATE_MAX UINT64_C(1000000000000)

static int bitrate_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 _unused_ struct arena *a, struct err *e)
{
	const char *s = text_of(in) ?: "", *end;
	uint64_t v;

	for (size_t i = 0; i < ARRAY_SIZE(rate_units); i++) {
		if (!decimal_read(s, rate_units[i].bits, &v, &end) || strcasecmp(end, rate_units[i].word) != 0)
			continue;
		if (!v || v > RATE_MAX)
			return err_set(e, EINVAL, "%s is not from 1bit to 1000gbit", s);
		*(uint64_t *)dst = v;
		return 0;
	}
	return err_set(e, EINVAL, "must be a rate with its unit, such as \"10mbit\"; \"mbps\" is megabytes a second");
}

static struct json_object *bitrate_schema(_unused_ const struct field *f)
{
	return schema_pattern(
		"^[0-9]{1,9}(\\.[0-9]{1,8})?([kKmMgG][iI]?)?([bB][iI][tT])$|"
		"^[0-9]{1,9}(\\.[0-9]{1,8})?[kKmMgG]?[bB][pP][sS]$");
}

const struct type type_bitrate = {
	.name = "rate, such as 10mbit",
	.size = sizeof(uint64_t),
	.parse = bitrate_parse,
	.schema = bitrate_schema,
};
