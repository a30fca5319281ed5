/* SPDX-License-Identifier: MIT */
/* test_number.c - what counts as a number on a command line. */
#include "../../client/number.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct {
	const char *text;
	uint64_t min, max;
	bool is;
	uint64_t value;
} cases[] = {
	{ "0", 0, 9, true, 0 },
	{ "0", 1, 9, false, 0 },
	{ "9", 1, 9, true, 9 },
	{ "10", 1, 9, false, 0 },
	{ "007", 1, 9, true, 7 },
	{ "", 0, 9, false, 0 },
	{ " 1", 0, 9, false, 0 },
	{ "1 ", 0, 9, false, 0 },
	{ "+1", 0, 9, false, 0 },
	{ "-1", 0, UINT64_MAX, false, 0 },
	{ "0x1", 0, UINT64_MAX, false, 0 },
	{ "1.5", 0, 9, false, 0 },
	{ "1s", 0, 9, false, 0 },
	{ "\xd9\xa1", 0, 9, false, 0 },
	{ "18446744073709551615", 0, UINT64_MAX, true, UINT64_MAX },
	{ "18446744073709551616", 0, UINT64_MAX, false, 0 },
	{ "99999999999999999999", 0, UINT64_MAX, false, 0 },
	{ "184467440737095516150", 0, UINT64_MAX, false, 0 },
};

static void test_number(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 78;
		bool is = number_read(cases[i].text, cases[i].min, cases[i].max, &value);

		if (is != cases[i].is || value != (is ? cases[i].value : 78))
			fail_msg("\"%s\": %d, %llu", cases[i].text, is, (unsigned long long)value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_number) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
