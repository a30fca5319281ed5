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

/* A new element, zeroed, at the end of the array @m of @s: s->m, of which s->n_m of s->room_m are in use. */
#define ARRAY_ADD(s, m) ((__typeof__((s)->m))array_add((void **)&(s)->m, &(s)->n_##m, &(s)->room_##m, sizeof(*(s)->m)))

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

/* A new element of @size bytes, zeroed, at the end of @v, which grows; other pointers into it are not valid any more. */
/* For qsort and bsearch of texts. */
static inline int texts_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline void *array_add(void **v, size_t *n, size_t *room, size_t size)
{
	if (*n == *room) {
		*room = *room ? *room * 2 : 8;
		*v = must(reallocarray(*v, *room, size));
	}
	return memset((char *)*v + size * (*n)++, 0, size);
}
