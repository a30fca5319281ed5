/* SPDX-License-Identifier: MIT */
/* unsaid.c - collects what a topology cannot say. */
#include "unsaid.h"
#include "base/utf8.h"
#include <stdarg.h>

enum { LINE_SIZE = 1024, LAST_LINES = 16 };

_printf_(2, 0) static void line_make(char line[LINE_SIZE], const char *fmt, va_list ap)
{
	vsnprintf(line, LINE_SIZE, fmt, ap);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	utf8_repair(line);
}

static void line_add(struct unsaid *u, const char *line)
{
	if (u->n_v == UNSAID_MAX)
		u->more++;
	else
		*ARRAY_ADD(u, v) = arena_strdup(&u->arena, line);
}

void unsaid_add(struct unsaid *u, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	line_make(line, fmt, ap);
	va_end(ap);
	line_add(u, line);
}

void unsaid_add_once(struct unsaid *u, const char *fmt, ...)
{
	char line[LINE_SIZE];
	va_list ap;

	va_start(ap, fmt);
	line_make(line, fmt, ap);
	va_end(ap);
	for (size_t i = u->n_v; i-- > 0 && u->n_v - i <= LAST_LINES;)
		if (!strcmp(u->v[i], line))
			return;
	line_add(u, line);
}

void unsaid_done(struct unsaid *u)
{
	free(u->v);
	arena_done(&u->arena);
	*u = (struct unsaid){ 0 };
}
