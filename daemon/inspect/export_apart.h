/* SPDX-License-Identifier: MIT */
/* export_apart.h - whether an exported topology is valid.  With a hundred thousand routes that takes a second, and can
 * not be done in slices: a process of its own does it. */
#pragma once
#include "format/export.h"

struct checking;

/* Takes the next step of checking @topology, and of removing from it what is refused, which it tells @u: true: there is
 * more to do.  @c begins as NULL, and @round, which counts, as 0.  Where no other process can do it, this one does. */
bool checking_round(struct checking **c, struct json_object *topology, const struct kinds *kinds, size_t *round,
		    struct unsaid *u);
/* Readable when the next step has something to read. */
int checking_fd(const struct checking *c);
void checking_end(struct checking *c);
