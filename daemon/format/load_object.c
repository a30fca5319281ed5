/* SPDX-License-Identifier: MIT */
/* load_object.c - reads objects of any kind from the places where their form puts them.
 * The fields come from the table of the kind; no kind is known here. */
#include "base/json.h"
#include "loader.h"

/* Whether rules about other objects look at those of @k: without one of them they would
 * report what is correct. */
static bool is_base(const struct kind *k)
{
	return k->form == FORM_BODY || k->form == FORM_MAP || (k->form == FORM_LIST && k->in_link);
}

static void load_doubt(struct loader *l, const struct kind *k, const char *netns)
{
	if (is_base(k))
		json_object_object_add(l->doubtful, netns, NULL);
}

/* Marks @o as not understood. */
static void load_break(struct loader *l, struct object *o)
{
	o->mark |= MARK_BROKEN;
	load_doubt(l, o->kind, o->netns);
	for (size_t i = 0; i < o->kind->n_fields; i++)
		l->lost |= o->kind->fields[i].gives != NULL;
}

/* The number that the name @n stands for; the caller owns it. */
static int name_read(struct loader *l, const struct node *n, const struct field *f, struct json_object **ret,
		     struct err *e)
{
	const char *name = json_object_get_string(n->in);
	uint32_t number;

	if (strlen(name) != (size_t)json_object_get_string_len(n->in))
		return err_set(e, EINVAL, "must not contain control characters");
	if (json_object_object_get_ex(l->known, name, ret))
		json_object_get(*ret);
	else if (f->type->number(name, &number, e) < 0)
		return e->code;
	else
		*ret = json_object_new_int64(number);
	*l->names = *l->names ?: must(json_object_new_object());
	json_object_object_add(*l->names, name, json_object_get(*ret));
	return 0;
}

static int field_parse(struct loader *l, const struct node *n, struct object *o, size_t i)
{
	const struct field *f = &o->kind->fields[i];
	_cleanup_(json_putp) struct json_object *number = NULL;
	bool named = f->type->number && json_object_is_type(n->in, json_type_string);
	struct err e;

	if (f->type->read)
		return f->type->read(f, o->netns, object_at(o, i), n, &l->notes, &l->model->arena);
	if ((named && name_read(l, n, f, &number, &e) < 0) ||
	    f->type->parse(f, o->netns, object_at(o, i), named ? number : n->in, &l->model->arena, &e) < 0) {
		note_value(&l->notes, n, "%s", e.text);
		return e.code;
	}
	return 0;
}

static void field_read(struct loader *l, const struct node *n, struct object *o, int index)
{
	const struct field *f = &o->kind->fields[index];

	if (field_parse(l, n, o, (size_t)index) >= 0) {
		o->set |= bit((size_t)index);
		return;
	}
	memset(object_at(o, (size_t)index), 0, f->type->size);
	if (f->flags & (NEEDED | KEY) || f->refs || f->gives || o->kind->form == FORM_LIST ||
	    o->kind->form == FORM_OBJECT)
		load_break(l, o);
}

static bool was_mentioned(const struct node *n, const char *word)
{
	return json_object_is_type(n->in, json_type_object) && json_object_object_get_ex(n->in, word, NULL);
}

/* The word that the key of @n means in an object of kind @k: a misspelt one is read as
 * what was meant, so that it is not reported missing as well. */
static const char *word_read(const struct loader *l, const struct node *in, const struct kind *k, const char *word)
{
	const char *meant = word_meant(l, k, word);

	return meant == word || (meant && !was_mentioned(in, meant)) ? meant : NULL;
}

/* The key of @n is no word for @o: rules applied to @o without it may be wrong. */
static void word_doubt(struct loader *l, const struct node *n, struct object *o, const char *meant)
{
	word_refuse(l, n, o->kind, meant);
	if (meant ? !strcmp(meant, "kind") : o->kind->form == FORM_LIST || o->kind->form == FORM_OBJECT)
		load_break(l, o);
	else if (!meant)
		o->mark |= MARK_UNSURE;
}

