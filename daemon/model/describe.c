/* SPDX-License-Identifier: MIT */
/* describe.c - describes an object, and what changes of it, in the words of ip(8). */
#include "kind.h"
#include "model.h"

static bool is_none(const struct object *o, size_t i)
{
	static const char zero[64];
	size_t size = o->kind->fields[i].type->size;

	return size <= sizeof(zero) && !memcmp(object_at(o, i), zero, size);
}

static char *value_text(struct arena *a, const struct object *o, size_t i)
{
	const struct field *f = &o->kind->fields[i];
	bool none = f->kernel_default && !strcmp(f->kernel_default, "null") && is_none(o, i);
	struct json_object *v = none ? NULL : f->type->format(f, o->netns, object_at(o, i));
	const char *s =
		!v ? "none"
		: json_object_is_type(v, json_type_string)
			? json_object_get_string(v)
			: json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *text = arena_strdup(a, s);

	json_object_put(v);
	return text;
}

/* A default value need not be shown. */
static bool is_usual(const struct field *f, const char *value)
{
	size_t n = f->kernel_default ? strlen(f->kernel_default) : 0;

	if (n >= 2 && f->kernel_default[0] == '"')
		return strlen(value) == n - 2 && !strncmp(value, f->kernel_default + 1, n - 2);
	return n &&
	       (!strcmp(value, f->kernel_default) || (!strcmp(value, "none") && !strcmp(f->kernel_default, "null")));
}

/* "up" or "down", not "up true": it says by itself what it is the value of. */
static const char *state_word(const struct object *o, size_t i)
{
	const struct word *w = o->kind->fields[i].words;

	if (o->kind->fields[i].type != &type_bool || !w)
		return NULL;
	while (w->name && w->value != *(const bool *)object_at(o, i))
		w++;
	return w->name;
}

/* @full: also a value that is the default. */
static char *field_text(struct arena *a, const struct object *o, const struct object *before, size_t i, bool full)
{
	const struct field *f = &o->kind->fields[i];
	const char *state = state_word(o, i), *was = before && state ? state_word(before, i) : NULL;
	char *value = value_text(a, o, i);

	if (f->type->say && !before && (f->flags & NEEDED || !is_none(o, i)))
		return f->type->say(o->netns, object_at(o, i), a);
	if (before && f->type->say_change)
		return f->type->say_change(object_at(before, i), object_at(o, i), a);
	if (before && o->kind->form == FORM_VALUES)
		return f->flags & KEY ? value : arena_fmt(a, "%s → %s", value_text(a, before, i), value);
	if (was && object_has(before, i))
		return arena_fmt(a, "%s → %s", was, state);
	if (before)
		return arena_fmt(a, "%s %s → %s", f->name, object_has(before, i) ? value_text(a, before, i) : "?",
				 value);
	if (!full && is_usual(f, value))
		return NULL;
	if (state)
		return arena_strdup(a, state);
	/* A mode, as ip(8) writes it. */
	if (f->flags & BARE && f->type == &type_bool)
		return arena_strdup(a, f->name);
	return f->flags & BARE ? value : arena_fmt(a, "%s %s", f->name, value);
}

static bool is_hidden(const struct field *f)
{
	return f->flags & HIDDEN && !(f->flags & SHOWN);
}

static char *describe(struct arena *a, const struct object *o, const struct object *before, uint64_t mask,
		      uint64_t full)
{
	bool only = o->kind->form == FORM_OBJECT;
	bool named = only || (o->kind->form == FORM_MAP && !o->kind->managed && !before && !full);
	bool pair = o->kind->form == FORM_VALUES;
	bool listed = o->kind->form == FORM_MAP || o->kind->form == FORM_ONE || before;
	const char *sep = pair ? (before ? " " : " = ") : listed ? ", " : " ";
	char *all = named ? arena_strdup(a, o->kind->name) : arena_strdup(a, "");
	bool which = only || (before && o->kind->form == FORM_LIST);

	if (o->kind->describe)
		return mask ? o->kind->describe(a, o, before) : arena_strdup(a, "");
	if (pair)
		mask |= kind_mask(o->kind, KEY); /* the key shows which object it is */
	else if (which && !only)
		all = object_describe(a, o, NULL, kind_mask(o->kind, BARE) & ~mask);
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		char *one;

		if (!object_has(o, i) || !(mask & bit(i)) || is_hidden(&o->kind->fields[i]))
			continue;
		one = field_text(a, o, before, i, full & bit(i));
		if (one)
			all = arena_fmt(a, "%s%s%s", all, *all ? which ? " " : sep : "", one);
		which = false;
	}
	return all;
}

char *object_describe(struct arena *a, const struct object *o, const struct object *before, uint64_t mask)
{
	return describe(a, o, before, mask, 0);
}

char *object_describe_unlike(struct arena *a, const struct object *o, const struct object *other, uint64_t mask)
{
	return describe(a, o, NULL, mask, object_diff(o, other));
}

const char *netns_ip(struct arena *a, const char *netns)
{
	return strcmp(netns, "host") ? arena_fmt(a, "ip -n %s", netns) : "ip";
}

const char *netns_exec(struct arena *a, const char *netns)
{
	return strcmp(netns, "host") ? arena_fmt(a, "ip netns exec %s ", netns) : "";
}
