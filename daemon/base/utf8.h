/* SPDX-License-Identifier: MIT */
/* utf8.h - characters of more than one byte. */
#pragma once
#include "base.h"

/* The bytes of the character at @text, 0 if it is not one. */
size_t utf8_length(const char *text, size_t left);
/* Writes character @c to @to, at most 4 bytes; returns how many. */
size_t utf8_write(char *to, unsigned c);
/* Replaces by "?" what was cut in the middle of a character. */
void utf8_repair(char *s);
