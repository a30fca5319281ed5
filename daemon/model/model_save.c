/* SPDX-License-Identifier: MIT */
/* model_save.c - converts objects to JSON, for records on disk, and back. */
#include "model.h"
#include "kind.h"
#include <assert.h>

/* JSON null means none: a zeroed value that is set.  The bounds are not checked: they are
 * for files, and what the kernel had is valid. */
static int field_set(struct model *m, struct object *o, size_t i, struct json_object *v, struct err *e)
{
	struct field f = o->kind->fields[i];

	f.min = f.max = 0;
	memset(object_at(o, i), 0, f.type->size);
	o->set |= bit(i);
	if (v && type_parse(&f, o->netns, object_at(o, i), v, &m->arena, e) < 0)
		return err_prefix(e, "%s", f.name);
	return 0;
}

void object_set(struct model *m, struct object *o, const char *name, const char *json)
{
	struct json_object *v = strcmp(json, "null") ? json_tokener_parse(json) : NULL;
	int i = kind_field(o->kind, name);
	struct err e;

	assert(i >= 0);
	if (field_set(m, o, (size_t)i, v, &e) < 0)
		abort();
	json_object_put(v);
}

static bool may_be_none(const struct field *f)
{
	return f->kernel_default && !strcmp(f->kernel_default, "null");
}

bool object_has_default(const struct object *o, size_t i)
{
	const struct field *f = &o->kind->fields[i];
	struct json_object *v = f->kernel_default && !may_be_none(f) ? json_tokener_parse(f->kernel_default) : NULL;
	max_align_t value[4] = { 0 };
	struct arena a = { 0 };
	struct err e;
	bool same;

	if (!f->kernel_default)
		return false;
	assert(f->type->size <= sizeof(value));
	if (v && type_parse(f, o->netns, value, v, &a, &e) < 0)
		abort();
	same = f->type->equal(value, object_at(o, i));
	json_object_put(v);
	arena_done(&a);
	return same;
}

/* None is null, as in field_set, even where the type has no word for it. */
static struct json_object *field_save(const struct object *o, size_t i)
{
	static const char zero[64];
	const struct field *f = &o->kind->fields[i];
	bool none = may_be_none(f) && !memcmp(object_at(o, i), zero, f->type->size);

	return none ? NULL : f->type->format(f, o->netns, object_at(o, i));
}

struct json_object *model_save(const struct model *m)
{
	struct json_object *list = json_object_new_array_ext((int)m->n);

	for (size_t n = 0; n < m->n; n++) {
		const struct object *o = m->objects[n];
		struct json_object *item = json_object_new_object(), *fields = json_object_new_object();

		json_object_object_add(item, "class", json_object_new_string(o->kind->class));
		json_object_object_add(item, "kind", json_object_new_string(o->kind->name));
		json_object_object_add(item, "netns", json_object_new_string(o->netns));
		if (o->name)
			json_object_object_add(item, "name", json_object_new_string(o->name));
		json_object_object_add(item, "any", json_object_new_boolean(o->managed));
		json_object_object_add(item, "handle", json_object_new_int64(o->handle));
		json_object_object_add(item, "ours", json_object_new_boolean(o->owner == OWNER_OURS));
		for (size_t i = 0; i < o->kind->n_fields; i++)
			if (object_has(o, i))
				json_object_object_add(fields, o->kind->fields[i].name, field_save(o, i));
		json_object_object_add(item, "fields", fields);
		json_object_array_add(list, item);
	}
	return list;
}

/* The members that model_save writes of an object. */
static const struct {
	const char *key;
	enum json_type type;
	bool optional;
} members[] = {
	{ "class", json_type_string }, { "kind", json_type_string },
	{ "netns", json_type_string }, { "name", json_type_string, .optional = true },
	{ "any", json_type_boolean },  { "handle", json_type_int },
	{ "ours", json_type_boolean }, { "fields", json_type_object },
};

