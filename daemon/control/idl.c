/* SPDX-License-Identifier: MIT */
/* idl.c - a parser of varlink's interface language by recursive descent, and
 * the check of a value against a type. */
#include "idl.h"
#include <ctype.h>

enum { DEPTH_MAX = 16, TOKEN_MAX = 128 };

struct parser {
	const char *s;         /* the rest of the text */
	char token[TOKEN_MAX]; /* a word, one of "?:,()", "->", "[]", "["; "" at the end */
	unsigned line, depth;
	struct arena *arena;
	struct idl_type *named; /* to be resolved at the end */
	struct err *e;
};

static int parser_fail(struct parser *p, const char *wanted)
{
	return err_set(p->e, EINVAL, "line %u: expected %s, not \"%s\"", p->line, wanted, p->token);
}

static void parser_skip(struct parser *p)
{
	for (; isspace((unsigned char)*p->s) || *p->s == '#'; p->s++) {
		if (*p->s == '#')
			p->s += strcspn(p->s, "\n");
		if (!*p->s)
			return;
		p->line += *p->s == '\n';
	}
}

static void parser_next(struct parser *p)
{
	static const char *const pairs[] = { "->", "[]" };
	size_t n;

	parser_skip(p);
	n = strspn(p->s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (!strncmp(p->s, pairs[i], 2))
			n = 2;
	if (!n && *p->s)
		n = 1;
	if (n >= TOKEN_MAX)
		n = TOKEN_MAX - 1;
	memcpy(p->token, p->s, n);
	p->token[n] = '\0';
	p->s += n;
}

static bool parser_take(struct parser *p, const char *token)
{
	if (strcmp(p->token, token) != 0)
		return false;
	parser_next(p);
	return true;
}

static int parser_expect(struct parser *p, const char *token)
{
	return parser_take(p, token) ? 0 : parser_fail(p, token);
}

static int parser_word(struct parser *p, const char **ret)
{
	if (!isalpha((unsigned char)*p->token))
		return parser_fail(p, "a name");
	*ret = arena_strdup(p->arena, p->token);
	parser_next(p);
	return 0;
}

static int parse_type(struct parser *p, const struct idl_type **ret);

/* Parses one "name: type" of a struct or "name" of an enum; the first tells which it is. */
static int parse_field(struct parser *p, struct idl_type *t, struct idl_field **ret)
{
	struct idl_field *f = arena_alloc(p->arena, sizeof(*f));
	bool first = !t->fields;
	int r;

	r = parser_word(p, &f->name);
	if (r < 0)
		return r;
	for (const struct idl_field *o = t->fields; o; o = o->next)
		if (!strcmp(o->name, f->name))
			return err_set(p->e, EINVAL, "line %u: duplicate %s", p->line, f->name);
	if (first)
		t->kind = strcmp(p->token, ":") ? IDL_ENUM : IDL_STRUCT;
	if (t->kind == IDL_STRUCT) {
		r = parser_expect(p, ":");
		if (r >= 0)
			r = parse_type(p, &f->type);
		if (r < 0)
			return r;
	}
	*ret = f;
	return 0;
}

/* Parses "(…)" after its "(". */
static int parse_fields(struct parser *p, struct idl_type *t)
{
	struct idl_field **end = &t->fields;
	int r;

	t->kind = IDL_STRUCT;
	if (parser_take(p, ")"))
		return 0;
	do {
		r = parse_field(p, t, end);
		if (r < 0)
			return r;
		end = &(*end)->next;
	} while (parser_take(p, ","));
	return parser_expect(p, ")");
}

static int parse_named(struct parser *p, struct idl_type *t)
{
	static const char *const basic[] = {
		[IDL_BOOL] = "bool",     [IDL_INT] = "int",       [IDL_FLOAT] = "float",
		[IDL_STRING] = "string", [IDL_OBJECT] = "object",
	};

	for (size_t i = 0; i < ARRAY_SIZE(basic); i++)
		if (parser_take(p, basic[i])) {
			t->kind = (enum idl_kind)i;
			return 0;
		}
	t->kind = IDL_NAMED;
	t->next_named = p->named;
	p->named = t;
	return parser_word(p, &t->name);
}

static int parse_type_body(struct parser *p, struct idl_type *t)
{
	t->maybe = parser_take(p, "?");
	if (parser_take(p, "[]")) {
		t->kind = IDL_ARRAY;
		return parse_type(p, &t->of);
	}
	if (parser_take(p, "[")) {
		t->kind = IDL_MAP;
		if (!parser_take(p, "string") || !parser_take(p, "]"))
			return parser_fail(p, "[string]");
		return parse_type(p, &t->of);
	}
	if (parser_take(p, "("))
		return parse_fields(p, t);
	return parse_named(p, t);
}

static int parse_type(struct parser *p, const struct idl_type **ret)
{
	struct idl_type *t = arena_alloc(p->arena, sizeof(*t));
	int r;

	if (p->depth == DEPTH_MAX)
		return parser_fail(p, "less nesting");
	p->depth++;
	r = parse_type_body(p, t);
	p->depth--;
	*ret = t;
	return r;
}

static int parse_member(struct parser *p, struct idl *idl, struct idl_member *m)
{
	static const char *const words[] = { [IDL_TYPE] = "type", [IDL_METHOD] = "method", [IDL_ERROR] = "error" };
	size_t what = 0;
	int r;

	while (what < ARRAY_SIZE(words) && !parser_take(p, words[what]))
		what++;
	if (what == ARRAY_SIZE(words))
		return parser_fail(p, "type, method or error");
	m->what = (enum idl_what)what;
	r = parser_word(p, &m->name);
	if (r < 0)
		return r;
	if (idl_find(idl, m->what, m->name))
		return err_set(p->e, EINVAL, "line %u: duplicate %s", p->line, m->name);
	if (strcmp(p->token, "(") != 0)
		return parser_fail(p, "(");
	r = parse_type(p, &m->type);
	if (r < 0 || m->what != IDL_METHOD)
		return r;
	r = parser_expect(p, "->");
	return r < 0 ? r : parse_type(p, &m->gives);
}

static int parse_interface(struct parser *p, struct idl *idl)
{
	struct idl_member **end = &idl->members;
	int r;

	parser_next(p);
	r = parser_expect(p, "interface");
	if (r >= 0)
		r = parser_word(p, &idl->interface);
	while (r >= 0 && *p->token) {
		struct idl_member *m = arena_alloc(p->arena, sizeof(*m));

		r = parse_member(p, idl, m);
		*end = m;
		end = &m->next;
	}
	return r;
}

int idl_parse(const char *text, struct idl *ret, struct err *e)
{
	_cleanup_(idl_done) struct idl idl = {};
	struct parser p = { .s = text, .line = 1, .arena = &idl.arena, .e = e };
	int r;

	r = parse_interface(&p, &idl);
	if (r < 0)
		return r;
	for (struct idl_type *t = p.named; t; t = t->next_named) {
		const struct idl_member *m = idl_find(&idl, IDL_TYPE, t->name);

		if (!m)
			return err_set(e, EINVAL, "there is no type %s", t->name);
		t->of = m->type;
	}
	*ret = idl;
	idl = (struct idl){};
	return 0;
}

void idl_done(struct idl *idl)
{
	arena_done(&idl->arena);
	*idl = (struct idl){};
}

const struct idl_member *idl_find(const struct idl *idl, enum idl_what what, const char *name)
{
	for (const struct idl_member *m = idl->members; m; m = m->next)
		if (m->what == what && !strcmp(m->name, name))
			return m;
	return NULL;
}

/* Prepends @name, or [@i] without one, to @path; returns false. */
static bool path_prefix(char path[IDL_PATH], const char *name, size_t i)
{
	char old[IDL_PATH], index[32];
	int n;

	memcpy(old, path, IDL_PATH);
	snprintf(index, sizeof(index), "[%zu]", i);
	n = snprintf(path, IDL_PATH, "%s%s", name ? name : index, *old && *old != '[' ? "." : "");
	if (n < IDL_PATH)
		strncat(path, old, (size_t)(IDL_PATH - 1 - n));
	return false;
}

static const struct idl_field *field_find(const struct idl_type *t, const char *name)
{
	const struct idl_field *f = t->fields;

	while (f && strcmp(f->name, name) != 0)
		f = f->next;
	return f;
}

static bool match_struct(const struct idl_type *t, struct json_object *in, char path[IDL_PATH])
{
	json_object_object_foreach(in, key, unused) {
		(void)unused;
		if (!field_find(t, key))
			return path_prefix(path, key, 0);
	}
	for (const struct idl_field *f = t->fields; f; f = f->next)
		if (!idl_match(f->type, json_object_object_get(in, f->name), path))
			return path_prefix(path, f->name, 0);
	return true;
}

static bool match_array(const struct idl_type *t, struct json_object *in, char path[IDL_PATH])
{
	for (size_t i = 0; i < json_object_array_length(in); i++)
		if (!idl_match(t->of, json_object_array_get_idx(in, i), path))
			return path_prefix(path, NULL, i);
	return true;
}

static bool match_map(const struct idl_type *t, struct json_object *in, char path[IDL_PATH])
{
	json_object_object_foreach(in, key, value)
		if (!idl_match(t->of, value, path))
			return path_prefix(path, key, 0);
	return true;
}

bool idl_match(const struct idl_type *t, struct json_object *in, char ret_path[IDL_PATH])
{
	enum json_type is = json_object_get_type(in);

	ret_path[0] = '\0';
	if (is == json_type_null && t->maybe)
		return true;
	switch (t->kind) {
	case IDL_BOOL:
		return is == json_type_boolean;
	case IDL_INT:
		return is == json_type_int;
	case IDL_FLOAT:
		return is == json_type_int || is == json_type_double;
	case IDL_STRING:
		return is == json_type_string;
	case IDL_OBJECT:
		return is == json_type_object;
	case IDL_ENUM:
		return is == json_type_string && field_find(t, json_object_get_string(in));
	case IDL_STRUCT:
		return is == json_type_object && match_struct(t, in, ret_path);
	case IDL_ARRAY:
		return is == json_type_array && match_array(t, in, ret_path);
	case IDL_MAP:
		return is == json_type_object && match_map(t, in, ret_path);
	case IDL_NAMED:
		return idl_match(t->of, in, ret_path);
	}
	return false;
}
