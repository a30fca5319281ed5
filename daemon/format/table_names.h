/* SPDX-License-Identifier: MIT */
/* table_names.h - the names of routing tables, from the files that ip(8) reads them from. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct table_name {
	uint32_t number;
	const char *name, *path; /* and the file that has it */
};

struct table_names {
	struct arena arena;
	struct table_name *v; /* in the order in which they were read: of two of one number the last counts */
	size_t n, room;
	struct err problem; /* code 0: everything was read */
};

/* Reads rt_tables and rt_tables.d of @etc, and what that lacks from the @n directories @usr, as iproute2 6.5 and
 * later do; local, main and default are always there. */
void table_names_read(struct table_names *t, const char *etc, const char *const *usr, size_t n);
void table_names_done(struct table_names *t);
/* NULL: there is none of that name, or no name for that number. */
const struct table_name *table_names_find(const struct table_names *t, const char *name);
const char *table_names_of(const struct table_names *t, uint32_t number);
