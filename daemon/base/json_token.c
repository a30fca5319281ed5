/* SPDX-License-Identifier: MIT */
/* json_token.c - reads the tokens of JSON, and describes in plain words what is not one. */
#include "json_token.h"
#include "path.h"
#include "utf8.h"
#include <ctype.h>
#include <math.h>
#include <stdarg.h>

void reader_init(struct reader *r, const char *text, size_t size, struct problems *problems)
{
	*r = (struct reader){
		.p = text,
		.end = text + size,
		.mark = text,
		.position = { 1, 1 },
		/* Decoded and with its NUL, no string is longer than it was in its quotes. */
		.room = must(malloc(size + 1)),
		.problems = problems,
	};
}

void reader_done(struct reader *r)
{
	free(r->room);
}

/* Every byte is counted once, however often a position is requested. */
struct position reader_here(struct reader *r)
{
	for (; r->mark < r->p; r->mark++) {
		if (*r->mark == '\n')
			r->position = (struct position){ r->position.line + 1, 1 };
		else if ((*r->mark & 0xc0) != 0x80)
			r->position.column++;
	}
	return r->position;
}

char reader_peek(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
	return r->p < r->end ? *r->p : '\0';
}

bool reader_take(struct reader *r, char c)
{
	if (reader_peek(r) != c || r->p == r->end)
		return false;
	r->p++;
	return true;
}

int reader_fail(struct reader *r, struct position at, const struct path *path, const char *fmt, ...)
{
	struct where where = { NULL, at.line, at.column };
	struct err e;
	va_list ap;

	if (r->problems->n < PROBLEMS_MAX)
		where.pointer = path_text(path, &r->problems->arena);
	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	utf8_repair(e.text);
	problem_add(r->problems, -EINVAL, &where, "%s", e.text);
	return -EINVAL;
}

static const struct {
	const char *begin, *says;
} mistakes[] = {
	{ "'", "a string must be in double quotes" },
	{ "//", "JSON has no comments; use a \"description\"" },
	{ "/*", "JSON has no comments; use a \"description\"" },
	{ "#", "JSON has no comments; use a \"description\"" },
	{ "\xef\xbb\xbf", "this is a byte order mark; save the file as UTF-8 without one" },
	{ "\xff\xfe", "this is UTF-16; save the file as UTF-8" },
	{ "\xfe\xff", "this is UTF-16; save the file as UTF-8" },
	{ "\xe2\x80\x9c", "this is a typographic quote; JSON needs the plain \"" },
	{ "\xe2\x80\x9d", "this is a typographic quote; JSON needs the plain \"" },
	{ "\xc2\xa0", "this is a no-break space; JSON needs the plain space" },
	{ "NaN", "NaN is not a JSON number" },
	{ "nan", "nan is not a JSON number" },
	{ "Infinity", "Infinity is not a JSON number" },
	{ "-Infinity", "-Infinity is not a JSON number" },
	{ "inf", "inf is not a JSON number" },
	{ "+", "a number must not begin with \"+\"" },
	{ ".", "a number must begin with a digit" },
	{ "True", "\"true\" must be in lower case" },
	{ "TRUE", "\"true\" must be in lower case" },
	{ "False", "\"false\" must be in lower case" },
	{ "FALSE", "\"false\" must be in lower case" },
	{ "None", "JSON has no None; leave the field out" },
	{ "undefined", "JSON has no undefined; leave the field out" },
};

int reader_expected(struct reader *r, const struct path *path, const char *what)
{
	char c = reader_peek(r);
	struct position here = reader_here(r);
	size_t left = (size_t)(r->end - r->p), word = 0;

	if (!left)
		return reader_fail(r, here, path, "the text ends where %s is expected", what);
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		size_t n = strlen(mistakes[i].begin);

		if (n <= left && !memcmp(r->p, mistakes[i].begin, n))
			return reader_fail(r, here, path, "%s", mistakes[i].says);
	}
	while (word < left && word < 20 && (isalnum((unsigned char)r->p[word]) || r->p[word] == '_'))
		word++;
	if (word || ispunct((unsigned char)c))
		return reader_fail(r, here, path, "expected %s here, not %.*s", what, (int)(word ? word : 1), r->p);
	if (iscntrl((unsigned char)c))
		return reader_fail(r, here, path, "expected %s here, not a control character", what);
	return reader_fail(r, here, path, "expected %s here", what);
}

