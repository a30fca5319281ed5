/* SPDX-License-Identifier: MIT */
/* records.h - records for the tests of what netnsd stores on disk. */
#pragma once
#include "store/state.h"

/* The result of a read: names in order, each with what is wrong with it, and the last valid one. */
struct found {
	char text[4000];
	struct record last;
	size_t n;
};

void state_opened(struct state *s, const char *dir);
/* A record with something in every field. */
/* The text of @json; the caller owns a reference. */
struct json_text *json_text(const char *json);
void record_make(struct record *r, const char *name);
void found_take(void *arg, struct record *r, const struct err *e);
void found_read(const struct state *s, bool pending, struct found *f);
void record_expect_same(const struct record *a, const struct record *b);
