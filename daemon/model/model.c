/* SPDX-License-Identifier: MIT */
/* model.c - stores a set of objects, finds them by id, and compares them field by field
 * as the rows of their kind say. */
#include "model.h"
#include "kind.h"
#include <assert.h>

/* Names of namespaces and interfaces are bounded, and so is an id: class, place, keys. */
enum { ID_MAX = 512 };

void model_init(struct model *m, const struct kinds *kinds)
{
	*m = (struct model){ .kinds = kinds };
}

void model_done(struct model *m)
{
	arena_done(&m->arena);
	free(m->objects);
	free(m->index);
	*m = (struct model){ 0 };
}

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	return (uint32_t)(h ^ (h >> 32));
}

static struct object **index_slot(const struct model *m, const char *id, uint32_t h)
{
	size_t i = h & (m->index_size - 1);

	while (m->index[i] && (m->index[i]->hash != h || strcmp(m->index[i]->id, id)))
		i = (i + 1) & (m->index_size - 1);
	return &m->index[i];
}

static void index_make(struct model *m, size_t size)
{
	free(m->index);
	m->index_size = size;
	m->index = must(calloc(m->index_size, sizeof(*m->index)));
	for (size_t i = 0; i < m->n; i++)
		*index_slot(m, m->objects[i]->id, m->objects[i]->hash) = m->objects[i];
}

struct object *model_find(const struct model *m, const char *id)
{
	return m->index_size ? *index_slot(m, id, hash(id)) : NULL;
}

struct object *model_same(const struct model *m, const struct object *o)
{
	return m->index_size ? *index_slot(m, o->id, o->hash) : NULL;
}

const char *ref_id(const char *class, const char *to, char buf[512])
{
	size_t c = strlen(class), t = strnlen(to, ID_MAX - c - 2);

	memcpy(buf, class, c);
	buf[c] = ' ';
	memcpy(buf + c + 1, to, t);
	buf[c + 1 + t] = '\0';
	return buf;
}

struct object *model_find_ref(const struct model *m, const char *class, const char *ref)
{
	char id[ID_MAX];

	return model_find(m, ref_id(class, ref, id));
}

struct object *model_netns(const struct model *m, const char *netns)
{
	return model_find_ref(m, "netns", netns);
}