/* Reads the members that are fields; unless @kind_known nothing can be said about others. */
static void fields_read(struct loader *l, const struct node *n, struct object *o, bool kind_known)
{
	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);
		const char *word = value && kind_known ? word_read(l, n, o->kind, key) : key;
		int i = value && word ? field_find(o->kind, word) : -1;

		if (word != key)
			word_doubt(l, &member, o, word_meant(l, o->kind, key));
		if (i >= 0)
			field_read(l, &member, o, i);
	}
}

/* Applies the rules of the object by itself. */
static void object_check(struct loader *l, const struct node *n, struct object *o)
{
	const struct kind *k = o->kind;
	struct err e;

	for (size_t i = 0; i < k->n_fields; i++) {
		const struct field *f = &k->fields[i];

		if (!(f->flags & NEEDED) || f->flags & HIDDEN || object_has(o, i))
			continue;
		if (!(o->mark & MARK_BROKEN) && !was_mentioned(n, f->name))
			note_value(&l->notes, n, "\"%s\" is missing", f->name);
		load_break(l, o);
	}
	if (o->mark & MARK_BROKEN || !k->check)
		return;
	if (k->check(o, &e) < 0) {
		note_value(&l->notes, n, "%s", e.text);
		load_break(l, o);
	}
}

static struct object *object_begin(struct loader *l, const struct node *n, const struct kind *k, const char *netns,
				   const char *name)
{
	struct object *o = object_new(l->model, k, netns, name);

	o->where = node_where(l, n, &l->model->arena);
	o->in = n->in;
	return o;
}

static void object_add(struct loader *l, const struct node *n, struct object *o)
{
	struct object *other;

	if (model_add(l->model, o, &other) >= 0)
		return;
	if (other->where.line)
		note_value(&l->notes, n, "the same %s is already at line %u, column %u", o->kind->label,
			   other->where.line, other->where.column);
	else
		note_value(&l->notes, n, "the same %s is already at %s", o->kind->label, other->where.pointer);
}

static void section_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns,
			 const char *name);

/* Reads what is inside @o. */
static void sections_read(struct loader *l, const struct node *n, struct object *o)
{
	const char *name = o->kind->form == FORM_MAP ? o->name : NULL;

	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);
		const char *word = value && !(o->mark & MARK_BROKEN) ? word_read(l, n, o->kind, key) : key;
		const struct kind *k = value && word ? section_find(l->kinds, o->kind, word) : NULL;

		if (k)
			section_read(l, &member, k, o->netns, name);
		o->listed |= k && k->in_link && k->form == FORM_LIST;
	}
}

static void link_read(struct loader *l, const struct node *n, const struct kind *of, const char *netns)
{
	const struct kind *k;
	bool known = kind_choose(l, n, of, &k);
	struct object *o = object_begin(l, n, k, netns, n->path.key);

	fields_read(l, n, o, known);
	if (!known) {
		load_break(l, o);
		l->lost = true;
	}
	object_check(l, n, o);
	object_add(l, n, o);
	sections_read(l, n, o);
}

static void map_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns)
{
	struct err e;

	json_object_object_foreach(n->in, name, value) {
		struct node member = node_member(n, name, value);

		if (!value)
			continue;
		if (ifname_problem(name, &e))
			note_key(&l->notes, &member, "\"%s\" %s", name, e.text);
		else if (node_is_object(&l->notes, &member)) {
			link_read(l, &member, k, netns);
			continue;
		}
		load_doubt(l, k, netns);
	}
}

/* Objects of lists and values are named by their fields: a broken one has no name. */
static void object_end(struct loader *l, const struct node *n, struct object *o)
{
	object_check(l, n, o);
	if (!(o->mark & MARK_BROKEN))
		object_add(l, n, o);
}

