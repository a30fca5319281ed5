/* SPDX-License-Identifier: MIT */
/* json_text.c - JSON as compact text, shared by all who keep it. */
#include "json_text.h"
#include "json.h"
#include <json-c/json_visit.h>

/* A topology is nested in its record. */
enum { DEPTH_MAX = NESTING_MAX + 8 };

struct json_text {
	size_t users, size;
	uint64_t digest; /* equal values have the same, whatever the order of their members */
	char chars[];
};

/* The size of the string, number, word or punctuation mark at @s. */
static size_t token_size(const char *s)
{
	size_t n = 1;

	if (strchr("{}[],:", *s))
		return n;
	if (*s != '"')
		return strcspn(s, "{}[],:");
	while (s[n] != '"')
		n += s[n] == '\\' ? 2 : 1;
	return n + 1;
}

/* FNV-1a, but of a fraction only that it is one: 0.0 and -0.0 are equal. */
static uint64_t token_digest(const char *s, size_t n)
{
	bool number = *s == '-' || (*s >= '0' && *s <= '9');
	uint64_t h = UINT64_C(14695981039346656037);

	if (number && strcspn(s, ".e") < n)
		return h;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * UINT64_C(1099511628211);
	return h;
}

static uint64_t digest(const char *s)
{
	uint64_t sum = 0;

	for (size_t n; *s; s += n) {
		n = token_size(s);
		sum += token_digest(s, n);
	}
	return sum;
}

struct json_text *json_text_new(struct json_object *value)
{
	const int flags = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_text *t;
	const char *chars;
	size_t size;

	if (!value)
		return NULL;
	chars = must((char *)(uintptr_t)json_object_to_json_string_length(value, flags, &size));
	t = must(malloc(sizeof(*t) + size + 1));
	*t = (struct json_text){ .users = 1, .size = size, .digest = digest(chars) };
	memcpy(t->chars, chars, size + 1);
	return t;
}

struct json_text *json_text_get(struct json_text *t)
{
	if (t)
		t->users++;
	return t;
}

void json_text_put(struct json_text *t)
{
	if (t && --t->users == 0)
		free(t);
}

const char *json_text_chars(const struct json_text *t)
{
	return t->chars;
}

/* For a number with a fraction json-c stores its text where json.c expects a position. */
static int visit(struct json_object *value, _unused_ int flags, _unused_ struct json_object *in,
		 _unused_ const char *key, _unused_ size_t *i, _unused_ void *arg)
{
	if (json_object_is_type(value, json_type_double))
		json_object_set_serializer(value, NULL, NULL, NULL);
	return JSON_C_VISIT_RETURN_CONTINUE;
}

struct json_object *json_own_parse(const char *text, size_t size)
{
	struct json_tokener *t = must(json_tokener_new_ex(DEPTH_MAX));
	_cleanup_(json_putp) struct json_object *o = NULL;
	bool whole;

	json_tokener_set_flags(t, JSON_TOKENER_STRICT);
	/* Including the NUL, which ends a number. */
	o = json_tokener_parse_ex(t, text, (int)size + 1);
	whole = json_tokener_get_error(t) == json_tokener_success && strlen(text) == size &&
		json_tokener_get_parse_end(t) + strspn(text + json_tokener_get_parse_end(t), " \t\r\n") == size;
	json_tokener_free(t);
	if (!whole)
		return NULL;
	json_c_visit(o, 0, visit, NULL);
	return TAKE(o);
}

struct json_object *json_text_parse(const struct json_text *t)
{
	return t ? must(json_own_parse(t->chars, t->size)) : NULL;
}

bool json_text_identical(const struct json_text *a, const struct json_text *b)
{
	return a == b || (a && b && a->size == b->size && !memcmp(a->chars, b->chars, a->size));
}

bool json_text_equal(const struct json_text *a, const struct json_text *b)
{
	_cleanup_(json_putp) struct json_object *x = NULL, *y = NULL;

	if (json_text_identical(a, b))
		return true;
	if (!a || !b || a->digest != b->digest)
		return false;
	x = json_text_parse(a);
	y = json_text_parse(b);
	return json_object_equal(x, y);
}

static void embedded_put(_unused_ struct json_object *o, void *text)
{
	json_text_put(text);
}

static int embedded_write(struct json_object *o, struct printbuf *to, _unused_ int level, _unused_ int flags)
{
	const struct json_text *t = json_object_get_userdata(o);

	return printbuf_memappend(to, t->chars, (int)t->size);
}

struct json_object *json_text_embed(struct json_text *t)
{
	struct json_object *o;

	if (!t)
		return NULL;
	o = must(json_object_new_object());
	json_object_set_serializer(o, embedded_write, json_text_get(t), embedded_put);
	return o;
}