static const char *json_text(struct json_object *v)
{
	return json_object_is_type(v, json_type_string)
		       ? json_object_get_string(v)
		       : json_object_to_json_string_ext(v, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

void model_name(struct model *m, struct object *o)
{
	char id[ID_MAX];
	size_t n = (size_t)snprintf(id, sizeof(id), "%s %s", o->kind->class, o->place);

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		struct json_object *v;

		if (!(f->flags & KEY) || !object_has(o, i) || n >= sizeof(id))
			continue;
		v = f->type->format(f, o->netns, object_at(o, i));
		n += (size_t)snprintf(id + n, sizeof(id) - n, " %s", json_text(v));
		json_object_put(v);
	}
	o->id = arena_strdup(&m->arena, id);
	o->hash = hash(id);
}

/* Objects of one namespace are added one after the other, and share its name. */
static const char *netns_text(struct model *m, const char *netns)
{
	const char *last = m->n ? m->objects[m->n - 1]->netns : "";

	return strcmp(last, netns) ? arena_strdup(&m->arena, netns) : last;
}

struct object *object_new(struct model *m, const struct kind *k, const char *netns, const char *name)
{
	struct object *o = arena_alloc(&m->arena, k->size);

	o->kind = k;
	o->managed = k->managed;
	o->netns = netns_text(m, netns);
	o->place = name ? arena_fmt(&m->arena, "%s/%s", netns, name) : o->netns;
	o->name = name ? o->place + strlen(netns) + 1 : NULL;
	return o;
}

void model_link(struct model *m)
{
	struct object *netns = NULL;

	for (size_t i = 0; i < m->n; i++)
		m->objects[i]->first = m->objects[i]->next = NULL;
	for (size_t i = m->n; i-- > 0;) {
		struct object *o = m->objects[i];

		if (!netns || strcmp(netns->netns, o->netns) != 0)
			netns = model_netns(m, o->netns);
		if (!netns || netns == o)
			continue;
		o->next = netns->first;
		netns->first = o;
	}
}

static int model_insert(struct model *m, struct object *o, struct object **ret_other)
{
	struct object **slot;

	/* Three quarters full at most. */
	if ((m->n + 1) * 4 > m->index_size * 3)
		index_make(m, m->index_size ? m->index_size * 2 : 64);
	slot = index_slot(m, o->id, o->hash);
	if (*slot) {
		if (ret_other)
			*ret_other = *slot;
		return -EEXIST;
	}
	if (m->n == m->room) {
		m->room = m->room ? m->room * 2 : 64;
		m->objects = must(realloc(m->objects, m->room * sizeof(*m->objects)));
	}
	m->objects[m->n++] = *slot = o;
	return 0;
}

int model_add(struct model *m, struct object *o, struct object **ret_other)
{
	int r;

	model_name(m, o);
	r = model_insert(m, o, ret_other);
	if (r == 0)
		o->seq = (uint32_t)m->n - 1;
	return r;
}

void model_truncate(struct model *m, size_t n)
{
	m->n = n;
	index_make(m, m->index_size ? m->index_size : 64);
}

void model_adopt(struct model *m, struct object *o)
{
	if (model_insert(m, o, NULL) == 0)
		o->seq = (uint32_t)m->n - 1;
}

void model_borrow(struct model *m, struct object *o)
{
	model_insert(m, o, NULL);
}

void model_replace(struct model *m, struct object *old, struct object *o)
{
	model_name(m, o);
	assert(!strcmp(o->id, old->id));
	o->seq = old->seq;
	m->objects[o->seq] = *index_slot(m, o->id, o->hash) = o;
}

void *object_at(const struct object *o, size_t i)
{
	return (char *)o + o->kind->fields[i].offset;
}

struct object *object_copy(struct model *m, const struct object *o, uint64_t mask)
{
	struct object *c = object_new(m, o->kind, o->netns, o->name);

	c->set = o->set & mask;
	c->usual = o->usual & mask;
	c->handle = o->handle;
	c->managed = o->managed;
	c->listed = o->listed;
	c->owner = o->owner;
	c->where = o->where;
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (!object_has(c, i))
			continue;
		if (f->type->copy)
			f->type->copy(object_at(c, i), object_at(o, i), &m->arena);
		else
			memcpy(object_at(c, i), object_at(o, i), f->type->size);
	}
	return c;
}

const struct kind *kinds_find(const struct kinds *kinds, const char *class, const char *name)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (!strcmp(kinds->v[i]->class, class) && (!name || !strcmp(kinds->v[i]->name, name)))
			return kinds->v[i];
	return NULL;
}

int kind_field(const struct kind *k, const char *name)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (!strcmp(k->fields[i].name, name))
			return (int)i;
	return -1;
}

uint64_t field_bit(const struct kind *k, const char *name)
{
	int i = kind_field(k, name);

	return i < 0 ? 0 : bit((size_t)i);
}

bool object_says(const struct object *o, const char *name)
{
	return o->set & field_bit(o->kind, name);
}

struct json_object *object_value(const struct object *o, const char *name)
{
	int i = kind_field(o->kind, name);

	if (i < 0 || !object_has(o, (size_t)i))
		return NULL;
	return o->kind->fields[i].type->format(&o->kind->fields[i], o->netns, object_at(o, (size_t)i));
}

void object_mark_set(struct object *o, size_t offset)
{
	for (size_t i = 0; i < o->kind->n_fields; i++)
		if (o->kind->fields[i].offset == offset) {
			o->set |= bit(i);
			return;
		}
}

/* Kinds of one class begin with the same rows. */
static bool same_row(const struct object *want, const struct object *have, size_t i)
{
	return want->kind == have->kind ||
	       (i < have->kind->n_fields && !strcmp(want->kind->fields[i].name, have->kind->fields[i].name));
}

