/* SPDX-License-Identifier: MIT */
/* number.c - reads numbers.  strtoull(3) would take white space and signs, and says too late that it ended early. */
#include "number.h"

bool number_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}
