/* SPDX-License-Identifier: MIT */
/* model_problem.c - a problem of an object, at the place in the file that it came from. */
#include "base/json.h"
#include "base/utf8.h"
#include "kind.h"
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

void model_doubts(const struct model *m, struct problems *p)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct object *o = m->objects[i];
		const char *doubt = o->kind->doubt ? o->kind->doubt(&p->arena, o) : NULL;

		if (doubt)
			problem_add(p, 0, &o->where, "%s", doubt);
	}
}

void object_problem(struct problems *p, int code, const struct object *o, const char *field, const char *fmt, ...)
{
	struct where where = o->where;
	const char *pointer;
	char text[512];
	va_list ap;

	/* A problem that will not be printed needs neither a text nor a position. */
	if (p->n == PROBLEMS_MAX) {
		p->more++;
		return;
	}
	pointer = field ? arena_fmt(&p->arena, "/%s", field) : NULL;
	if (pointer && json_pointer_get(o->in, pointer, NULL) == 0) {
		where = o->where.line ? json_where_pointer(o->in, pointer) : where;
		where.pointer = arena_fmt(&p->arena, "%s%s", o->where.pointer, pointer);
		if (is_known(p, where.pointer))
			return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_repair(text);
	problem_add(p, code, &where, "%s", text);
}