/* Reads the "u1234" of an escape; false if it is not one. */
static bool unit_read(struct reader *r, unsigned *ret)
{
	unsigned v = 0;

	if (r->end - r->p < 5 || *r->p != 'u')
		return false;
	for (int i = 1; i <= 4; i++) {
		unsigned char c = (unsigned char)r->p[i];

		if (!isxdigit(c))
			return false;
		v = v << 4 | (unsigned)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	r->p += 5;
	*ret = v;
	return true;
}

/* Reads what follows a backslash, and appends its meaning. */
static int read_escape(struct reader *r, const struct path *path, struct position at)
{
	static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *letter = r->p < r->end && *r->p ? strchr(letters, *r->p) : NULL;
	unsigned c, low;

	if (letter) {
		r->p++;
		r->room[r->used++] = meanings[letter - letters];
		return 0;
	}
	if (!unit_read(r, &c))
		return reader_fail(r, at, path,
				   "a backslash must be followed by one of \"\\/bfnrt, or by u and four digits");
	if (!c)
		return reader_fail(r, at, path, "a string must not contain a NUL");
	if (c >= 0xdc00 && c <= 0xdfff)
		return reader_fail(r, at, path, "\\u%04x is the second half of a character whose first is missing", c);
	if (c >= 0xd800 && c <= 0xdbff) {
		if (r->p < r->end && *r->p == '\\')
			r->p++;
		if (r->p[-1] != '\\' || !unit_read(r, &low) || low < 0xdc00 || low > 0xdfff)
			return reader_fail(r, at, path,
					   "\\u%04x is the first half of a character whose second is missing", c);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	r->used += utf8_write(r->room + r->used, c);
	return 0;
}

/* Reads one character of a string, which is not its end. */
static int read_character(struct reader *r, const struct path *path)
{
	size_t n = utf8_length(r->p, (size_t)(r->end - r->p));
	struct position here;

	if (*r->p == '\\') {
		here = reader_here(r);
		r->p++;
		return read_escape(r, path, here);
	}
	if (*r->p == '\n' || *r->p == '\r')
		return reader_fail(r, reader_here(r), path,
				   "a string must not contain a raw newline; is a \" missing?");
	if ((unsigned char)*r->p < 0x20)
		return reader_fail(r, reader_here(r), path,
				   "a string must not contain a raw control character; write \\u%04x", (unsigned)*r->p);
	if (!n)
		return reader_fail(r, reader_here(r), path, "this is not UTF-8 (byte 0x%02x)", (unsigned char)*r->p);
	memcpy(r->room + r->used, r->p, n);
	r->used += n;
	r->p += n;
	return 0;
}

int read_string(struct reader *r, const struct path *path, const char **ret, size_t *ret_size)
{
	size_t begin = r->used;
	struct position here = reader_here(r);
	int k;

	r->p++;
	while (r->p < r->end && *r->p != '"') {
		k = read_character(r, path);
		if (k < 0)
			return k;
	}
	if (r->p == r->end)
		return reader_fail(r, here, path, "this string is not terminated");
	r->p++;
	*ret_size = r->used - begin;
	r->room[r->used++] = '\0';
	*ret = r->room + begin;
	return 0;
}

static size_t skip_digits(struct reader *r)
{
	const char *begin = r->p;

	while (r->p < r->end && isdigit((unsigned char)*r->p))
		r->p++;
	return (size_t)(r->p - begin);
}

/* Skips one of @set if it comes next; whether it did. */
static bool skip_one(struct reader *r, const char *set)
{
	if (r->p == r->end || !*r->p || !strchr(set, *r->p))
		return false;
	r->p++;
	return true;
}

/* Skips a number by the grammar of RFC 8259, which is narrower than strtod's. */
static int number_skip(struct reader *r, const struct path *path, struct position at, bool *ret_whole)
{
	bool minus = skip_one(r, "-"), whole = true;

	if (minus && (r->p == r->end || !isdigit((unsigned char)*r->p)))
		return reader_fail(r, at, path, "a digit must follow the \"-\"");
	if (skip_one(r, "0")) {
		if (r->p < r->end && isdigit((unsigned char)*r->p))
			return reader_fail(r, at, path, "a number must not begin with 0");
		if (skip_one(r, "xX"))
			return reader_fail(r, at, path, "numbers must be decimal");
	}
	skip_digits(r);
	if (skip_one(r, ".")) {
		whole = false;
		if (!skip_digits(r))
			return reader_fail(r, at, path, "a digit must follow the \".\"");
	}
	if (skip_one(r, "eE")) {
		whole = false;
		skip_one(r, "+-");
		if (!skip_digits(r))
			return reader_fail(r, at, path, "a digit must follow the exponent's \"e\"");
	}
	*ret_whole = whole;
	return 0;
}

int read_number(struct reader *r, const struct path *path, struct json_object **ret)
{
	const char *begin = r->p;
	struct position here = reader_here(r);
	char *text = r->room + r->used;
	double real = 0;
	long long v = 0;
	bool whole = true;
	int k;

	k = number_skip(r, path, here, &whole);
	if (k < 0)
		return k;
	memcpy(text, begin, (size_t)(r->p - begin));
	text[r->p - begin] = '\0';
	errno = 0;
	if (whole)
		v = strtoll(text, NULL, 10);
	else
		real = strtod(text, NULL);
	if (whole && errno == ERANGE)
		return reader_fail(r, here, path, "the number does not fit into 64 bits");
	if (!whole && !isfinite(real))
		return reader_fail(r, here, path, "the number is too large");
	*ret = must(whole ? json_object_new_int64(v) : json_object_new_double(real));
	return 0;
}
