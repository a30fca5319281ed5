/* SPDX-License-Identifier: MIT */
/* status.h - what netnsctl status prints, once or again and again. */
#pragma once
#include "ctl.h"
#include "rates.h"

/* Where it goes, and what is added when it is watched. */
struct view {
	FILE *out;
	bool colours;
	struct changes *changes;   /* what has changed lately is marked; NULL: nothing is */
	const struct rates *rates; /* NULL: none */
};

/* The topologies of an answer of Status; the first of them, and its namespaces. */
void status_print_all(const struct view *v, struct json_object *reply);
void status_print_one(const struct view *v, struct json_object *reply);
/* The interfaces that rates are known of, in a table. */
void status_print_rates(const struct view *v);

/* watch.c: netnsctl status --watch. */
int status_watch(const struct ctl *c);
