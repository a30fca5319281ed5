/* SPDX-License-Identifier: MIT */
/* json_struct.h - JSON objects and C structs by a table of their members: what is read, written and checked is one
 * row each. */
#pragma once
#include "json_text.h"

enum json_member_type {
	JSON_TEXT,   /* const char *, which belongs to the JSON value; NULL: missing */
	JSON_CHARS,  /* char[] */
	JSON_FLAG,   /* bool */
	JSON_U32,    /* uint32_t */
	JSON_U64,    /* uint64_t */
	JSON_ERRNO,  /* int, of either sign; positive in JSON */
	JSON_WORD,   /* an enum, one of words */
	JSON_OBJECT, /* struct json_object *, which belongs to the JSON value; NULL: missing */
	JSON_LIST,   /* the same of a list */
	JSON_STORED, /* struct json_text * of an object, of which the struct has a reference; NULL: missing */
	JSON_OWN,    /* by save and restore */
};

struct json_member {
	const char *name;
	enum json_member_type type;
	size_t offset, size;
	bool optional;    /* may be missing: zero, or absent; zero is left out when it is written */
	bool always;      /* written even if it is zero, though optional */
	int64_t min, max; /* of a number; max also bytes of a text and elements of a list, 0: any */
			  /* min is also the first number that has a word; those below it count as missing */
	int64_t absent;   /* of a number: its value if it is missing */
	/* What is wrong with a text, or with an element of a list, which are all texts then; NULL: nothing. */
	const char *(*problem)(const char *s, struct err *e);
	/* The word of a number from min on; NULL if it has none, and then none above it has one. */
	const char *(*word)(unsigned i);
	struct json_object *(*save)(const void *at);
	int (*restore)(void *at, struct json_object *in, struct err *e);
};

/* A row for member @m of struct @s, which has the same name in JSON; a C type other than that of JSON_@t does not
 * compile. */
#define JSON_MEMBER(s, m, t, ...) { .name = #m, JSON_PLACE(s, m, t), __VA_ARGS__ }
/* The same if its name in JSON is @n. */
#define JSON_MEMBER_NAMED(s, m, n, t, ...) { .name = n, JSON_PLACE(s, m, t), __VA_ARGS__ }
#define JSON_PLACE(s, m, t) \
	.type = JSON_##t, .offset = offsetof(struct s, m) + JSON_TYPE_CHECK(s, m, t), .size = sizeof(((struct s *)0)->m)
#define JSON_TYPE_CHECK(s, m, t) \
	(0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((struct s *)0)->m), JSON_C_##t(s, m)) ? 1 : -1]))
#define JSON_C_TEXT(s, m) const char *
#define JSON_C_CHARS(s, m) char[]
#define JSON_C_FLAG(s, m) bool
#define JSON_C_U32(s, m) uint32_t
#define JSON_C_U64(s, m) uint64_t
#define JSON_C_ERRNO(s, m) int
#define JSON_C_OBJECT(s, m) struct json_object *
#define JSON_C_LIST(s, m) struct json_object *
#define JSON_C_STORED(s, m) struct json_text *
#define JSON_C_WORD(s, m) __typeof__(((struct s *)0)->m)
#define JSON_C_OWN(s, m) __typeof__(((struct s *)0)->m)

/* A struct as JSON. */
struct json_struct {
	const struct json_member *members;
	size_t n, size;
	bool nulls; /* null counts as missing */
};
#define JSON_STRUCT(s, rows, ...) { .members = rows, .n = ARRAY_SIZE(rows), .size = sizeof(struct s), __VA_ARGS__ }

enum { JSON_PATH = 256 };
/* Reads all of @in into @ret, whose JSON_OWN members have been made already; -EINVAL if a member is missing,
 * unknown or wrong: @path says which ("names[2]"; may be NULL), @e how.  @ret is untouched then, except for
 * JSON_OWN members. */
int json_decode(const struct json_struct *s, struct json_object *in, void *ret, char path[JSON_PATH], struct err *e);
/* The JSON object for @from.  Texts longer than their max are cut off, and made valid UTF-8; JSON_STORED members are
 * embedded (json_text.h). */
struct json_object *json_encode(const struct json_struct *s, const void *from);
