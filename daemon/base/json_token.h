/* SPDX-License-Identifier: MIT */
/* json_token.h - the tokens of JSON: white space, strings and numbers, read from a text
 * by a reader that always knows its line and column. */
#pragma once
#include "err.h"
#include <json-c/json.h>

struct path;

struct position {
	unsigned line, column; /* from 1; a column is a character, not a byte */
};

struct reader {
	const char *p, *end; /* the unread rest */
	const char *mark;    /* the byte that @position is of, never after @p */
	struct position position;
	char *room;  /* for decoded strings: as large as the text */
	size_t used; /* of it */
	struct problems *problems;
	bool plain; /* positions are not needed */
};

/* @text must outlive the reader. */
void reader_init(struct reader *r, const char *text, size_t size, struct problems *problems);
void reader_done(struct reader *r);

/* The position of the next byte. */
struct position reader_here(struct reader *r);
/* Skips white space; true if @c came next, and then skips it, too. */
bool reader_take(struct reader *r, char c);
/* The next character after white space; '\0' at the end of the text. */
char reader_peek(struct reader *r);

/* Adds a problem at @at, within @path.  Returns -EINVAL. */
int reader_fail(struct reader *r, struct position at, const struct path *path, const char *fmt, ...) _printf_(4, 5);
/* Reports that @what is expected here, and what was found instead if it is a common mistake. */
int reader_expected(struct reader *r, const struct path *path, const char *what);

/* Reads a string; it stays in the room until the caller resets @used. */
int read_string(struct reader *r, const struct path *path, const char **ret, size_t *ret_size);
int read_number(struct reader *r, const struct path *path, struct json_object **ret);
