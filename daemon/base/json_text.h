/* SPDX-License-Identifier: MIT */
/* json_text.h - JSON that is kept for long and read rarely, as compact text: json-c's values take ten times as much
 * memory. */
#pragma once
#include "err.h"
#include <json-c/json.h>

struct json_text;

/* The text of @value; NULL for NULL.  The caller owns a reference. */
struct json_text *json_text_new(struct json_object *value);
struct json_text *json_text_get(struct json_text *t);
void json_text_put(struct json_text *t);
/* Its characters, without white space or escaped slashes. */
const char *json_text_chars(const struct json_text *t);
/* The value; NULL for NULL.  The caller owns it. */
struct json_object *json_text_parse(const struct json_text *t);
/* Whether json_object_equal says so of the two values: the order of members does not matter.  Nothing is parsed
 * unless they have the same words in another order. */
bool json_text_equal(const struct json_text *a, const struct json_text *b);
/* Whether the members are in the same order, too. */
bool json_text_identical(const struct json_text *a, const struct json_text *b);
/* An object to be part of another one that is only written: it becomes @t, but has no members.  The caller owns it. */
struct json_object *json_text_embed(struct json_text *t);

/* Parses what netnsd itself has written, @size bytes and a NUL; NULL: it has not.  The caller owns the value. */
struct json_object *json_own_parse(const char *text, size_t size);

static inline void json_text_putp(struct json_text **t)
{
	json_text_put(*t);
}
