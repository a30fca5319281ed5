/* SPDX-License-Identifier: MIT */
/* json.h - reads JSON exactly as RFC 8259 defines it: no duplicate keys, no NaN, no
 * numbers beyond their storage, bounded nesting; and remembers the position of each
 * value. */
#pragma once
#include "err.h"
#include "netnsd.h"
#include <json-c/json.h>

/* Parses @text of @size bytes.  -EINVAL with every error that could be found in @p (a
 * syntax error ends the search).  The caller owns @ret; its values have user data, so
 * json_object_deep_copy refuses them. */
int json_read(const char *text, size_t size, struct json_object **ret, struct problems *p);

/* The same without positions, which take as much memory again. */
int json_read_plain(const char *text, size_t size, struct json_object **ret, struct problems *p);

/* The position of @value, and of its key if it is a member of an object; line 0 if it did
 * not come from json_read.  The pointer is left NULL. */
struct where json_where_value(struct json_object *value);
struct where json_where_key(struct json_object *value);
/* The same of the value at @pointer in @in, or of its nearest existing parent. */
struct where json_where_pointer(struct json_object *in, const char *pointer);
/* json-c has no value for null: the position of the @nth null (from 0) among the members or elements of @in. */
struct where json_where_null(struct json_object *in, size_t nth);

static inline void json_putp(struct json_object **o)
{
	json_object_put(*o);
}
