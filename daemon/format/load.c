/* SPDX-License-Identifier: MIT */
/* load.c - reads the outer part of a topology file: its size, its top-level keys, and the
 * names of its namespaces. */
#include "load.h"
#include "base/suggest.h"
#include "base/json.h"
#include "reserved.h"
#include "loader.h"

struct where node_where(const struct loader *l, const struct node *n, struct arena *a)
{
	struct where where = l->notes.lines ? json_where_value(n->in) : (struct where){ 0 };

	where.pointer = path_text(&n->path, a);
	return where;
}

static void root_name(struct loader *l, const struct node *n, struct declaration *t)
{
	const char *s = json_object_get_string(n->in);
	struct err e;

	if (!json_object_is_type(n->in, json_type_string))
		note_value(&l->notes, n, "must be a text in double quotes");
	else if (name_problem(s, &e))
		note_value(&l->notes, n, "\"%s\" %s", s, e.text);
	else
		snprintf(t->name, sizeof(t->name), "%s", s);
}

static void root_version(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	int64_t v = json_object_get_int64(n->in);

	if (!json_object_is_type(n->in, json_type_int) || v < 1)
		note_value(&l->notes, n, "must be 1");
	else if (v > 1)
		note_value(&l->notes, n, "version %lld is newer than this netnsd, which knows version 1", (long long)v);
}

static void root_text(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	if (!json_object_is_type(n->in, json_type_string))
		note_value(&l->notes, n, "must be a text in double quotes");
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
	note_value(&l->notes, n, "must be \"heal\" or \"report\"");
}

static void root_host(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	load_netns(l, n, "host");
}

static void root_namespaces(struct loader *l, const struct node *n, _unused_ struct declaration *t)
{
	struct err e;

	if (!node_is_object(&l->notes, n))
		return;
	json_object_object_foreach(n->in, name, value) {
		struct node one = node_member(n, name, value);

		if (!value)
			continue;
		if (!strcmp(name, "host"))
			note_key(&l->notes, &one, "\"host\" is the namespace that netnsd runs in; declare it at /host");
		else if (name_problem(name, &e))
			note_key(&l->notes, &one, "\"%s\" %s", name, e.text);
		else
			load_netns(l, &one, name);
	}
}

static void root_expect(struct loader *l, const struct node *n, struct declaration *t)
{
	size_t size = json_object_is_type(n->in, json_type_array) ? json_object_array_length(n->in) : 0;

	if (!node_is_list(&l->notes, n))
		return;
	if (size > EXPECTATIONS_MAX) {
		note_value(&l->notes, n, "there are %zu expectations, at most %d are allowed", size, EXPECTATIONS_MAX);
		return;
	}
	t->expect.v = arena_alloc(&t->model.arena, (size + 1) * sizeof(*t->expect.v));
	for (size_t i = 0; i < size; i++) {
		struct node one = node_element(n, i, json_object_array_get_idx(n->in, i));
		struct object *o = one.in ? load_element(l, &one, &kind_expect) : NULL;

		if (o)
			t->expect.v[t->expect.n++] = (struct expectation *)o;
	}
}

static const struct {
	const char *key;
	void (*read)(struct loader *l, const struct node *n, struct declaration *t);
} root_keys[] = {
	{ "$schema", root_text },          { "version", root_version },   { "name", root_name },
	{ "description", root_text },      { "on_drift", root_on_drift }, { "host", root_host },
	{ "namespaces", root_namespaces }, { "expect", root_expect },
};

static void root_unknown(struct loader *l, const struct node *n)
{
	struct suggest suggest = suggest_new(n->path.key);
	struct names all = { 0 };

	/* A problem that will not be printed needs no text. */
	if (l->notes.problems->n == PROBLEMS_MAX) {
		l->notes.problems->more++;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(root_keys); i++) {
		suggest_try(&suggest, root_keys[i].key);
		names_add(&all, root_keys[i].key);
	}
	if (reserved_has("", n->path.key))
		note_key(&l->notes, n, "\"%s\" is not supported by this version of netnsd", n->path.key);
	else if (suggest.best)
		note_key(&l->notes, n, "unknown field; did you mean \"%s\"?", suggest.best);
	else
		note_key(&l->notes, n, "unknown field; possible here: %s", names_text(&all, &l->notes.problems->arena));
}

static void load_root(struct loader *l, const struct node *n, struct declaration *t)
{
	size_t i;

	if (!node_is_object(&l->notes, n))
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
		note_null(&l->notes, in, (*nth)++, n);
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

static int load(struct json_object *in, struct json_object *names, bool lines, const struct kinds *kinds,
		struct declaration *ret, struct problems *p)
{
	struct declaration t = { 0 };
	struct loader l = {
		.kinds = kinds,
		.model = &t.model,
		.notes = { p, lines },
		.expect = &t.expect,
		.known = names,
		.names = &t.names,
		.doubtful = must(json_object_new_object()),
	};
	struct node root = { .in = in };
	size_t before = p->n + p->more;

	if (kinds->refresh)
		kinds->refresh();
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

int load_json(struct json_object *in, struct json_object *names, const struct kinds *kinds, struct declaration *ret,
	      struct problems *p)
{
	return load(in, names, false, kinds, ret, p);
}

int load_text_syntax(const char *text, size_t size, struct json_object **ret, struct problems *p)
{
	struct where start = { "", 1, 1 };
	int r;

	*ret = NULL;
	if (size > TOPOLOGY_MAX) {
		problem_add(p, -EINVAL, &start, "the file has %zu bytes, at most %d are allowed", size, TOPOLOGY_MAX);
		return -EINVAL;
	}
	r = json_read(text, size, ret, p);
	if (r < 0)
		problems_sort(p);
	return r;
}

int load_text_rest(struct json_object *in, const struct kinds *kinds, struct declaration *ret, struct problems *p)
{
	return load(in, NULL, true, kinds, ret, p);
}

int load_text_json(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret,
		   struct json_object **ret_json, struct problems *p)
{
	int r = load_text_syntax(text, size, ret_json, p);

	return r < 0 ? r : load_text_rest(*ret_json, kinds, ret, p);
}

int load_text(const char *text, size_t size, const struct kinds *kinds, struct declaration *ret, struct problems *p)
{
	_cleanup_(json_putp) struct json_object *json = NULL;

	return load_text_json(text, size, kinds, ret, &json, p);
}

void declaration_done(struct declaration *t)
{
	model_done(&t->model);
	json_object_put(TAKE(t->names));
}
