/* SPDX-License-Identifier: MIT */
/* type.c - the plain values: booleans, numbers, words, texts, references to interfaces. */
#include "field.h"
#include "type.h"

int type_parse(const struct field *f, const char *netns, void *dst, struct json_object *in, struct arena *a,
	       struct err *e)
{
	struct problems p = { 0 };
	struct notes notes = { .problems = &p };
	const struct node n = { .in = in };
	int r;

	if (!f->type->read)
		return f->type->parse(f, netns, dst, in, a, e);
	r = f->type->read(f, netns, dst, &n, &notes, a);
	if (r < 0)
		err_set(e, EINVAL, "%.200s%s%s", p.v[0].where.pointer, *p.v[0].where.pointer ? ": " : "",
			p.v[0].message);
	problems_done(&p);
	return r;
}

/* {"type": @name} */
static struct json_object *schema_new(const char *name)
{
	struct json_object *s = must(json_object_new_object());

	json_object_object_add(s, "type", json_object_new_string(name));
	return s;
}

struct json_object *schema_pattern(const char *pattern)
{
	struct json_object *s = schema_new("string");

	json_object_object_add(s, "pattern", json_object_new_string(pattern));
	return s;
}

struct json_object *schema_number_or_text(uint32_t min, uint32_t max, const char *pattern)
{
	struct json_object *s = json_object_new_object(), *any = json_object_new_array(),
			   *number = json_object_new_object();

	json_object_object_add(number, "type", json_object_new_string("integer"));
	json_object_object_add(number, "minimum", json_object_new_int64(min));
	json_object_object_add(number, "maximum", json_object_new_int64(max));
	json_object_array_add(any, number);
	json_object_array_add(any, schema_pattern(pattern));
	json_object_object_add(s, "anyOf", any);
	return s;
}

static int bool_parse(_unused_ const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	if (!json_object_is_type(in, json_type_boolean))
		return err_set(e, EINVAL, "must be true or false");
	*(bool *)dst = json_object_get_boolean(in);
	return 0;
}

static struct json_object *bool_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	return json_object_new_boolean(*(const bool *)src);
}

static bool bool_equal(const void *a, const void *b)
{
	return *(const bool *)a == *(const bool *)b;
}

static struct json_object *bool_schema(_unused_ const struct field *f)
{
	return schema_new("boolean");
}

const struct type type_bool = {
	.name = "true or false",
	.size = sizeof(bool),
	.parse = bool_parse,
	.format = bool_format,
	.equal = bool_equal,
	.schema = bool_schema,
};

/* Numbers differ in their size only. */
static uint32_t number_max(const struct field *f)
{
	return f->max ? f->max : UINT32_MAX >> (32 - 8 * f->type->size);
}

int type_number_parse(const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	int64_t v = json_object_get_int64(in);

	if (!json_object_is_type(in, json_type_int) || v < f->min || v > number_max(f))
		return err_set(e, EINVAL, "must be a whole number from %u to %u", f->min, number_max(f));
	if (f->type->size == sizeof(uint8_t))
		*(uint8_t *)dst = (uint8_t)v;
	else if (f->type->size == sizeof(uint16_t))
		*(uint16_t *)dst = (uint16_t)v;
	else
		*(uint32_t *)dst = (uint32_t)v;
	return 0;
}

struct json_object *type_number_format(const struct field *f, _unused_ const char *netns, const void *src)
{
	if (f->type->size == sizeof(uint8_t))
		return json_object_new_int64(*(const uint8_t *)src);
	if (f->type->size == sizeof(uint16_t))
		return json_object_new_int64(*(const uint16_t *)src);
	return json_object_new_int64(*(const uint32_t *)src);
}

static bool u8_equal(const void *a, const void *b)
{
	return *(const uint8_t *)a == *(const uint8_t *)b;
}

static bool u16_equal(const void *a, const void *b)
{
	return *(const uint16_t *)a == *(const uint16_t *)b;
}

static bool u32_equal(const void *a, const void *b)
{
	return *(const uint32_t *)a == *(const uint32_t *)b;
}

struct json_object *type_number_schema(const struct field *f)
{
	struct json_object *s = schema_new("integer");

	json_object_object_add(s, "minimum", json_object_new_int64(f->min));
	json_object_object_add(s, "maximum", json_object_new_int64(number_max(f)));
	return s;
}

const struct type type_u8 = {
	.name = "number",
	.size = sizeof(uint8_t),
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = u8_equal,
	.schema = type_number_schema,
};

const struct type type_u16 = {
	.name = "number",
	.size = sizeof(uint16_t),
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = u16_equal,
	.schema = type_number_schema,
};

const struct type type_u32 = {
	.name = "number",
	.size = sizeof(uint32_t),
	.parse = type_number_parse,
	.format = type_number_format,
	.equal = u32_equal,
	.schema = type_number_schema,
};

static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

void text_copy(void *dst, const void *src, struct arena *a)
{
	const char *s = *(const char *const *)src;

	*(const char **)dst = s ? arena_strdup(a, s) : NULL;
}

static int string_parse(const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
			struct arena *a, struct err *e)
{
	const char *s = json_object_get_string(in);

