/* SPDX-License-Identifier: MIT */
/* persist.h - the topologies that netnsd itself saves for boot, each with the source that it came from. */
#pragma once
#include "base/err.h"

struct json_object;

/* Writes everything to temporary files in @dir, which is created; persist_commit then only renames them. */
int persist_prepare(const char *dir, const char *name, struct json_object *topology, const char *source, struct err *e);
int persist_commit(const char *dir, const char *name, struct err *e);
/* The same in place of the file @old, which may have been renamed already: at each moment one of the two counts. */
int persist_commit_over(const char *dir, const char *name, const char *old, struct err *e);
void persist_abandon(const char *dir, const char *name);
/* Removes what an interrupted persist_prepare has left. */
void persist_clear(const char *dir);
/* A missing file is no error. */
int persist_remove(const char *dir, const char *name, struct err *e);
