/* SPDX-License-Identifier: MIT */
/* search.h - finds places in sorted lists. */
#pragma once
#include "base.h"

/* The place of the first of the @n sorted elements at @list, each @size bytes, that does not come before
 * @key; @n: all do. */
size_t lower_bound(const void *key, const void *list, size_t n, size_t size, int (*cmp)(const void *a, const void *b));
