/* SPDX-License-Identifier: MIT */
/* node.h - a value in a JSON text with the path to it, and problems at its position. */
#pragma once
#include "base/err.h"
#include "base/path.h"
#include <json-c/json.h>

/* A child points to its parent, which must outlive it. */
struct node {
	struct path path;
	struct json_object *in;
};
struct node node_member(const struct node *up, const char *key, struct json_object *in);
struct node node_element(const struct node *up, size_t index, struct json_object *in);

/* Where problems of one text are collected. */
struct notes {
	struct problems *problems;
	bool lines; /* the JSON knows its lines */
};
/* Adds a problem at the position of the value, of its key, or of the @nth null (from 0) in @in, which @n is. */
void note_value(struct notes *notes, const struct node *n, const char *fmt, ...) _printf_(3, 4);
void note_key(struct notes *notes, const struct node *n, const char *fmt, ...) _printf_(3, 4);
void note_null(struct notes *notes, const struct node *in, size_t nth, const struct node *n);
/* False with a problem if the value is not an object or list. */
bool node_is_object(struct notes *notes, const struct node *n);
bool node_is_list(struct notes *notes, const struct node *n);
