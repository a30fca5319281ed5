/* SPDX-License-Identifier: MIT */
/* etc.h - what the kinds that are files in /etc/netns share: the text of the file is their value. */
#pragma once
#include "kernel/batch.h"
#include "kernel/netns_etc.h"
#include "kernel/observer.h"

/* The head of every such kind's own struct. */
struct etc {
	struct object object;
	const char *text; /* after our line */
	const char *mode; /* "0644" */
};

#define ETC_MODE "0644"

enum { ETC_TOKEN_MAX = 600 };

/* The rows of the two: */
#define ETC_FIELDS                                      \
	{ .name = "text",                               \
	  .type = &type_etc_text,                       \
	  .offset = offsetof(struct etc, text),         \
	  .flags = HIDDEN | SHOWN,                      \
	  .doc = "what the file contains" },            \
		{ .name = "mode",                       \
		  .type = &type_string,                 \
		  .offset = offsetof(struct etc, mode), \
		  .flags = HIDDEN | SHOWN,              \
		  .kernel_default = "\"" ETC_MODE "\"", \
		  .doc = "who may read it" }

extern const struct type type_etc_text;
/* Texts, one a line; they contain no control characters.  The kinds' own types check each of them. */
int etc_list_parse(struct json_object *in, int (*check)(const char *item, struct err *e), const char **ret,
		   struct arena *a, struct err *e);
struct json_object *etc_list_format(const struct field *f, const char *netns, const void *src);
bool etc_list_equal(const void *a, const void *b);
/* type.say of what the text shows already. */
char *etc_say_nothing(const char *netns, const void *src, struct arena *a);

/* Iterates over lines: the next one at @at, of @ret_n bytes, without its newline; NULL: no more. */
const char *etc_line_next(const char **at, size_t *ret_n);

/* Likewise over the words of a line that ends at @end. */
const char *etc_word_next(const char **at, const char *end, size_t *ret_n);

/* Checks an address as the resolver reads it, with the interface of a link-local one ("fe80::1%eth0"); @ret is its
 * usual form.  Names of hosts likewise: letters, digits, "-", "_" and dots. */
int etc_address_check(const char *s, char ret[64], struct err *e);
int etc_name_check(const char *s, struct err *e);

/* What there is to know of such a kind. */
struct etc_kind {
	const struct kind *kind;
	const char *file;
	const char *token;                     /* the line of a text that stands for @line; NULL: none does */
	void (*line)(char ret[ETC_TOKEN_MAX]); /* as it is in the file today */
};
int etc_observe(struct observer *obs, const struct etc_kind *k, struct err *e);
int etc_apply(struct batch *b, const struct etc_kind *k, struct op *op, size_t *ret_taken, struct err *e);
int etc_put_mark(struct batch *b, const struct etc_kind *k, struct op *op, struct err *e);
