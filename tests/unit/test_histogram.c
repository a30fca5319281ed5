/* SPDX-License-Identifier: MIT */
/* test_histogram.c - each duration is in one bucket, and a bound in the one that it ends. */
#include "base/histogram.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_buckets(_unused_ void **state)
{
	struct histogram h = { 0 };
	uint64_t sum = 0;

	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		assert_true(!i || histogram_bounds[i] > histogram_bounds[i - 1]);
		histogram_add(&h, histogram_bounds[i]);
		histogram_add(&h, histogram_bounds[i] + 1);
		sum += 2 * histogram_bounds[i] + 1;
	}
	histogram_add(&h, 0);
	assert_int_equal(h.counts[0], 2);
	for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
		assert_int_equal(h.counts[i], 2);
	assert_int_equal(h.counts[HISTOGRAM_BOUNDS], 1);
	assert_int_equal(h.sum_usec, sum);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_buckets) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