	if (!json_object_is_type(in, json_type_string))
		return err_set(e, EINVAL, "must be a text in double quotes");
	if (!*s)
		return err_set(e, EINVAL, "must not be empty");
	if (has_control(s))
		return err_set(e, EINVAL, "must not contain control characters");
	if (f->max && strlen(s) > f->max)
		return err_set(e, EINVAL, "is %zu bytes long, at most %u are allowed", strlen(s), f->max);
	*(const char **)dst = arena_strdup(a, s);
	return 0;
}

static struct json_object *string_format(_unused_ const struct field *f, _unused_ const char *netns, const void *src)
{
	const char *s = *(const char *const *)src;

	return s ? json_object_new_string(s) : NULL;
}

static bool string_equal(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	return x && y ? !strcmp(x, y) : x == y;
}

static struct json_object *string_schema(const struct field *f)
{
	struct json_object *s = schema_new("string");

	json_object_object_add(s, "minLength", json_object_new_int(1));
	if (f->max)
		json_object_object_add(s, "maxLength", json_object_new_int64(f->max));
	return s;
}

const struct type type_string = {
	.name = "text",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = string_parse,
	.format = string_format,
	.equal = string_equal,
	.schema = string_schema,
};

static void words_list(const struct word *words, char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (const struct word *w = words; w->name && n < size; w++) {
		const char *before = w == words ? "" : w[1].name ? ", " : " or ";

		n += (size_t)snprintf(buf + n, size - n, "%s\"%s\"", before, w->name);
	}
}

static int word_parse(const struct field *f, _unused_ const char *netns, void *dst, struct json_object *in,
		      _unused_ struct arena *a, struct err *e)
{
	const char *s = json_object_is_type(in, json_type_string) ? json_object_get_string(in) : "";
	char all[256];

	for (const struct word *w = f->words; w->name; w++) {
		if (strcmp(w->name, s))
			continue;
		*(uint8_t *)dst = w->value;
		return 0;
	}
	words_list(f->words, all, sizeof(all));
	return err_set(e, EINVAL, "must be %s", all);
}

/* A value that no word names is shown as its number. */
static struct json_object *word_format(const struct field *f, _unused_ const char *netns, const void *src)
{
	uint8_t v = *(const uint8_t *)src;

	for (const struct word *w = f->words; w->name; w++)
		if (w->value == v)
			return json_object_new_string(w->name);
	return json_object_new_int(v);
}

static struct json_object *word_schema(const struct field *f)
{
	struct json_object *s = must(json_object_new_object()), *list = must(json_object_new_array());

	for (const struct word *w = f->words; w->name; w++)
		json_object_array_add(list, json_object_new_string(w->name));
	json_object_object_add(s, "enum", list);
	return s;
}

const struct type type_word = {
	.name = "word",
	.size = sizeof(uint8_t),
	.parse = word_parse,
	.format = word_format,
	.equal = u8_equal,
	.schema = word_schema,
};

/* "IF" is in @netns; "NS/IF" says where it is. */
static int link_parse(_unused_ const struct field *f, const char *netns, void *dst, struct json_object *in,
		      struct arena *a, struct err *e)
{
	const char *s = json_object_get_string(in), *slash, *ns;

	if (!json_object_is_type(in, json_type_string))
		return err_set(e, EINVAL, "must be the name of an interface, \"IF\" or \"NS/IF\"");
	slash = strchr(s, '/');
	ns = slash ? arena_fmt(a, "%.*s", (int)(slash - s), s) : netns;
	if (slash && name_problem(ns, e))
		return err_prefix(e, "namespace \"%s\"", ns);
	if (ifname_problem(slash ? slash + 1 : s, e))
		return err_prefix(e, "interface \"%s\"", slash ? slash + 1 : s);
	*(const char **)dst = slash ? arena_strdup(a, s) : arena_fmt(a, "%s/%s", ns, s);
	return 0;
}

static struct json_object *link_format(_unused_ const struct field *f, const char *netns, const void *src)
{
	const char *s = *(const char *const *)src;
	size_t n = netns ? strlen(netns) : 0;

	if (!s)
		return NULL;
	if (n && !strncmp(s, netns, n) && s[n] == '/')
		s += n + 1;
	return json_object_new_string(s);
}

static struct json_object *link_schema(_unused_ const struct field *f)
{
	return schema_pattern("^(" NAME_PATTERN "/)?" IFNAME_PATTERN "$");
}

const struct type type_link = {
	.name = "interface",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = link_parse,
	.format = link_format,
	.equal = string_equal,
	.schema = link_schema,
};

static char *dev_say(const char *netns, const void *src, struct arena *a)
{
	struct json_object *name = link_format(NULL, netns, src);
	char *text = arena_fmt(a, "dev %s", json_object_get_string(name));

	json_object_put(name);
	return text;
}

const struct type type_dev = {
	.name = "interface",
	.size = sizeof(const char *),
	.copy = text_copy,
	.parse = link_parse,
	.format = link_format,
	.equal = string_equal,
	.say = dev_say,
	.schema = link_schema,
};
