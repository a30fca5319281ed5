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

/* Prints an answer of Status: all topologies in a table, with one of rates below it if there are any; or only the first, if
 * @one, and its namespaces. */
void status_print(const struct view *v, struct json_object *reply, bool one);

/* watch.c: netnsctl status --watch. */
int status_watch(const struct ctl *c);
