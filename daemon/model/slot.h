/* SPDX-License-Identifier: MIT */
/* slot.h - finds objects by the slots that they occupy (kind.h).  Pure. */
#pragma once
#include "kind.h"
#include "model.h"

struct slot_entry {
	const char *in; /* a namespace, or what kind.holds gives */
	struct slot slot;
	struct object *o;
};

struct slots {
	struct slot_entry *v;
	size_t n;
};

/* 0 if the two are the same. */
int slot_cmp(const struct slot *a, const struct slot *b);
/* Adds the slots of @o; slots_sort comes before the first search. */
void slots_add(struct slots *s, struct object *o);
/* Adds the place that @o is at (kind.is_at). */
void slots_add_place(struct slots *s, struct object *o);
/* Adds what only @o can have (kind.holds). */
void slots_add_held(struct slots *s, struct object *o);
void slots_sort(struct slots *s);
void slots_done(struct slots *s);
/* The first entry for that slot in the namespace, or in what kind.holds gives, and @ret_n of them in a row; NULL: none. */
const struct slot_entry *slots_find(const struct slots *s, const char *in, const struct slot *slot, size_t *ret_n);
