/* SPDX-License-Identifier: MIT */
/* json.c - parses a JSON text into json-c's values in one pass, and attaches to each value its position. */
#include "json.h"
#include "json_token.h"
#include "path.h"

/* The position of a value. */
struct place {
	struct position key, value;
	struct position *nulls; /* json-c has no value for null: their positions are with their container */
	size_t n_nulls;
};

static void place_free(_unused_ struct json_object *value, void *place)
{
	free(((struct place *)place)->nulls);
	free(place);
}

static void place_set(struct json_object *value, struct position at)
{
	struct place *place = must(calloc(1, sizeof(*place)));

	place->value = at;
	json_object_set_userdata(value, place, place_free);
}

static void place_set_key(struct json_object *value, struct position at)
{
	struct place *place = json_object_get_userdata(value);

	if (place)
		place->key = at;
}

/* Doubles its room whenever a power of two is full. */
static void place_add_null(struct json_object *in, struct position at)
{
	struct place *place = json_object_get_userdata(in);
	size_t n = place ? place->n_nulls : 0;

	if (!place)
		return;
	if (!(n & (n - 1)))
		place->nulls = must(realloc(place->nulls, (n ? 2 * n : 1) * sizeof(at)));
	place->nulls[place->n_nulls++] = at;
}

static int read_value(struct reader *r, const struct path *path, unsigned depth, struct json_object **ret);

/* Reads "key": value into @object. */
static int read_member(struct reader *r, const struct path *up, unsigned depth, struct json_object *object)
{
	_cleanup_(json_putp) struct json_object *value = NULL;
	struct path path = { .up = up };
	struct json_object *first;
	size_t size, used = r->used;
	struct position key, at;
	bool twice;
	int k;

	if (reader_peek(r) == '}')
		return reader_fail(r, reader_here(r), up, "the last member of an object has no comma after it");
	if (reader_peek(r) != '"')
		return reader_expected(r, up, "a key in double quotes");
	key = reader_here(r);
	k = read_string(r, up, &path.key, &size);
	if (k < 0)
		return k;
	twice = json_object_object_get_ex(object, path.key, &first);
	if (twice && first)
		reader_fail(r, key, &path, "duplicate key \"%s\", first at %u:%u", path.key, json_where_key(first).line,
			    json_where_key(first).column);
	else if (twice)
		reader_fail(r, key, &path, "duplicate key \"%s\"", path.key);
	if (!reader_take(r, ':'))
		return reader_expected(r, &path, "\":\"");
	reader_peek(r);
	at = reader_here(r);
	k = read_value(r, &path, depth, &value);
	if (k < 0)
		return k;
	r->used = used;
	if (twice)
		return 0;
	if (value)
		place_set_key(value, key);
	else
		place_add_null(object, at);
	if (json_object_object_add_ex(object, path.key, TAKE(value), JSON_C_OBJECT_ADD_KEY_IS_NEW) < 0)
		abort();
	return 0;
}

static int read_object(struct reader *r, const struct path *path, unsigned depth, struct json_object *object)
{
	int k;

	if (reader_take(r, '}'))
		return 0;
	do {
		k = read_member(r, path, depth, object);
		if (k < 0)
			return k;
	} while (reader_take(r, ','));
	return reader_take(r, '}') ? 0 : reader_expected(r, path, "\",\" or \"}\"");
}

static int read_list(struct reader *r, const struct path *up, unsigned depth, struct json_object *list)
{
	struct path path = { .up = up };
	struct position at;
	int k;

	if (reader_take(r, ']'))
		return 0;
	do {
		struct json_object *value;

		if (reader_peek(r) == ']')
			return reader_fail(r, reader_here(r), up, "the last element of a list has no comma after it");
		at = reader_here(r);
		k = read_value(r, &path, depth, &value);
		if (k < 0)
			return k;
		if (!value)
			place_add_null(list, at);
		if (json_object_array_add(list, value) < 0)
			abort();
		path.index++;
	} while (reader_take(r, ','));
	return reader_take(r, ']') ? 0 : reader_expected(r, up, "\",\" or \"]\"");
}

