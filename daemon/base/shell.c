/* SPDX-License-Identifier: MIT */
/* shell.c - writes a text so that a shell reads it as one word. */
#include "shell.h"

const char *shell_word(struct arena *a, const char *s)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.,:@/+-";
	char *word, *to;

	if (*s && !s[strspn(s, plain)])
		return s;
	word = to = arena_alloc(a, 4 * strlen(s) + sizeof("''"));
	*to++ = '\'';
	for (; *s; s++) {
		/* A quote ends the quotes, is there by itself, and they begin again. */
		if (*s == '\'')
			to = stpcpy(to, "'\\'");
		*to++ = *s;
	}
	*to++ = '\'';
	*to = '\0';
	return word;
}
