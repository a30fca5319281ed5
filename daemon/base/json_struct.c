/* SPDX-License-Identifier: MIT */
/* json_struct.c - converts between JSON objects and C structs, a row at a time. */
#include "json_struct.h"
#include "utf8.h"
#include <inttypes.h>

static enum json_type json_type_of(const struct json_member *m)
{
	static const enum json_type types[] = {
		[JSON_TEXT] = json_type_string, [JSON_CHARS] = json_type_string,  [JSON_FLAG] = json_type_boolean,
		[JSON_U32] = json_type_int,     [JSON_U64] = json_type_int,       [JSON_ERRNO] = json_type_int,
		[JSON_WORD] = json_type_string, [JSON_OBJECT] = json_type_object, [JSON_LIST] = json_type_array,
		[JSON_OWN] = json_type_array,   [JSON_STORED] = json_type_object,
	};

	return types[m->type];
}

static int text_check(const struct json_member *m, struct json_object *v, struct err *e)
{
	const char *s = json_object_get_string(v);
	int64_t n = json_object_get_string_len(v), max = m->type == JSON_CHARS ? (int64_t)m->size - 1 : m->max;
	struct err why;

	if (strlen(s) != (size_t)n)
		return err_set(e, EINVAL, "\"%s\" contains a NUL", m->name);
	if (max && n > max)
		return err_set(e, EINVAL, "\"%s\" is longer than %" PRId64 " bytes", m->name, max);
	if (m->problem && m->problem(s, &why))
		return err_set(e, EINVAL, "\"%s\" %s", m->name, why.text);
	return 0;
}

static int number_check(const struct json_member *m, struct json_object *v, struct err *e)
{
	int64_t n = json_object_get_int64(v), max = m->max                ? m->max
						    : m->type == JSON_U64 ? INT64_MAX
						    : m->type == JSON_U32 ? UINT32_MAX
									  : INT32_MAX;

	if (n < m->min || n > max)
		return err_set(e, EINVAL, "\"%s\" is %s, not from %" PRId64 " to %" PRId64, m->name,
			       json_object_get_string(v), m->min, max);
	return 0;
}

/* The index of the word, or -1. */
static int word_index(const struct json_member *m, const char *s)
{
	const char *word;

	for (unsigned i = (unsigned)m->min; (word = m->word(i)); i++)
		if (!strcmp(word, s))
			return (int)i;
	return -1;
}

static int word_check(const struct json_member *m, struct json_object *v, struct err *e)
{
	const char *s = json_object_get_string(v), *word;

	if (word_index(m, s) >= 0)
		return 0;
	err_set(e, EINVAL, "\"%s\" is \"%.32s\", not ", m->name, s);
	for (unsigned i = (unsigned)m->min; (word = m->word(i)); i++)
		err_append(e, "%s%s", i == m->min ? "" : m->word(i + 1) ? ", " : " or ", word);
	return e->code;
}

static int list_check(const struct json_member *m, struct json_object *v, char path[JSON_PATH], struct err *e)
{
	size_t n = json_object_array_length(v);

	if (m->max && n > (size_t)m->max)
		return err_set(e, EINVAL, "\"%s\" has %zu elements, at most %" PRId64 " are allowed", m->name, n,
			       m->max);
	for (size_t i = 0; m->problem && i < n; i++) {
		struct json_object *element = json_object_array_get_idx(v, i);
		int r = json_object_is_type(element, json_type_string)
				? text_check(m, element, e)
				: err_set(e, EINVAL, "\"%s\" is not a list of texts", m->name);

		if (r < 0) {
			snprintf(path, JSON_PATH, "%s[%zu]", m->name, i);
			return r;
		}
	}
	return 0;
}

static int member_check(const struct json_member *m, struct json_object *v, char path[JSON_PATH], struct err *e)
{
	if (!json_object_is_type(v, json_type_of(m)))
		return err_set(e, EINVAL, "\"%s\" is not of type %s", m->name, json_type_to_name(json_type_of(m)));
	switch (m->type) {
	case JSON_TEXT:
	case JSON_CHARS:
		return text_check(m, v, e);
	case JSON_U32:
	case JSON_U64:
	case JSON_ERRNO:
		return number_check(m, v, e);
	case JSON_WORD:
		return word_check(m, v, e);
	case JSON_LIST:
		return list_check(m, v, path, e);
	case JSON_FLAG:
	case JSON_OBJECT:
	case JSON_STORED:
	case JSON_OWN:
		break;
	}
	return 0;
}

static void number_set(const struct json_member *m, void *at, int64_t n)
{
	if (m->type == JSON_U64)
		*(uint64_t *)at = (uint64_t)n;
	else
		*(uint32_t *)at = (uint32_t)n;
}

