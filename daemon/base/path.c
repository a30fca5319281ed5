/* SPDX-License-Identifier: MIT */
/* path.c - writes a place in a JSON text as a JSON pointer. */
#include "path.h"

/* A longer key is cut off, so that a pointer is bounded by the nesting. */
enum { KEY_MAX = 128 };

/* Writes "/step" so that it ends before @end; without @end only measures.
 * Returns the length. */
static size_t step_write(const struct path *p, char *end)
{
	char number[24];
	const char *s = p->key;
	size_t n = 1, length;

	if (!s) {
		snprintf(number, sizeof(number), "%zu", p->index);
		s = number;
	}
	length = strnlen(s, KEY_MAX);
	while ((s[length] & 0xc0) == 0x80)
		length--;
	for (size_t i = length; i-- > 0;) {
		bool escaped = s[i] == '~' || s[i] == '/';

		if (end)
			*--end = s[i] == '~' ? '0' : s[i] == '/' ? '1' : s[i];
		if (end && escaped)
			*--end = '~';
		n += escaped ? 2 : 1;
	}
	if (end)
		*--end = '/';
	return n;
}

const char *path_text(const struct path *p, struct arena *a)
{
	size_t size = 0;
	char *end;

	for (const struct path *i = p; i->up; i = i->up)
		size += step_write(i, NULL);
	/* From the last step to the first, as the chain is linked. */
	end = (char *)arena_alloc(a, size + 1) + size;
	for (; p->up; p = p->up)
		end -= step_write(p, end);
	return end;
}
