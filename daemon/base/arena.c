/* SPDX-License-Identifier: MIT */
/* arena.c - hands out memory from blocks that are freed together. */
#include "arena.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdarg.h>

/* The first block is small, as many arenas hold a few texts only; each next one is twice as large. */
enum { FIRST_BLOCK = 512, LARGEST_BLOCK = 16 << 10, ALIGN = _Alignof(max_align_t) };

struct arena_block {
	struct arena_block *next;
	size_t size;
	size_t used, end; /* the room between the two is free */
	max_align_t body[];
};

/* A block with @need bytes of free room. */
static struct arena_block *block_with(struct arena *a, size_t need)
{
	struct arena_block *b = a->head;
	size_t size = b ? 2 * b->size : FIRST_BLOCK;

	if (b && b->end - b->used >= need)
		return b;
	if (size > LARGEST_BLOCK)
		size = LARGEST_BLOCK;
	if (size < need)
		size = need;
	b = must(calloc(1, sizeof(*b) + size));
	*b = (struct arena_block){ .next = a->head, .size = size, .end = size };
	a->head = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	size_t need = (size + ALIGN - 1) / ALIGN * ALIGN;
	struct arena_block *b = block_with(a, need);
	void *p = (char *)b->body + b->used;

	b->used += need;
	return p;
}

/* Texts need no alignment: they fill their block from its end. */
static char *text_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = block_with(a, size);

	b->end -= size;
	return (char *)b->body + b->end;
}

char *arena_strdup(struct arena *a, const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(text_alloc(a, size), s, size);
}

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	char small[256];
	va_list ap, again;
	char *s;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	s = text_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof(small))
		memcpy(s, small, (size_t)n + 1);
	else
		vsnprintf(s, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return s;
}

void arena_join(struct arena *a, struct arena *from)
{
	struct arena_block **end = &from->head;

	/* Appends to the blocks of @a, whose first has room left. */
	while (*end)
		end = &(*end)->next;
	if (a->head) {
		*end = a->head->next;
		a->head->next = from->head;
	} else {
		a->head = from->head;
	}
	from->head = NULL;
}

void arena_done(struct arena *a)
{
	for (struct arena_block *next; a->head; a->head = next) {
		next = a->head->next;
		free(a->head);
	}
}

void memory_give_back(void)
{
#ifdef __GLIBC__
	malloc_trim(0);
#endif
}
