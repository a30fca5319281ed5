/* SPDX-License-Identifier: MIT */
/* qdisc_type.c - times, rates, sizes and percentages as tc(8) writes them.  A text is read into the number that the kernel
 * stores, and each number has a text that is read into the same number. */
#include "qdisc.h"
#include <strings.h>

enum {
	TEXT_MAX = 32,
	DIGITS_MAX = 18, /* of a number, before and after its point */
	TIME_MAX = 86400,
	RATE_MAX = 1000, /* in Gbit/s times 1000 */
};

/* What the number before it is multiplied by; the last row has no name. */
struct unit {
	const char *name;
	uint64_t by, per;
};

__extension__ typedef unsigned __int128 wide;

/* A decimal number without its point, and the power of ten that it is to be divided by. */
struct decimal {
	uint64_t digits, scale;
};

/* Reads the number that @s begins with; returns what follows it, or NULL. */
static const char *decimal_read(const char *s, struct decimal *ret)
{
	size_t n = 0;
	bool point = false;

	*ret = (struct decimal){ 0, 1 };
	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point && n); s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		if (++n > DIGITS_MAX)
			return NULL;
		ret->digits = ret->digits * 10 + (uint64_t)(*s - '0');
		ret->scale *= point ? 10 : 1;
	}
	return n && s[-1] != '.' ? s : NULL;
}

static const struct unit *unit_find(const struct unit *units, const char *name)
{
	for (const struct unit *u = units; u->name; u++)
		if (!strcasecmp(u->name, name))
			return u;
	return NULL;
}

/* Reads a number with a unit; @round is added before the division.  What is not 0 must not become 0. */
static int quantity_read(struct json_object *in, const struct unit *units, bool nearest, uint64_t max, uint64_t *ret,
			 const char *what, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
	const struct unit *u = NULL;
	struct decimal d;
	const char *end = strlen(s) <= TEXT_MAX ? decimal_read(s, &d) : NULL;
	wide v, by;

	u = end ? unit_find(units, end) : NULL;
	if (!u)
		return err_set(e, EINVAL, "must be %s", what);
	by = (wide)d.scale * u->per;
	v = ((wide)d.digits * u->by + (nearest ? by / 2 : 0)) / by;
	if (d.digits && !v)
		return err_set(e, EINVAL, "is too small; it must be %s", what);
	if (v > max)
		return err_set(e, ERANGE, "is too large; it must be %s", what);
	*ret = (uint64_t)v;
	return 0;
}

/* @v, which is in units of 1/@per of @name, with as few digits as it needs. */
static struct json_object *fraction_text(uint64_t v, uint64_t per, const char *name)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)(v / per));

	if (v % per) {
		text[n++] = '.';
		for (uint64_t rest = v % per; rest; rest = rest * 10 % per)
			text[n++] = (char)('0' + rest * 10 / per);
	}
	snprintf(text + n, sizeof(text) - (size_t)n, "%s", name);
	return json_object_new_string(text);
}

static bool u32_equal(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

static bool u64_equal(const void *a, const void *b)
{
	return *(const uint64_t *)a == *(const uint64_t *)b;
}

static struct json_object *pattern(const char *units)
{
	char text[256];

	snprintf(text, sizeof(text), "^[0-9]+(\\.[0-9]+)?%s$", units);
	return schema_pattern(text);
}

/* ---- times ---- */

// clang-format off: keeps its rows
static const struct unit times[] = {
	{ "", 1000, 1 },
	{ "s", NSEC_PER_SECOND, 1 }, { "sec", NSEC_PER_SECOND, 1 }, { "secs", NSEC_PER_SECOND, 1 },
	{ "ms", 1000000, 1 }, { "msec", 1000000, 1 }, { "msecs", 1000000, 1 },
	{ "us", 1000, 1 }, { "usec", 1000, 1 }, { "usecs", 1000, 1 },
	{ "ns", 1, 1 }, { "nsec", 1, 1 }, { "nsecs", 1, 1 },
	{ NULL, 0, 0 },
};
// clang-format on

static int time_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	return quantity_read(in, times, true, UINT64_C(1) * TIME_MAX * NSEC_PER_SECOND, dst,
			     "a time of up to a day with its unit, such as \"20ms\" or \"1.5s\"", e);
}

static struct json_object *time_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	static const struct {
		const char *name;
		uint64_t per;
	} units[] = { { "s", NSEC_PER_SECOND }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	uint64_t v = *(const uint64_t *)src;
	size_t i = 0;

	while (v && v < units[i].per)
		i++;
	return fraction_text(v, units[i].per, units[i].name);
}

static struct json_object *time_schema(_unused_ const struct field *f)
{
	return pattern("([mun]?s(ecs?)?)?");
}

const struct type type_tc_time = {
	.name = "time",
	.size = sizeof(uint64_t),
	.parse = time_parse,
	.format = time_format,
	.equal = u64_equal,
	.schema = time_schema,
};

/* ---- rates ---- */

#define KILO UINT64_C(1000)
#define KIBI UINT64_C(1024)
#define RATE_UNITS(prefix, by) { prefix "bit", by, 8 }, { prefix "bps", by, 1 }

static const struct unit rates[] = {
	{ "", 1, 8 },
	RATE_UNITS("", 1),
	RATE_UNITS("k", KILO),
	RATE_UNITS("m", KILO *KILO),
	RATE_UNITS("g", KILO *KILO *KILO),
	RATE_UNITS("t", KILO *KILO *KILO *KILO),
	RATE_UNITS("ki", KIBI),
	RATE_UNITS("mi", KIBI *KIBI),
	RATE_UNITS("gi", KIBI *KIBI *KIBI),
	RATE_UNITS("ti", KIBI *KIBI *KIBI *KIBI),
	{ NULL, 0, 0 },
};

