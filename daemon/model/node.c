/* SPDX-License-Identifier: MIT */
/* node.c - a value in a JSON text with the path to it, and problems at its position. */
#include "node.h"
#include "base/json.h"
#include "base/utf8.h"
#include <stdarg.h>

struct node node_member(const struct node *up, const char *key, struct json_object *in)
{
	return (struct node){ .path = { .up = &up->path, .key = key }, .in = in };
}

struct node node_element(const struct node *up, size_t index, struct json_object *in)
{
	return (struct node){ .path = { .up = &up->path, .index = index }, .in = in };
}

_printf_(4, 0) static void note(struct notes *notes, struct where where, const struct path *path, const char *fmt,
				va_list ap)
{
	char text[512];

	if (!notes->lines)
		where = (struct where){ 0 };
	else if (!where.line)
		where = (struct where){ .line = 1, .column = 1 }; /* the text itself is null */
	if (notes->problems->n < PROBLEMS_MAX)
		where.pointer = path_text(path, &notes->problems->arena);
	vsnprintf(text, sizeof(text), fmt, ap);
	utf8_repair(text);
	problem_add(notes->problems, -EINVAL, &where, "%s", text);
}

void note_value(struct notes *notes, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(notes, json_where_value(n->in), &n->path, fmt, ap);
	va_end(ap);
}

void note_key(struct notes *notes, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(notes, json_where_key(n->in), &n->path, fmt, ap);
	va_end(ap);
}

_printf_(4, 5) static void note_at(struct notes *notes, struct where where, const struct path *path, const char *fmt,
				   ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(notes, where, path, fmt, ap);
	va_end(ap);
}

void note_null(struct notes *notes, const struct node *in, size_t nth, const struct node *n)
{
	note_at(notes, json_where_null(in->in, nth), &n->path, "null has no meaning; leave the field out");
}

bool node_is_object(struct notes *notes, const struct node *n)
{
	if (json_object_is_type(n->in, json_type_object))
		return true;
	note_value(notes, n, "must be an object: { ... }");
	return false;
}

bool node_is_list(struct notes *notes, const struct node *n)
{
	if (json_object_is_type(n->in, json_type_array))
		return true;
	note_value(notes, n, "must be a list: [ ... ]");
	return false;
}
