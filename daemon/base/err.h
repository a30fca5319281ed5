/* SPDX-License-Identifier: MIT */
/* err.h - errors, in words that a person can act on. */
#pragma once
#include "arena.h"
#include "base.h"

/* Lives on the caller's stack; set once where the cause is known, prefixed on
 * the way up. */
struct err {
	int code;         /* negative errno */
	char text[512];   /* what, where, and the remedy if there is one */
	char kernel[160]; /* the kernel's own sentence, or empty */
	char below[64];   /* the part of the object that it is about, as the rest of a JSON pointer; or empty */
};

/* Returns -abs(@code), which is then @e->code. */
int err_set(struct err *e, int code, const char *fmt, ...) _printf_(3, 4);
/* Like err_set, with ": " and the kernel's words appended: @words, or strerror. */
int err_kernel(struct err *e, int code, const char *words, const char *fmt, ...) _printf_(4, 5);
/* Prepends "...: " to the message of @e; returns its code. */
int err_prefix(struct err *e, const char *fmt, ...) _printf_(2, 3);
/* Appends to the message of @e. */
void err_append(struct err *e, const char *fmt, ...) _printf_(2, 3);
/* Whether it was only a temporary shortage: what could not be read may well exist. */
bool err_is_shortage(const struct err *e);

/* A position in a topology file. line 0: not from a file. */
struct where {
	const char *pointer;   /* JSON pointer, RFC 6901; belongs to the model or problem list */
	unsigned line, column; /* from 1 */
};

struct problem {
	struct where where;
	const char *file; /* the path, of a file that netnsd read itself; else NULL */
	const char *message;
	const char *object, *owner, *kernel; /* NULL where they do not apply */
	int code;                            /* negative errno */
	bool awaited;                        /* the object is missing, but may appear */
};

enum { PROBLEMS_MAX = 100 }; /* of one file; more are only counted */

/* Problems, in the order of discovery.  Owns its texts. */
struct problems {
	struct arena arena;
	struct problem v[PROBLEMS_MAX];
	size_t n;        /* in v */
	size_t more;     /* beyond it */
	size_t compared; /* names compared so far with wrong ones (suggest.h) */
};
void problem_add(struct problems *p, int code, const struct where *where, const char *fmt, ...) _printf_(4, 5);
/* Adds @e, with the kernel's words, at the part of @where that it is about; @object may be NULL. */
void problem_add_err(struct problems *p, const struct err *e, const struct where *where, const char *object);
/* Adds that @object exists and belongs to @owner: a topology's name, or NULL for another program. */
void problem_add_conflict(struct problems *p, const struct where *where, const char *object, const char *owner);
/* The same, with the message @why. */
void problem_add_in_the_way(struct problems *p, const struct where *where, const char *object, const char *why,
			    const char *owner);
/* Adds that @words takes the place of @object; @remedy: what can be done. */
void problem_add_barred(struct problems *p, const struct where *where, const char *object, const char *words,
			const char *remedy);
/* Adds that @object is missing, and not for netnsd to create; @name_blocked: something else has the name of the
 * namespace; @awaited: it is worth waiting for. */
void problem_add_missing(struct problems *p, const struct where *where, const char *object, bool name_blocked,
			 bool awaited);
/* Whether missing objects that may appear are the only problem. */
bool problems_await(const struct problems *p);
void problem_copy(struct problems *to, const struct problem *from);
/* All of @p were found in the file at @path. */
void problems_in_file(struct problems *p, const char *path);
/* "FILE:LINE:COLUMN: POINTER: MESSAGE", as much of it as is known. */
void problem_text(const struct problem *p, char *ret, size_t size);
/* Sorts by line and column. */
void problems_sort(struct problems *p);
/* Keeps the first @n. */
void problems_cut(struct problems *p, size_t n);
void problems_done(struct problems *p);