uint64_t object_diff(const struct object *want, const struct object *have)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < want->kind->n_fields; i++) {
		const struct field *f = &want->kind->fields[i];

		if (!object_has(want, i) || f->flags & WRITTEN)
			continue;
		/* What the kernel does not report is zero in memory: none. */
		if (!same_row(want, have, i) || !f->type->equal(object_at(want, i), object_at(have, i)))
			wrong |= bit(i);
	}
	return wrong;
}

uint64_t kind_mask(const struct kind *k, unsigned flags)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < k->n_fields; i++)
		if ((k->fields[i].flags & flags) == flags)
			mask |= bit(i);
	return mask;
}

/* The value of the word @s, which is in quotes. */
static uint32_t word_value(const struct field *f, const char *s)
{
	for (const struct word *w = f->words; w->name; w++)
		if (!strncmp(s + 1, w->name, strlen(w->name)) && s[1 + strlen(w->name)] == '"')
			return w->value;
	return 0;
}

/* A whole number, true or false, or a word; nothing else is USUAL.  Read for every field of every object that is
 * observed. */
static uint32_t usual_value(const struct field *f)
{
	const char *s = f->kernel_default;
	uint32_t v = *s == 't';

	if (*s == '"')
		return word_value(f, s);
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint32_t)(*s - '0');
	return v;
}

void field_store(const struct field *f, void *at, uint32_t v)
{
	assert(f->type->size == sizeof(uint8_t) || f->type->size == sizeof(uint16_t) || f->type->size == sizeof(v));
	if (f->type == &type_bool)
		*(bool *)at = v;
	else if (f->type->size == sizeof(uint8_t))
		*(uint8_t *)at = (uint8_t)v;
	else if (f->type->size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)v;
	else
		*(uint32_t *)at = v;
}

void object_assign(struct model *m, struct object *o, const struct object *from, uint64_t mask)
{
	const struct object *copy = object_copy(m, from, mask);

	for (size_t i = 0; i < o->kind->n_fields && i < from->kind->n_fields; i++) {
		if (!object_has(copy, i) || strcmp(o->kind->fields[i].name, from->kind->fields[i].name))
			continue;
		memcpy(object_at(o, i), object_at(copy, i), o->kind->fields[i].type->size);
		o->set |= bit(i);
	}
}

void object_set_usual(struct object *o)
{
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (!(f->flags & USUAL) || object_has(o, i))
			continue;
		field_store(f, object_at(o, i), usual_value(f));
		o->set |= bit(i);
		o->usual |= bit(i);
	}
}

uint64_t object_unusual(const struct object *o)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];
		uint32_t value = 0;

		if (!(f->flags & USUAL) || !object_has(o, i))
			continue;
		field_store(f, &value, usual_value(f));
		if (!f->type->equal(&value, object_at(o, i)))
			mask |= bit(i);
	}
	return mask;
}

bool ref_is_in(const char *ref, const char *netns)
{
	size_t n = strlen(netns);

	return !strncmp(ref, netns, n) && ref[n] == '/';
}

/* Everything in a namespace belongs to it, and what a file lists in an interface belongs to that. */
bool object_ref(const struct object *o, bool gives, size_t *i, struct ref *ret)
{
	const struct kind *k = o->kind;
	enum { NETNS, LINK, FIELDS };

	for (; *i < FIELDS; (*i)++) {
		bool netns = *i == NETNS;

		if (gives || !(netns ? !object_is(o, "netns") && !k->outside : k->in_link))
			continue;
		*ret = (struct ref){ SIZE_MAX, netns ? "netns" : "link", netns ? o->netns : o->place, false };
		(*i)++;
		return true;
	}
	for (; *i < FIELDS + k->n_fields; (*i)++) {
		size_t n = *i - FIELDS;
		const struct field *f = &k->fields[n];
		const char *class = gives ? f->gives : f->refs;

		if (!class || !object_has(o, n) || !*(const char **)object_at(o, n))
			continue;
		*ret = (struct ref){ n, class, *(const char **)object_at(o, n), f->flags & LOOSE };
		(*i)++;
		return true;
	}
	return false;
}
