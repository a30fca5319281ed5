/* SPDX-License-Identifier: MIT */
/* base.h - the few definitions that every other file may use. */
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define _cleanup_(fn) __attribute__((cleanup(fn)))
#define _printf_(f, a) __attribute__((format(printf, f, a)))
#define _unused_ __attribute__((unused))

/* The value of @p, which then belongs to the caller: @p is left NULL. */
#define TAKE(p)                                     \
	({                                          \
		__typeof__(p) *_p = &(p), _v = *_p; \
		*_p = NULL;                         \
		_v;                                 \
	})

/* The descriptor in @fd, which then belongs to the caller: @fd is left -1. */
static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* Memory that is indispensable; without it the process aborts and is started again. */
static inline void *must(void *p)
{
	if (!p)
		abort();
	return p;
}
