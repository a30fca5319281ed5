/* SPDX-License-Identifier: MIT */
/* utf8.c - UTF-8 exactly as RFC 3629 defines it. */
#include "utf8.h"

size_t utf8_length(const char *text, size_t left)
{
	/* The second byte reveals overlong forms, surrogates and what is beyond U+10FFFF. */
	static const struct {
		unsigned char first, last, length, low, high;
	} forms[] = {
		{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
	};
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0; i < ARRAY_SIZE(forms) && left; i++) {
		size_t n = forms[i].length;

		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (n > left || (n > 1 && (s[1] < forms[i].low || s[1] > forms[i].high)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return n;
	}
	return 0;
}

size_t utf8_write(char *to, unsigned c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

void utf8_repair(char *s)
{
	size_t left = strlen(s), n;

	for (; left; s += n, left -= n) {
		n = utf8_length(s, left);
		if (n)
			continue;
		*s = '?';
		n = 1;
	}
}