static int members_check(struct json_object *in, struct err *e)
{
	struct json_object *v;

	if (!json_object_is_type(in, json_type_object))
		return err_set(e, EINVAL, "is not an object");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		bool there = json_object_object_get_ex(in, members[i].key, &v);

		if (there ? !json_object_is_type(v, members[i].type) : !members[i].optional)
			return err_set(e, EINVAL, "\"%s\" %s%s", members[i].key,
				       there ? "is not of type " : "is missing",
				       there ? json_type_to_name(members[i].type) : "");
		if (there && members[i].type == json_type_string &&
		    strlen(json_object_get_string(v)) != (size_t)json_object_get_string_len(v))
			return err_set(e, EINVAL, "\"%s\" contains a NUL", members[i].key);
	}
	json_object_object_foreach(in, key, value) {
		size_t i = 0;

		(void)value;
		while (i < ARRAY_SIZE(members) && strcmp(key, members[i].key))
			i++;
		if (i == ARRAY_SIZE(members))
			return err_set(e, EINVAL, "unknown field \"%.64s\"", key);
	}
	return 0;
}

static const char *member(struct json_object *in, const char *key)
{
	return json_object_get_string(json_object_object_get(in, key));
}

/* A name must be one of a namespace or, as the kernel defines it, of a link: both are used in paths. */
static int names_check(struct json_object *in, struct err *e)
{
	const char *name = member(in, "name");
	struct err bad;

	if (name_problem(member(in, "netns"), &bad))
		return err_set(e, EINVAL, "\"netns\" %s", bad.text);
	if (name && (!*name || strlen(name) > 15 || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..")))
		return err_set(e, EINVAL, "\"name\" is not the name of a link");
	return 0;
}

static uint64_t needed_keys(const struct kind *k)
{
	uint64_t mask = kind_mask(k, KEY);

	for (size_t i = 0; i < k->n_fields; i++)
		if (may_be_none(&k->fields[i]))
			mask &= ~bit(i);
	return mask;
}

static int object_restore(struct model *m, struct json_object *in, struct err *e)
{
	const struct kind *k;
	struct object *o;
	int64_t handle;

	if (members_check(in, e) < 0 || names_check(in, e) < 0)
		return e->code;
	k = kinds_find(m->kinds, member(in, "class"), member(in, "kind"));
	if (!k)
		return err_set(e, EINVAL, "no kind %.64s of %.64s", member(in, "kind"), member(in, "class"));
	handle = json_object_get_int64(json_object_object_get(in, "handle"));
	if (handle < 0 || handle > UINT32_MAX)
		return err_set(e, EINVAL, "\"handle\" is %s, not from 0 to %u", member(in, "handle"), UINT32_MAX);
	o = object_new(m, k, member(in, "netns"), member(in, "name"));
	o->managed = json_object_get_boolean(json_object_object_get(in, "any"));
	o->handle = (uint32_t)handle;
	o->owner = json_object_get_boolean(json_object_object_get(in, "ours")) ? OWNER_OURS : OWNER_FOREIGN;
	if (object_is(o, "link") && !o->name)
		return err_set(e, EINVAL, "a link without a name");
	json_object_object_foreach(json_object_object_get(in, "fields"), key, value) {
		int i = kind_field(k, key);

		if (i < 0)
			return err_set(e, EINVAL, "a %s has no \"%.64s\"", k->name, key);
		if (!value && !may_be_none(&k->fields[i]))
			return err_set(e, EINVAL, "\"%s\" is null", key);
		if (field_set(m, o, (size_t)i, value, e) < 0)
			return e->code;
	}
	if (k->identify)
		k->identify(o);
	if (needed_keys(k) & ~o->set)
		return err_set(e, EINVAL, "a %s without its key", k->name);
	if (k->check_key && k->check_key(o, e) < 0)
		return e->code;
	return model_add(m, o, NULL) < 0 ? err_set(e, EEXIST, "duplicate %s", o->id) : 0;
}

int model_restore(struct model *m, struct json_object *in, struct err *e)
{
	if (!json_object_is_type(in, json_type_array))
		return err_set(e, EINVAL, "not a list of objects");
	for (size_t i = 0; i < json_object_array_length(in); i++) {
		int r = object_restore(m, json_object_array_get_idx(in, i), e);

		if (r < 0)
			return err_prefix(e, "object %zu", i);
	}
	return 0;
}
