/* SPDX-License-Identifier: MIT */
/* file.h - topology files as the client reads them, and problems in them. */
#pragma once
#include "fail.h"
#include "base/json.h"

struct file {
	const char *label;  /* as given; "<stdin>" */
	const char *source; /* absolute; "standard input" */
	const char *name;   /* of the topology */
	struct json_object *json;
	bool unchecked;         /* its contents, which netnsd is sent */
	struct problems doubts; /* of contents that were checked: what of them may not be meant */
};

struct files {
	struct file *v;
	size_t n;
	size_t wide;        /* columns that the widest "NS" or "NS/IF" takes which they declare */
	struct arena arena; /* the labels and sources */
};

/* Reads and checks @n files; unless @name is NULL there is only one, and it is called so.  Prints all that is wrong
 * with them on stderr.  @sent: if there is only one, netnsd is about to be sent it, and its contents need no check before.
 * Returns an exit code; @ret may be passed to files_done in any case. */
int files_read(struct files *ret, char **paths, int n, const char *name, bool sent);
void files_done(struct files *f);

/* Checks the contents of @f, and prints what is wrong with them, with lines.  Returns an exit code. */
int file_check(const struct file *f);
/* Prints the doubts of @f. */
void file_doubt(const struct file *f);

/* Whether an operand that is a file or a name is a file: it has a slash or ends in .json, or is "-". */
bool file_is(const char *word);

/* Prints "FILE:LINE:COLUMN: POINTER: MESSAGE" on stderr.  @pointer may be NULL, and @file too, then it is "netnsctl:
 * POINTER: MESSAGE". line 0: looked up. */
void file_say(const struct file *file, struct where where, const char *message);
/* The same, as a warning. */
void file_warn(const struct file *f, struct where where, const char *message);
