/* SPDX-License-Identifier: MIT */
/* model_problem.c - a problem of an object, at the place in the file that it came from. */
#include "base/json.h"
#include "base/utf8.h"
#include "model.h"
#include <stdarg.h>

/* What is wrong already is not reported again for another reason. */
static bool is_known(const struct problems *p, const char *pointer)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].where.pointer && !strcmp(p->v[i].where.pointer, pointer))
			return true;
	return false;
}

void object_problem(struct problems *p, int code, const struct object *o, const char *field, const char *fmt, ...)
{
	struct json_object *value = NULL;
	struct where where = o->where;
	char text[512];
	va_list ap;

	/* A problem that will not be printed needs neither a text nor a position. */
	if (p->n == PROBLEMS_MAX) {
		p->more++;
		return;
	}
	if (field && json_object_is_type(o->in, json_type_object))
		value = json_object_object_get(o->in, field);
	if (value) {
		where = o->where.line ? json_where_value(value) : where;
		where.pointer = arena_fmt(&p->arena, "%s/%s", o->where.pointer, field);
		if (is_known(p, where.pointer))
			return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_repair(text);
	problem_add(p, code, &where, "%s", text);
}