static int read_container(struct reader *r, const struct path *path, unsigned depth, struct json_object **ret)
{
	bool map = *r->p == '{';
	_cleanup_(json_putp) struct json_object *v =
		must(map ? json_object_new_object() : json_object_new_array_ext(1));
	struct position here = reader_here(r);
	int k;

	if (depth == NESTING_MAX)
		return reader_fail(r, here, path, "objects and lists are nested more than %d deep", NESTING_MAX);
	if (!r->plain)
		place_set(v, here);
	r->p++;
	k = (map ? read_object : read_list)(r, path, depth + 1, v);
	if (k < 0)
		return k;
	*ret = TAKE(v);
	return 0;
}

static int read_text(struct reader *r, const struct path *path, struct json_object **ret)
{
	size_t size, used = r->used;
	const char *s;
	int k;

	k = read_string(r, path, &s, &size);
	if (k < 0)
		return k;
	*ret = must(json_object_new_string_len(s, (int)size));
	r->used = used;
	return 0;
}

static int read_word(struct reader *r, const struct path *path, struct json_object **ret)
{
	static const char *const words[] = { "null", "false", "true" };
	size_t n = 0;

	while (r->p + n < r->end && r->p[n] >= 'a' && r->p[n] <= 'z')
		n++;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) != n || memcmp(r->p, words[i], n))
			continue;
		r->p += n;
		*ret = i ? must(json_object_new_boolean(i == 2)) : NULL;
		return 0;
	}
	return reader_expected(r, path, "a value");
}

static int read_value(struct reader *r, const struct path *path, unsigned depth, struct json_object **ret)
{
	char c = reader_peek(r);
	struct position here = reader_here(r);
	int k;

	if (c == '{' || c == '[')
		return read_container(r, path, depth, ret);
	if (c == '"')
		k = read_text(r, path, ret);
	else if ((c >= '0' && c <= '9') || (c == '-' && r->end - r->p > 1 && r->p[1] != 'I'))
		k = read_number(r, path, ret);
	else
		k = read_word(r, path, ret);
	if (k < 0)
		return k;
	if (*ret && !r->plain)
		place_set(*ret, here);
	return 0;
}

static int read_whole(const char *text, size_t size, bool plain, struct json_object **ret, struct problems *p)
{
	_cleanup_(reader_done) struct reader r;
	_cleanup_(json_putp) struct json_object *value = NULL;
	static const struct path root = { 0 };
	size_t before = p->n + p->more;
	int k;

	reader_init(&r, text, size, p);
	r.plain = plain;
	k = read_value(&r, &root, 0, &value);
	if (k < 0)
		return k;
	reader_peek(&r);
	if (r.p < r.end)
		return reader_expected(&r, &root, "the end of the text");
	if (p->n + p->more > before)
		return -EINVAL;
	*ret = TAKE(value);
	return 0;
}

int json_read(const char *text, size_t size, struct json_object **ret, struct problems *p)
{
	return read_whole(text, size, false, ret, p);
}

int json_read_plain(const char *text, size_t size, struct json_object **ret, struct problems *p)
{
	return read_whole(text, size, true, ret, p);
}

static struct where where_of(struct position at)
{
	return (struct where){ .line = at.line, .column = at.column };
}

struct where json_where_value(struct json_object *value)
{
	const struct place *place = value ? json_object_get_userdata(value) : NULL;

	return place ? where_of(place->value) : (struct where){ 0 };
}

struct where json_where_key(struct json_object *value)
{
	const struct place *place = value ? json_object_get_userdata(value) : NULL;

	return place ? where_of(place->key) : (struct where){ 0 };
}

struct where json_where_pointer(struct json_object *in, const char *pointer)
{
	_cleanup_(freep) char *p = must(strdup(pointer));
	struct json_object *value;

	while (*p && json_pointer_get(in, p, &value) < 0)
		*(strrchr(p, '/') ?: p) = '\0';
	return json_where_value(*p ? value : in);
}

struct where json_where_null(struct json_object *in, size_t nth)
{
	const struct place *place = json_object_get_userdata(in);

	return place && nth < place->n_nulls ? where_of(place->nulls[nth]) : (struct where){ 0 };
}