/* Whole bytes a second, rounded down as tc(8) does. */
static int rate_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	return quantity_read(in, rates, false, RATE_MAX * KILO * KILO * KILO / 8, dst,
			     "a rate of 8bit to 1tbit with its unit, such as \"10mbit\"; \"mbps\" is megabytes a "
			     "second",
			     e);
}

static struct json_object *rate_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	static const char *const names[] = { "bit", "kbit", "mbit", "gbit", "tbit" };
	uint64_t bits = *(const uint64_t *)src * 8;
	size_t i = 0;

	for (; bits && bits % KILO == 0 && i + 1 < ARRAY_SIZE(names); i++)
		bits /= KILO;
	return fraction_text(bits, 1, names[i]);
}

static struct json_object *rate_schema(_unused_ const struct field *f)
{
	return pattern("(([KkMmGgTt]i?)?([Bb][Ii][Tt]|[Bb][Pp][Ss]))?");
}

const struct type type_tc_rate = {
	.name = "rate",
	.size = sizeof(uint64_t),
	.parse = rate_parse,
	.format = rate_format,
	.equal = u64_equal,
	.schema = rate_schema,
};

/* ---- sizes ---- */

// clang-format off: keeps its rows
static const struct unit sizes[] = {
	{ "", 1, 1 }, { "b", 1, 1 },
	{ "k", KIBI, 1 }, { "kb", KIBI, 1 }, { "m", KIBI * KIBI, 1 }, { "mb", KIBI * KIBI, 1 },
	{ "g", KIBI * KIBI * KIBI, 1 }, { "gb", KIBI * KIBI * KIBI, 1 },
	{ "kbit", KIBI, 8 }, { "mbit", KIBI * KIBI, 8 }, { "gbit", KIBI * KIBI * KIBI, 8 },
	{ NULL, 0, 0 },
};
// clang-format on

static int size_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	uint64_t v = 0;
	int r = quantity_read(in, sizes, true, UINT32_MAX, &v,
			      "a size below 4gb with its unit, such as \"32kb\"; \"kb\" is 1024 bytes", e);

	*(uint32_t *)dst = (uint32_t)v;
	return r;
}

static struct json_object *size_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	static const char *const names[] = { "b", "kb", "mb", "gb" };
	uint64_t v = *(const uint32_t *)src;
	size_t i = 0;

	for (; v && v % KIBI == 0 && i + 1 < ARRAY_SIZE(names); i++)
		v /= KIBI;
	return fraction_text(v, 1, names[i]);
}

static struct json_object *size_schema(_unused_ const struct field *f)
{
	return pattern("([KkMmGg]?[Bb]?|[KkMmGg][Bb][Ii][Tt])");
}

const struct type type_tc_size = {
	.name = "size",
	.size = sizeof(uint32_t),
	.parse = size_parse,
	.format = size_format,
	.equal = u32_equal,
	.schema = size_schema,
};

/* ---- percentages ---- */

static const struct unit percent[] = { { "%", UINT32_MAX, 100 }, { NULL, 0, 0 } };

static int percent_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			 _unused_ struct arena *a, struct err *e)
{
	uint64_t v = 0;
	int r = quantity_read(in, percent, true, UINT32_MAX, &v, "a percentage up to \"100%\", such as \"0.5%\"", e);

	*(uint32_t *)dst = (uint32_t)v;
	return r;
}

/* The shortest number that is read as @src: ten digits after the point are enough. */
static struct json_object *percent_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	uint64_t v = *(const uint32_t *)src, scale = 1, digits = 0;

	for (;; scale *= 10) {
		wide back;

		digits = (uint64_t)(((wide)v * 100 * scale + UINT32_MAX / 2) / UINT32_MAX);
		back = ((wide)digits * UINT32_MAX + (wide)scale * 50) / ((wide)scale * 100);
		if (back == v)
			return fraction_text(digits, scale, "%");
	}
}

static struct json_object *percent_schema(_unused_ const struct field *f)
{
	return pattern("%");
}

const struct type type_tc_percent = {
	.name = "percentage",
	.size = sizeof(uint32_t),
	.parse = percent_parse,
	.format = percent_format,
	.equal = u32_equal,
	.schema = percent_schema,
};

/* ---- what no file can set ---- */

static int extras_parse(const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			_unused_ struct arena *a, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
	size_t n;

	for (; *s && strcmp(s, "none"); s += n + (s[n] == ' ')) {
		const struct word *w = f->words;

		n = strcspn(s, " ");
		while (w->name && (strlen(w->name) != n || strncmp(s, w->name, n)))
			w++;
		if (!w->name)
			return err_set(e, EINVAL, "%.64s is not one of a queueing discipline", s);
		*(uint8_t *)dst |= w->value;
	}
	return 0;
}

static struct json_object *extras_format(const struct field *f, _unused_ const char *netns, const void *src)
{
	char text[128] = "";

	for (const struct word *w = f->words; w->name; w++) {
		size_t n = strlen(text);

		if (*(const uint8_t *)src & w->value)
			snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", w->name);
	}
	return json_object_new_string(*text ? text : "none");
}

static bool extras_equal(const void *a, const void *b)
{
	return *(const uint8_t *)a == *(const uint8_t *)b;
}

const struct type type_tc_extras = {
	.name = "extras",
	.size = sizeof(uint8_t),
	.parse = extras_parse,
	.format = extras_format,
	.equal = extras_equal,
};
