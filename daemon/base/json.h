/* SPDX-License-Identifier: MIT */
/* json.h - reads JSON as RFC 8259 has it and not one byte more: no duplicate
 * keys, no NaN, no numbers beyond what they are stored in, bounded nesting; and
 * remembers where each value stood. */
#pragma once
#include "err.h"
#include "netnsd.h"
#include <json-c/json.h>

/* The value that @text of @size bytes holds.  -EINVAL with all that could be
 * found wrong in @p (a syntax error ends the search).  The caller owns @ret; its
 * values have user data, so json_object_deep_copy refuses them. */
int json_read(const char *text, size_t size, struct json_object **ret, struct problems *p);

/* The same without remembering where the values stood, which takes as much memory again. */
int json_read_plain(const char *text, size_t size, struct json_object **ret, struct problems *p);

/* Forgets where all that is in @in stood; it is then as if it came from json_read_plain. */
void json_forget_places(struct json_object *in);

/* Where @value stood, and its key if it is a member of an object; line 0 if
 * it did not come from json_read.  The pointer is left NULL. */
struct where json_where_value(struct json_object *value);
struct where json_where_key(struct json_object *value);
/* The same of the value at @pointer in @in, or of what is left of it above. */
struct where json_where_pointer(struct json_object *in, const char *pointer);
/* json-c has no value for null: where the @nth null (from 0) among the members
 * or elements of @in stood. */
struct where json_where_null(struct json_object *in, size_t nth);

static inline void json_putp(struct json_object **o)
{
	json_object_put(*o);
}
