/* SPDX-License-Identifier: MIT */
/* idl.h - parses a varlink interface text, and checks values against its types.  The text
 * is the only definition of what a method takes and returns. */
#pragma once
#include "base/json_struct.h"
#include <json-c/json.h>

enum idl_kind {
	IDL_BOOL,
	IDL_INT,
	IDL_FLOAT,
	IDL_STRING,
	IDL_OBJECT,
	IDL_ENUM,   /* one of the names in fields */
	IDL_STRUCT, /* has fields */
	IDL_ARRAY,
	IDL_MAP,   /* of values of type like */
	IDL_NAMED, /* of type like, which the text calls name */
};

struct idl_field {
	const char *name;
	const struct idl_type *type; /* NULL in an enum */
	struct idl_field *next;
};

struct idl_type {
	enum idl_kind kind;
	bool maybe; /* null, or a missing field, is allowed */
	const struct idl_type *of;
	const char *name;
	struct idl_field *fields;
	struct idl_type *next_named; /* of the parser */
};

enum idl_what { IDL_TYPE, IDL_METHOD, IDL_ERROR };

/* What the text defines. */
struct idl_member {
	enum idl_what what;
	const char *name;             /* without the interface */
	const struct idl_type *type;  /* of a method: its parameters */
	const struct idl_type *gives; /* of a method: its reply */
	struct idl_member *next;
};

struct idl {
	struct arena arena;
	const char *interface;
	struct idl_member *members; /* in the order of the text */
};

/* Parses @text.  -EINVAL: the error, with its line. */
int idl_parse(const char *text, struct idl *ret, struct err *e);
void idl_done(struct idl *idl);
/* The member of that kind and name, or NULL. */
const struct idl_member *idl_find(const struct idl *idl, enum idl_what what, const char *name);

/* Whether the rows of @s, NULL: none, are the fields of the struct @type.  -EINVAL: which differs, and how. */
int idl_check_struct(const struct idl_type *type, const struct json_struct *s, struct err *e);

enum { IDL_PATH = JSON_PATH };
/* Whether @in has the type @type; if not, @ret_path names what in it has not
 * ("names[2]"): of another type, unknown, or missing.  The path is cut off where it does
 * not fit, possibly within a character. */
bool idl_match(const struct idl_type *type, struct json_object *in, char ret_path[IDL_PATH]);
