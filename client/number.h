/* SPDX-License-Identifier: MIT */
/* number.h - numbers on the command line. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Whether @text is a decimal number from @min to @max: digits, and nothing before or after them.  Sets @ret if so. */
bool number_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret);
