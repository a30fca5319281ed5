/* SPDX-License-Identifier: MIT */
/* text.h - formats values for people.  Pure; every text belongs to the arena.  Needs
 * LC_CTYPE to be a UTF-8 locale. */
#pragma once
#include "base/arena.h"

/* Text of strangers, with every character that could control a terminal as \xNN. */
const char *text_escape(struct arena *a, const char *s);
/* Likewise for JSON text: as \uNNNN; line ends stay. */
const char *text_escape_json(struct arena *a, const char *s);
/* Columns that @s takes on a terminal. */
size_t text_width(const char *s);
/* The bytes of the first character of @s, of which @n are left, or of the sequence of a colour, which takes no columns. */
size_t text_next(const char *s, size_t n, size_t *ret_columns);
/* Columns that the @n bytes of @s take, colours left out. */
size_t text_width_coloured(const char *s, size_t n);
/* @s with what netnsctl draws with in ASCII; with @all every other character becomes "?", else those stay as they are. */
const char *text_ascii(struct arena *a, const char *s, bool all);

/* "850 µs", "3.1 ms", "12.4 s", "2 min 5 s". */
const char *text_duration(struct arena *a, uint64_t usec);
/* "9.56 Mbit/s" */
const char *text_rate(struct arena *a, uint64_t bits);
/* "812", "1.44k", "3.1M" */
const char *text_short(struct arena *a, uint64_t n);
/* "5 s ago", "2 min ago", "3 h ago", "4 days ago"; "-" for a @then of 0. */
const char *text_ago(struct arena *a, uint64_t then_usec, uint64_t now_usec);
/* "14:02:11", with the date before it if that is not today; local time. */
const char *text_clock(struct arena *a, uint64_t then_usec, uint64_t now_usec);
/* "3 steps", "1 step". */
const char *text_count(struct arena *a, size_t n, const char *one, const char *many);
/* @path, without @dir if it is below it. */
const char *text_path(const char *path, const char *dir);