static void element_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns,
			 const char *name)
{
	struct object *o = object_begin(l, n, k, netns, name);

	if (k->shorthand && (k->form == FORM_ONE || !json_object_is_type(n->in, json_type_object)))
		field_read(l, n, o, kind_field(k, k->shorthand));
	else if (node_is_object(&l->notes, n))
		fields_read(l, n, o, true);
	else
		load_break(l, o);
	object_end(l, n, o);
}

static void list_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns, const char *name)
{
	for (size_t i = 0; i < json_object_array_length(n->in); i++) {
		struct node element = node_element(n, i, json_object_array_get_idx(n->in, i));

		if (element.in)
			element_read(l, &element, k, netns, name);
	}
}

/* One field of a pair is the key. */
static int pair_field(const struct kind *k, bool key)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (!(k->fields[i].flags & HIDDEN) && !(k->fields[i].flags & KEY) == !key)
			return (int)i;
	abort();
}

static void pair_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns, const char *name)
{
	struct object *o = object_begin(l, n, k, netns, name);
	struct json_object *key = must(json_object_new_string(n->path.key));
	size_t i = (size_t)pair_field(k, true);
	struct err e;

	o->set |= bit(i);
	if (k->fields[i].type->parse(&k->fields[i], netns, object_at(o, i), key, &l->model->arena, &e) < 0) {
		note_key(&l->notes, n, "%s", e.text);
		load_break(l, o);
	}
	json_object_put(key);
	field_read(l, n, o, pair_field(k, false));
	object_end(l, n, o);
}

static void values_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns,
			const char *name)
{
	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);

		if (value)
			pair_read(l, &member, k, netns, name);
	}
}

static void section_read(struct loader *l, const struct node *n, const struct kind *k, const char *netns,
			 const char *name)
{
	if (k->form == FORM_ONE) {
		element_read(l, n, k, netns, name);
		return;
	}
	if (!(k->form == FORM_LIST ? node_is_list : node_is_object)(&l->notes, n)) {
		load_doubt(l, k, netns);
		return;
	}
	switch (k->form) {
	case FORM_BODY:
	case FORM_KEYS:
	case FORM_ONE:
		break;
	case FORM_MAP:
		map_read(l, n, k, netns);
		break;
	case FORM_LIST:
		list_read(l, n, k, netns, name);
		break;
	case FORM_OBJECT:
		element_read(l, n, k, netns, name);
		break;
	case FORM_VALUES:
		values_read(l, n, k, netns, name);
		break;
	}
}

/* Reads the object of kind @k whose fields are keys of the namespace @n, if it has one of them. */
static void keys_read(struct loader *l, const struct node *n, const struct object *netns, const struct kind *k)
{
	struct object *o = NULL;

	json_object_object_foreach(n->in, key, value) {
		struct node member = node_member(n, key, value);
		const char *word = value ? word_read(l, n, netns->kind, key) : NULL;
		int i = word ? field_find(k, word) : -1;

		if (i < 0)
			continue;
		if (!o)
			o = object_begin(l, n, k, netns->netns, NULL);
		field_read(l, &member, o, i);
	}
	if (!o)
		return;
	object_check(l, n, o);
	object_add(l, n, o);
}

struct object *load_element(struct loader *l, const struct node *n, const struct kind *k)
{
	struct object *o = object_begin(l, n, k, "host", NULL);

	if (!node_is_object(&l->notes, n))
		return NULL;
	fields_read(l, n, o, true);
	object_check(l, n, o);
	return o->mark & MARK_BROKEN ? NULL : o;
}

void load_netns(struct loader *l, const struct node *n, const char *netns)
{
	struct object *o = object_begin(l, n, kinds_find(l->kinds, "netns", NULL), netns, NULL);
	bool readable = node_is_object(&l->notes, n);

	if (readable) {
		fields_read(l, n, o, true);
		object_check(l, n, o);
	} else {
		load_break(l, o);
	}
	object_add(l, n, o);
	if (!readable)
		return;
	sections_read(l, n, o);
	for (size_t i = 0; i < l->kinds->n; i++)
		if (l->kinds->v[i]->form == FORM_KEYS)
			keys_read(l, n, o, l->kinds->v[i]);
}
