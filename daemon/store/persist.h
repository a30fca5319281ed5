/* SPDX-License-Identifier: MIT */
/* persist.h - the topologies that netnsd itself writes down to be there at boot, and
 * beside each where it was from. */
#pragma once
#include "base/err.h"

struct json_object;

/* Writes all that is needed beside its place in @dir, which is made; persist_commit then
 * only gives it its name. */
int persist_prepare(const char *dir, const char *name, struct json_object *topology, const char *source, struct err *e);
int persist_commit(const char *dir, const char *name, struct err *e);
void persist_abandon(const char *dir, const char *name);
/* Removes what a crash has left of persist_prepare. */
void persist_clear(const char *dir);
/* What is not there is no error. */
int persist_remove(const char *dir, const char *name, struct err *e);
