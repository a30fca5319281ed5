/* SPDX-License-Identifier: MIT */
/* unsaid.h - what the kernel has and a topology cannot say: a line each, for people. */
#pragma once
#include "base/arena.h"

enum { UNSAID_MAX = 1000 }; /* lines; more are only counted */

struct unsaid {
	struct arena arena;
	const char **v; /* without control characters, in UTF-8: names of others may have any bytes */
	size_t n_v, room_v;
	size_t more; /* beyond UNSAID_MAX */
};

void unsaid_add(struct unsaid *u, const char *fmt, ...) _printf_(2, 3);
/* The same, unless the line is among the last few already. */
void unsaid_add_once(struct unsaid *u, const char *fmt, ...) _printf_(2, 3);
void unsaid_done(struct unsaid *u);
