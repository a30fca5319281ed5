/* SPDX-License-Identifier: MIT */
/* loading.c - topology files as texts: the model of a good one, and all the messages about a bad one. */
#include "loading.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

char *loading_problems(const struct problems *p)
{
	char *text;
	size_t size;
	FILE *f = must(open_memstream(&text, &size));

	for (size_t i = 0; i < p->n; i++)
		fprintf(f, "%u:%u %s %s\n", p->v[i].where.line, p->v[i].where.column, p->v[i].where.pointer,
			p->v[i].message);
	if (p->more)
		fprintf(f, "and %zu more\n", p->more);
	fclose(f);
	return text;
}

void loading_refused(const struct kinds *kinds, const char *text, const char *says)
{
	_cleanup_(freep) char *got = NULL;
	struct problems p = { 0 };
	struct declaration t;

	assert_int_equal(load_text(text, strlen(text), kinds, &t, &p), -EINVAL);
	got = loading_problems(&p);
	assert_string_equal(got, says);
	problems_done(&p);
}

struct declaration loading_accepted(const struct kinds *kinds, const char *text)
{
	struct problems p = { 0 };
	struct declaration t;

	if (load_text(text, strlen(text), kinds, &t, &p) < 0)
		fail_msg("%s", loading_problems(&p));
	return t;
}
