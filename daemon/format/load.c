/* SPDX-License-Identifier: MIT */
/* load.c - reads the outer part of a topology file: its size, its top-level keys, and the
 * names of its namespaces. */
#include "load.h"
#include "base/suggest.h"
#include "base/json.h"
#include "reserved.h"
#include "loader.h"
#include "base/utf8.h"
#include <stdarg.h>

struct node node_member(const struct node *up, const char *key, struct json_object *in)
{
	return (struct node){ .path = { .up = &up->path, .key = key }, .in = in };
}

struct node node_element(const struct node *up, size_t index, struct json_object *in)
{
	return (struct node){ .path = { .up = &up->path, .index = index }, .in = in };
}

_printf_(4, 0) static void problem_words(struct loader *l, struct where where, const struct path *path, const char *fmt,
					 va_list ap)
{
	char text[512];

	if (!l->lines)
		where = (struct where){ 0 };
	else if (!where.line)
		where = (struct where){ .line = 1, .column = 1 }; /* the text itself is null */
	if (l->problems->n < PROBLEMS_MAX)
		where.pointer = path_text(path, &l->problems->arena);
	vsnprintf(text, sizeof(text), fmt, ap);
	utf8_repair(text);
	problem_add(l->problems, -EINVAL, &where, "%s", text);
}

_printf_(4, 5) static void problem_at(struct loader *l, struct where where, const struct path *path, const char *fmt,
				      ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_words(l, where, path, fmt, ap);
	va_end(ap);
}

void node_problem(struct loader *l, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_words(l, json_where_value(n->in), &n->path, fmt, ap);
	va_end(ap);
}

void node_problem_key(struct loader *l, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	problem_words(l, json_where_key(n->in), &n->path, fmt, ap);
	va_end(ap);
}

bool node_is_object(struct loader *l, const struct node *n)
{
	if (json_object_is_type(n->in, json_type_object))
		return true;
	node_problem(l, n, "must be an object: { ... }");
	return false;
}

bool node_is_list(struct loader *l, const struct node *n)
{
	if (json_object_is_type(n->in, json_type_array))
		return true;
	node_problem(l, n, "must be a list: [ ... ]");
	return false;
}

struct where node_where(const struct loader *l, const struct node *n, struct arena *a)
{
	struct where where = l->lines ? json_where_value(n->in) : (struct where){ 0 };

	where.pointer = path_text(&n->path, a);
	return where;
}

static void root_name(struct loader *l, const struct node *n, struct declaration *t)
{
	const char *s = json_object_get_string(n->in);
	struct err e;

	if (!json_object_is_type(n->in, json_type_string))
		node_problem(l, n, "must be a text in double quotes");
	else if (name_problem(s, &e))
		node_problem(l, n, "\"%s\" %s", s, e.text);
	else
		snprintf(t->name, sizeof(t->name), "%s", s);
}

static void root_version(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	int64_t v = json_object_get_int64(n->in);

	if (!json_object_is_type(n->in, json_type_int) || v < 1)
		node_problem(l, n, "must be 1");
	else if (v > 1)
		node_problem(l, n, "version %lld is newer than this netnsd, which knows version 1", (long long)v);
}

static void root_text(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	if (!json_object_is_type(n->in, json_type_string))
		node_problem(l, n, "must be a text in double quotes");
}

static void root_on_drift(struct loader *l, const struct node *n, struct declaration *t)
{
	static const char *const words[] = { [ON_DRIFT_HEAL] = "heal", [ON_DRIFT_REPORT] = "report" };
	const char *s = json_object_is_type(n->in, json_type_string) ? json_object_get_string(n->in) : "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], s))
			continue;
		t->on_drift = (enum on_drift)i;
		return;
	}
	node_problem(l, n, "must be \"heal\" or \"report\"");
}

static void root_host(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	load_netns(l, n, "host");
}

static void root_namespaces(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	struct err e;

	if (!node_is_object(l, n))
		return;
	json_object_object_foreach(n->in, name, value) {
		struct node one = node_member(n, name, value);

		if (!value)
			continue;
		if (!strcmp(name, "host"))
			node_problem_key(l, &one, "\"host\" is the namespace that netnsd runs in; declare it at /host");
		else if (name_problem(name, &e))
			node_problem_key(l, &one, "\"%s\" %s", name, e.text);
		else
			load_netns(l, &one, name);
	}
}

