/* SPDX-License-Identifier: MIT */
/* idl_struct.c - compares the table of a C struct with a type of the interface text. */
#include "idl.h"

static const struct idl_type *named(const struct idl_type *t)
{
	while (t->kind == IDL_NAMED)
		t = t->of;
	return t;
}

static bool is_like(const struct json_member *m, const struct idl_type *t)
{
	const enum idl_kind kind = named(t)->kind;

	switch (m->type) {
	case JSON_TEXT:
	case JSON_CHARS:
		return kind == IDL_STRING || (kind == IDL_ENUM && !m->problem && !m->max);
	case JSON_FLAG:
		return kind == IDL_BOOL;
	case JSON_U32:
	case JSON_U64:
	case JSON_ERRNO:
		return kind == IDL_INT;
	case JSON_WORD:
		return kind == IDL_ENUM;
	case JSON_OBJECT:
	case JSON_STORED:
		return kind == IDL_OBJECT || kind == IDL_STRUCT;
	case JSON_LIST:
		/* A list of more than plain texts has a check for each element. */
		return kind == IDL_ARRAY && (!m->problem || named(named(t)->of)->kind == IDL_STRING);
	case JSON_OWN:
		return true;
	}
	return false;
}

/* Whether both have the same words. */
static bool has_words(const struct json_member *m, const struct idl_type *t)
{
	size_t words = 0, found = 0;

	for (const struct idl_field *f = m->word ? t->fields : NULL; f; f = f->next, words++)
		for (unsigned i = (unsigned)m->min; m->word(i); i++)
			found += !strcmp(m->word(i), f->name);
	return found == words && (!m->word || !m->word((unsigned)m->min + (unsigned)words));
}

static int member_check(const struct json_member *m, const struct idl_type *t, struct err *e)
{
	const struct idl_field *f = t->fields;

	while (f && strcmp(f->name, m->name) != 0)
		f = f->next;
	if (!f)
		return err_set(e, EINVAL, "%s is not in the interface text", m->name);
	if (!is_like(m, f->type) || !has_words(m, named(f->type)))
		return err_set(e, EINVAL, "%s is of another type in the interface text", m->name);
	if (m->optional != f->type->maybe)
		return err_set(e, EINVAL, "%s is %s in the interface text", m->name,
			       m->optional ? "needed" : "optional");
	return 0;
}

static bool has_row(const struct json_struct *s, const char *name)
{
	for (size_t i = 0; s && i < s->n; i++)
		if (!strcmp(s->members[i].name, name))
			return true;
	return false;
}

int idl_check_struct(const struct idl_type *type, const struct json_struct *s, struct err *e)
{
	const struct idl_type *t = named(type);

	for (size_t i = 0; s && i < s->n; i++)
		if (member_check(&s->members[i], t, e) < 0)
			return e->code;
	for (const struct idl_field *f = t->fields; f; f = f->next)
		if (!has_row(s, f->name))
			return err_set(e, EINVAL, "%s has no row", f->name);
	return 0;
}
