/* SPDX-License-Identifier: MIT */
/* fail.c - error messages on standard error. */
#include "fail.h"
#include "text.h"
#include <stdarg.h>

int ctl_fail(int code, const char *fmt, ...)
{
	_cleanup_(arena_done) struct arena a = {};
	_cleanup_(freep) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "netnsctl: %s\n", text_escape(&a, text));
	return code;
}
