/* SPDX-License-Identifier: MIT */
/* err.c - builds errors with a message, and lists of problems. */
#include "err.h"
#include "utf8.h"
#include <stdarg.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	*e = (struct err){ .code = -abs(code) };
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return e->code;
}

int err_kernel(struct err *e, int code, const char *words, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	*e = (struct err){ .code = -abs(code) };
	snprintf(e->kernel, sizeof(e->kernel), "%s", words && *words ? words : strerror(abs(code)));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", e->kernel);
	return e->code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	va_list ap;
	size_t n;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %.*s", (int)(sizeof(e->text) - n), old);
	return e->code;
}

void err_append(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text + n, sizeof(e->text) - n, fmt, ap);
	va_end(ap);
}

bool err_is_shortage(const struct err *e)
{
	static const int codes[] = { EMFILE, ENFILE, ENOMEM, ENOBUFS, EINTR };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (e->code == -codes[i])
			return true;
	return false;
}

static struct problem *problem_next(struct problems *p, int code, const struct where *where)
{
	struct problem *v;

	if (p->n == PROBLEMS_MAX) {
		p->more++;
		return NULL;
	}
	v = &p->v[p->n++];
	*v = (struct problem){ .code = -abs(code) };
	if (where) {
		v->where = *where;
		v->where.pointer = where->pointer ? arena_strdup(&p->arena, where->pointer) : NULL;
	}
	return v;
}

void problem_add(struct problems *p, int code, const struct where *where, const char *fmt, ...)
{
	struct problem *v = problem_next(p, code, where);
	char text[1024];
	va_list ap;

	if (!v)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	utf8_repair(text);
	v->message = arena_strdup(&p->arena, text);
}

void problem_add_err(struct problems *p, const struct err *e, const struct where *where, const char *object)
{
	struct problem *v = problem_next(p, e->code, where);
	char *text;

	if (!v)
		return;
	text = arena_strdup(&p->arena, e->text);
	utf8_repair(text);
	v->message = text;
	if (*e->below && v->where.pointer) {
		/* The position is that of the whole. */
		v->where = (struct where){ .pointer = arena_fmt(&p->arena, "%s/%s", v->where.pointer, e->below) };
	}
	v->object = object ? arena_strdup(&p->arena, object) : NULL;
	v->kernel = *e->kernel ? arena_strdup(&p->arena, e->kernel) : NULL;
}

/* @e: what exists, and belongs to @owner; NULL: to another program. */
static void add_owned(struct problems *p, const struct err *e, const struct where *where, const char *object,
		      const char *owner)
{
	size_t n = p->n;

	problem_add_err(p, e, where, object);
	if (p->n > n)
		p->v[n].owner = arena_strdup(&p->arena, owner ? owner : "another program");
}

/* What can be done about what others have. */
#define TAKE_OVER "; netnsctl adopt takes it over if it is as declared, and netnsctl export shows how it is"

void problem_add_conflict(struct problems *p, const struct where *where, const char *object, const char *owner)
{
	struct err e;

	err_set(&e, EEXIST, "%s already exists and belongs to %s%s; netnsd leaves it alone%s", object,
		owner ? "the topology " : "another program", owner ? owner : "", owner ? "" : TAKE_OVER);
	add_owned(p, &e, where, object, owner);
}

void problem_add_barred(struct problems *p, const struct where *where, const char *object, const char *words,
			const char *remedy)
{
	struct err e;

	err_set(&e, EEXIST, "%s: %s already exists, and netnsd leaves it alone; %s", object, words, remedy);
	add_owned(p, &e, where, object, NULL);
}

void problem_add_in_the_way(struct problems *p, const struct where *where, const char *object, const char *why,
			    const char *owner)
{
	struct err e;

	err_set(&e, EEXIST, "%s", why);
	add_owned(p, &e, where, object, owner);
}

void problem_add_missing(struct problems *p, const struct where *where, const char *object, bool name_blocked,
			 bool awaited)
{
	static const char in_the_way[] =
		": its name refers to something that is not a network namespace, and "
		"symbolic links are not followed; ip netns attach names the namespace of a process";
	struct err e;
	size_t n = p->n;

	err_set(&e, ENODEV, "%s does not exist%s", object,
		name_blocked ? in_the_way : ", and netnsd does not create it");
	problem_add_err(p, &e, where, object);
	if (p->n > n)
		p->v[n].awaited = awaited;
}

bool problems_await(const struct problems *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!p->v[i].awaited)
			return false;
	return p->n && !p->more;
}

static const char *copy_text(struct problems *p, const char *s)
{
	return s ? arena_strdup(&p->arena, s) : NULL;
}

void problem_copy(struct problems *to, const struct problem *from)
{
	struct problem *v = problem_next(to, from->code, &from->where);

	if (!v)
		return;
	v->message = arena_strdup(&to->arena, from->message);
	v->object = copy_text(to, from->object);
	v->owner = copy_text(to, from->owner);
	v->kernel = copy_text(to, from->kernel);
	v->awaited = from->awaited;
	v->file = copy_text(to, from->file);
}

void problems_in_file(struct problems *p, const char *path)
{
	const char *file = p->n ? arena_strdup(&p->arena, path) : NULL;

	for (size_t i = 0; i < p->n; i++)
		p->v[i].file = file;
}

void problem_text(const struct problem *p, char *ret, size_t size)
{
	const char *pointer = p->where.pointer ? p->where.pointer : "";
	char place[32] = "";

	if (p->file && p->where.line)
		snprintf(place, sizeof(place), ":%u:%u", p->where.line, p->where.column);
	snprintf(ret, size, "%s%s%s%s%s%s", p->file ? p->file : "", place, p->file ? ": " : "", pointer,
		 *pointer ? ": " : "", p->message);
}

static int problem_cmp(const void *a, const void *b)
{
	const struct where *x = &((const struct problem *)a)->where, *y = &((const struct problem *)b)->where;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

void problems_sort(struct problems *p)
{
	qsort(p->v, p->n, sizeof(p->v[0]), problem_cmp);
}

void problems_cut(struct problems *p, size_t n)
{
	if (p->n > n) {
		p->n = n;
		p->more = 0;
	}
}

void problems_done(struct problems *p)
{
	arena_done(&p->arena);
	p->n = p->more = 0;
}
