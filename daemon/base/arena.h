/* SPDX-License-Identifier: MIT */
/* arena.h - memory that is allocated one piece at a time and freed all at once. */
#pragma once
#include "base.h"

struct arena_block;
struct arena {
	struct arena_block *head;
};

/* Zeroed, aligned for anything, valid until arena_done; aborts when memory runs out. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_fmt(struct arena *a, const char *fmt, ...) _printf_(2, 3);
char *arena_strdup(struct arena *a, const char *s);
/* The memory of @from lives as long as @a from now on. */
void arena_join(struct arena *a, struct arena *from);
void arena_done(struct arena *a);
/* Gives free memory back to the system: a large change leaves as much as it took, scattered among what stays. */
void memory_give_back(void);
