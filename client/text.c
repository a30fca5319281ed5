/* SPDX-License-Identifier: MIT */
/* text.c - formats values for people: safe to print, short, of known width. */
#include "text.h"
#include "usec.h"
#include <inttypes.h>
#include <time.h>
#include <wchar.h>

/* Characters that move the cursor, start a command of the terminal, or make text read
 * differently from how it is stored. */
static bool char_steers(wchar_t c)
{
	static const struct {
		wchar_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },                         /* C0 controls */
		{ 0x7f, 0x9f },                         /* DEL, C1 controls */
		{ 0x200b, 0x200f },                     /* no width, direction marks */
		{ 0x2028, 0x202e },                     /* line ends, direction overrides */
		{ 0x2066, 0x2069 },                     /* isolates */
		{ 0xfeff, 0xfeff }, { 0xfffe, 0xffff }, /* no characters, which XML forbids */
	};

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/* Bytes of the first character of @s, which is not empty; bytes that are not UTF-8 count
 * as one character each, L'\0'. */
static size_t char_next(const char *s, wchar_t *ret)
{
	mbstate_t state = {};
	/* The longest character has 4 bytes; measuring the whole rest would cost as much each time. */
	size_t left = strnlen(s, 4), n = mbrtowc(ret, s, left, &state);

	if (n <= left)
		return n;
	*ret = L'\0';
	return 1;
}

const char *text_escape(struct arena *a, const char *s)
{
	char *text = arena_alloc(a, strlen(s) * 4 + 1), *to = text;
	wchar_t c;

	for (size_t n; *s; s += n) {
		n = char_next(s, &c);
		if (!char_steers(c))
			to = mempcpy(to, s, n);
		else
			for (size_t i = 0; i < n; i++)
				to += sprintf(to, "\\x%02x", (unsigned char)s[i]);
	}
	return text;
}

const char *text_escape_json(struct arena *a, const char *s)
{
	char *text = arena_alloc(a, strlen(s) * 6 + 1), *to = text;
	wchar_t c;

	for (size_t n; *s; s += n) {
		n = char_next(s, &c);
		if (!char_steers(c) || c == L'\n')
			to = mempcpy(to, s, n);
		else
			to += sprintf(to, "\\u%04x", c ? (unsigned)c : 0xfffd);
	}
	return text;
}

size_t text_width(const char *s)
{
	size_t width = 0;
	wchar_t c;

	while (*s) {
		s += char_next(s, &c);
		width += c && wcwidth(c) >= 0 ? (size_t)wcwidth(c) : 1;
	}
	return width;
}

size_t text_next(const char *s, size_t n, size_t *ret_columns)
{
	size_t size = 0;
	wchar_t c;

	*ret_columns = 0;
	if (n > 1 && s[0] == '\033' && s[1] == '[') {
		for (size = 2; size < n && (s[size] < 0x40 || s[size] > 0x7e);)
			size++;
		return size < n ? size + 1 : n;
	}
	size = char_next(s, &c);
	*ret_columns = c && wcwidth(c) >= 0 ? (size_t)wcwidth(c) : 1;
	return size < n ? size : n;
}

size_t text_width_coloured(const char *s, size_t n)
{
	size_t width = 0, columns;

	for (size_t i = 0; i < n; width += columns)
		i += text_next(s + i, n - i, &columns);
	return width;
}

/* NULL: netnsctl does not draw with it. */
static const char *sign_ascii(wchar_t c)
{
	static const struct {
		wchar_t c;
		const char *text;
	} signs[] = {
		{ L'●', "*" }, { L'⇄', "<->" }, { L'→', "->" }, { L'─', "-" },   { L'│', "|" },
		{ L'├', "|" }, { L'└', "`" },   { L'µ', "u" },  { L'…', "..." }, { L'·', "." },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (signs[i].c == c)
			return signs[i].text;
	return NULL;
}

const char *text_ascii(struct arena *a, const char *s, bool all)
{
	char *text = arena_alloc(a, strlen(s) * 3 + 1), *to = text;
	wchar_t c;

	for (size_t n; *s; s += n) {
		n = char_next(s, &c);
		const char *as = c >= 0x80 || !c ? sign_ascii(c) : NULL;

		if (as)
			to = stpcpy(to, as);
		else if (all && (c >= 0x80 || !c))
			*to++ = '?';
		else
			to = mempcpy(to, s, n);
	}
	return text;
}

const char *text_duration(struct arena *a, uint64_t usec)
{
	if (usec < 1000)
		return arena_fmt(a, "%" PRIu64 " µs", usec);
	if (usec < USEC_PER_SEC)
		return arena_fmt(a, "%" PRIu64 ".%" PRIu64 " ms", usec / 1000, usec / 100 % 10);
	if (usec < 60 * USEC_PER_SEC)
		return arena_fmt(a, "%" PRIu64 ".%" PRIu64 " s", usec / USEC_PER_SEC, usec * 10 / USEC_PER_SEC % 10);
	return arena_fmt(a, "%" PRIu64 " min %" PRIu64 " s", usec / USEC_PER_SEC / 60, usec / USEC_PER_SEC % 60);
}

const char *text_rate(struct arena *a, uint64_t bits)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s" };
	double v = (double)bits;
	size_t i = 0;

	for (; v >= 999.5 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1000;
	return arena_fmt(a, "%.3g %s", v, units[i]);
}

const char *text_short(struct arena *a, uint64_t n)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	double v = (double)n;
	size_t i = 0;

	for (; v >= 999.5 && i + 1 < ARRAY_SIZE(units); i++)
		v /= 1000;
	return arena_fmt(a, "%.3g%s", v, units[i]);
}

const char *text_ago(struct arena *a, uint64_t then_usec, uint64_t now_usec)
{
	static const struct {
		uint64_t seconds;
		const char *one, *many;
	} units[] = {
		{ 86400, "day", "days" },
		{ 3600, "h", "h" },
		{ 60, "min", "min" },
		{ 1, "s", "s" },
	};
	uint64_t seconds = now_usec > then_usec ? (now_usec - then_usec) / USEC_PER_SEC : 0;

	if (!then_usec)
		return "-";
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (seconds >= units[i].seconds)
			return arena_fmt(a, "%s ago",
					 text_count(a, seconds / units[i].seconds, units[i].one, units[i].many));
	return "just now";
}

const char *text_clock(struct arena *a, uint64_t then_usec, uint64_t now_usec)
{
	time_t then = (time_t)(then_usec / USEC_PER_SEC), now = (time_t)(now_usec / USEC_PER_SEC);
	struct tm t, today;
	char text[64];

	if (!localtime_r(&then, &t) || !localtime_r(&now, &today))
		return "-";
	strftime(text, sizeof(text), t.tm_year == today.tm_year && t.tm_yday == today.tm_yday ? "%T" : "%F %T", &t);
	return arena_strdup(a, text);
}

const char *text_count(struct arena *a, size_t n, const char *one, const char *many)
{
	return arena_fmt(a, "%zu %s", n, n == 1 ? one : many);
}

const char *text_path(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n > 1 && !strncmp(path, dir, n) && path[n] == '/' ? path + n + 1 : path;
}