/* @v has been checked; NULL: it is missing. */
static void member_set(const struct json_member *m, struct json_object *v, void *at)
{
	switch (m->type) {
	case JSON_TEXT:
		*(const char **)at = json_object_get_string(v);
		break;
	case JSON_CHARS:
		snprintf(at, m->size, "%s", v ? json_object_get_string(v) : "");
		break;
	case JSON_FLAG:
		*(bool *)at = json_object_get_boolean(v);
		break;
	case JSON_U32:
	case JSON_U64:
		number_set(m, at, v ? json_object_get_int64(v) : m->absent);
		break;
	case JSON_ERRNO:
		*(int *)at = json_object_get_int(v);
		break;
	case JSON_WORD:
		*(unsigned *)at = v ? (unsigned)word_index(m, json_object_get_string(v)) : 0;
		break;
	case JSON_OBJECT:
	case JSON_LIST:
		*(struct json_object **)at = v;
		break;
	case JSON_STORED:
		*(struct json_text **)at = json_text_new(v);
		break;
	case JSON_OWN:
		break;
	}
}

static const struct json_member *member_find(const struct json_struct *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->members[i].name, name))
			return &s->members[i];
	return NULL;
}

/* Whether all rows are in @in, and nothing else. */
static int members_check(const struct json_struct *s, struct json_object *in, char path[JSON_PATH], struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct json_member *m = &s->members[i];
		struct json_object *v;
		bool there = json_object_object_get_ex(in, m->name, &v) && (v || !s->nulls);

		snprintf(path, JSON_PATH, "%s", m->name);
		if (!there && !m->optional)
			return err_set(e, EINVAL, "\"%s\" is missing", m->name);
		if (there && member_check(m, v, path, e) < 0)
			return e->code;
	}
	json_object_object_foreach(in, key, value) {
		(void)value;
		snprintf(path, JSON_PATH, "%s", key);
		if (!member_find(s, key))
			return err_set(e, EINVAL, "unknown field \"%.64s\"", key);
	}
	return 0;
}

int json_decode(const struct json_struct *s, struct json_object *in, void *ret, char path[JSON_PATH], struct err *e)
{
	char unasked[JSON_PATH];

	path = path ? path : unasked;
	if (members_check(s, in, path, e) < 0)
		return e->code;
	for (size_t i = 0; i < s->n; i++) {
		const struct json_member *m = &s->members[i];

		snprintf(path, JSON_PATH, "%s", m->name);
		if (m->restore && m->restore((char *)ret + m->offset, json_object_object_get(in, m->name), e) < 0)
			return err_prefix(e, "\"%s\"", m->name);
	}
	for (size_t i = 0; i < s->n; i++)
		member_set(&s->members[i], json_object_object_get(in, s->members[i].name),
			   (char *)ret + s->members[i].offset);
	return 0;
}

static struct json_object *text_json(const struct json_member *m, const char *s)
{
	_cleanup_(freep) char *text = must(m->max ? strndup(s, (size_t)m->max) : strdup(s));

	utf8_repair(text);
	return json_object_new_string(text);
}

/* NULL: there is nothing to write. */
static struct json_object *member_json(const struct json_member *m, const void *at)
{
	uint64_t n = 0;

	switch (m->type) {
	case JSON_TEXT:
		return *(const char *const *)at ? text_json(m, *(const char *const *)at) : NULL;
	case JSON_CHARS:
		return m->optional && !*(const char *)at ? NULL : text_json(m, at);
	case JSON_FLAG:
		return m->optional && !*(const bool *)at ? NULL : json_object_new_boolean(*(const bool *)at);
	case JSON_U32:
	case JSON_U64:
		n = m->type == JSON_U64 ? *(const uint64_t *)at : *(const uint32_t *)at;
		return m->optional && !m->always && !n ? NULL : json_object_new_int64((int64_t)n);
	case JSON_ERRNO:
		return *(const int *)at ? json_object_new_int(abs(*(const int *)at)) : NULL;
	case JSON_WORD:
		n = *(const unsigned *)at;
		return n < (uint64_t)m->min ? NULL : json_object_new_string(m->word((unsigned)n));
	case JSON_OBJECT:
	case JSON_LIST:
		return json_object_get(*(struct json_object *const *)at);
	case JSON_STORED:
		return json_text_embed(*(struct json_text *const *)at);
	case JSON_OWN:
		return m->save(at);
	}
	return NULL;
}

struct json_object *json_encode(const struct json_struct *s, const void *from)
{
	struct json_object *o = must(json_object_new_object());

	for (size_t i = 0; i < s->n; i++) {
		struct json_object *v = member_json(&s->members[i], (const char *)from + s->members[i].offset);

		if (v)
			json_object_object_add(o, s->members[i].name, v);
	}
	return o;
}
