/* SPDX-License-Identifier: MIT */
/* search.c - finds places in sorted lists, where bsearch(3) would find any of several equal
 * elements and would not say where a missing one belongs. */
#include "search.h"

size_t lower_bound(const void *key, const void *list, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (cmp((const char *)list + mid * size, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