static const struct {
	const char *key;
	void (*read)(struct loader *l, const struct node *n, struct declaration *t);
} root_keys[] = {
	{ "$schema", root_text },          { "version", root_version },   { "name", root_name },
	{ "description", root_text },      { "on_drift", root_on_drift }, { "host", root_host },
	{ "namespaces", root_namespaces },
};

static void root_unknown(struct loader *l, const struct node *n)
{
	struct suggest suggest = suggest_new(n->path.key);
	struct names all = { 0 };

	/* A problem that will not be printed needs no text. */
	if (l->problems->n == PROBLEMS_MAX) {
		l->problems->more++;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(root_keys); i++) {
		suggest_try(&suggest, root_keys[i].key);
		names_add(&all, root_keys[i].key);
	}
	if (reserved_has("", n->path.key))
		node_problem_key(l, n, "\"%s\" is not supported by this version of netnsd", n->path.key);
	else if (suggest.best)
		node_problem_key(l, n, "unknown field; did you mean \"%s\"?", suggest.best);
	else
		node_problem_key(l, n, "unknown field; possible here: %s", names_text(&all, &l->problems->arena));
}

static void load_root(struct loader *l, const struct node *n, struct declaration *t)
{
	size_t i;

	if (!node_is_object(l, n))
		return;
	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);

		if (!value)
			continue;
		for (i = 0; i < ARRAY_SIZE(root_keys) && strcmp(root_keys[i].key, key); i++)
			;
		if (i < ARRAY_SIZE(root_keys))
			root_keys[i].read(l, &member, t);
		else
			root_unknown(l, &member);
	}
}

static void refuse_nulls(struct loader *l, const struct node *n);

static void refuse_null(struct loader *l, const struct node *in, const struct node *n, size_t *nth)
{
	if (n->in)
		refuse_nulls(l, n);
	else
		problem_at(l, json_where_null(in->in, (*nth)++), &n->path, "null has no meaning; leave the field out");
}

/* All nulls are refused here; later passes skip them. */
static void refuse_nulls(struct loader *l, const struct node *n)
{
	size_t nth = 0;

	if (json_object_is_type(n->in, json_type_array))
		for (size_t i = 0; i < json_object_array_length(n->in); i++) {
			struct node element = node_element(n, i, json_object_array_get_idx(n->in, i));

			refuse_null(l, n, &element, &nth);
		}
	if (!json_object_is_type(n->in, json_type_object))
		return;
	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);

		refuse_null(l, n, &member, &nth);
	}
}

/* The host always exists, declared or not. */
static void add_host(struct loader *l)
{
	const struct kind *k = kinds_find(l->kinds, "netns", NULL);
	struct object *host = model_netns(l->model, "host") ? NULL : object_new(l->model, k, "host", NULL);
	struct err e;

	if (!host)
		return;
	if (k->check)
		k->check(host, &e);
	model_add(l->model, host, NULL);
}

static int load(struct json_object *in, bool lines, const struct kinds *kinds, struct declaration *ret,
		struct problems *p)
{
	struct declaration t = { 0 };
	struct loader l = {
		.kinds = kinds,
		.model = &t.model,
		.problems = p,
		.lines = lines,
		.doubtful = must(json_object_new_object()),
	};
	struct node root = { .in = in };
	size_t before = p->n + p->more;

	model_init(&t.model, kinds);
	refuse_nulls(&l, &root);
	load_root(&l, &root, &t);
	add_host(&l);
	load_check(&l);
	json_object_put(l.doubtful);
	if (p->n + p->more > before) {
		declaration_done(&t);
		problems_sort(p);
		return -EINVAL;
	}
	*ret = t;
	return 0;
}

int load_json(struct json_object *in, const struct kinds *kinds, struct declaration *ret, struct problems *p)
{
	return load(in, false, kinds, ret, p);
}

int load_text_json(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret,
		   struct json_object **ret_json, struct problems *p)
{
	struct where start = { "", 1, 1 };
	int r;

	*ret_json = NULL;
	if (size > TOPOLOGY_MAX) {
		problem_add(p, -EINVAL, &start, "the file has %zu bytes, at most %d are allowed", size, TOPOLOGY_MAX);
		return -EINVAL;
	}
	r = json_read(text, size, ret_json, p);
	if (r < 0) {
		problems_sort(p);
		return r;
	}
	return load(*ret_json, true, kinds, ret, p);
}

int load_text(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret, struct problems *p)
{
	_cleanup_(json_putp) struct json_object *json = NULL;

	return load_text_json(text, size, kinds, ret, &json, p);
}

void declaration_done(struct declaration *t)
{
	model_done(&t->model);
}
