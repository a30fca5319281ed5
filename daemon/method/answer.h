/* SPDX-License-Identifier: MIT */
/* answer.h - shared by all methods: the caller, and the shapes in replies and errors. */
#pragma once
#include "engine/status.h"
#include "control/service.h"

#define ERROR(name) "io.netnsd." name

/* For a list of texts; NULL is an empty one. */
size_t list_size(struct json_object *list);
const char *list_text(struct json_object *list, size_t i);

/* The peer, as events and the journal name it: "uid 0, pid 12 (netnsctl)". */
void call_caller(const struct call *c, char *ret, size_t size);

void add(struct json_object *o, const char *key, struct json_object *v);
/* {key: value} */
struct json_object *one_string(const char *key, const char *value);
/* Answers with the error of @o; call_refused with one of the kernel or of memory, met while observing. */
void call_outcome(struct call *c, const struct outcome *o);
void call_refused(struct call *c, const struct err *e);
void call_no_such_topology(struct call *c, const char *name);
