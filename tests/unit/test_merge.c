/* SPDX-License-Identifier: MIT */
/* test_merge.c - packets of several interfaces leave in the order of their times, within the window. */
#include "../../client/merge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { WINDOW = 200, ROOM = 1 << 20 };

static struct merge fresh(void)
{
	return (struct merge){ .window_usec = WINDOW, .bytes_max = ROOM };
}

static void add(struct merge *m, uint64_t nsec, uint32_t interface, uint64_t usec)
{
	merge_add(m, &(struct packet){ .nsec = nsec, .interface = interface, .captured = 1, .length = 1 },
		  (const uint8_t *)"x", usec);
}

/* Takes one, whose time has to be @nsec. */
static void expect(struct merge *m, uint64_t usec, uint64_t nsec)
{
	struct packet *p = merge_take(m, usec);

	assert_non_null(p);
	assert_int_equal(p->nsec, nsec);
	free(p);
}

static void test_order(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();

	/* One interface hands over its burst after the other. */
	for (uint64_t i = 0; i < 100; i++)
		add(&m, 2 * i, 0, 10);
	for (uint64_t i = 0; i < 100; i++)
		add(&m, 2 * i + 1, 1, 20);
	assert_null(merge_take(&m, 10 + WINDOW - 1));
	assert_int_equal(merge_due(&m), 10 + WINDOW);
	for (uint64_t i = 0; i < 200; i++)
		expect(&m, 20 + WINDOW, i);
	assert_int_equal(m.late, 0);
	assert_int_equal(m.bytes, 0);
	assert_int_equal(merge_due(&m), UINT64_MAX);
}

static void test_same_time(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();

	for (uint32_t i = 0; i < 50; i++)
		add(&m, 7, i, 0);
	for (uint32_t i = 0; i < 50; i++) {
		_cleanup_(freep) struct packet *p = merge_take(&m, WINDOW);

		assert_int_equal(p->interface, i);
	}
	assert_int_equal(m.late, 0);
}

/* Random bursts that are at most a window late come out sorted. */
static void test_random(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();
	uint64_t last = 0;
	size_t n = 0;
	unsigned seed = 1;

	for (uint64_t usec = 0; usec < 5000; usec += 10) {
		for (uint32_t i = 0; i < 5; i++) {
			uint64_t age = (unsigned)rand_r(&seed) % WINDOW;

			add(&m, 1000 * (usec + WINDOW - age), i, usec);
		}
		for (struct packet *p; (p = merge_take(&m, usec)); n++, free(p)) {
			assert_true(p->nsec >= last);
			last = p->nsec;
		}
	}
	for (struct packet *p; (p = merge_take(&m, UINT64_MAX)); n++, free(p))
		;
	assert_int_equal(n, 2500);
	assert_int_equal(m.late, 0);
}

static void test_window_exceeded(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();

	add(&m, 100, 0, 0);
	add(&m, 101, 0, 0);
	expect(&m, WINDOW, 100);
	expect(&m, WINDOW, 101);
	add(&m, 50, 1, WINDOW + 1);
	add(&m, 51, 1, WINDOW + 1);
	add(&m, 102, 0, WINDOW + 1);
	for (size_t i = 0; i < 3; i++)
		expect(&m, UINT64_MAX, (const uint64_t[]){ 50, 51, 102 }[i]);
	/* The order breaks once. */
	assert_int_equal(m.late, 1);
}

static void test_clock_set_back(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();

	add(&m, 1000000, 0, 0);
	expect(&m, WINDOW, 1000000);
	for (uint64_t i = 0; i < 10; i++)
		add(&m, 10 + i, 0, 300);
	for (uint64_t i = 0; i < 10; i++)
		expect(&m, 300 + WINDOW, 10 + i);
	assert_int_equal(m.late, 1);
}

/* Without room the oldest go early, and the rest stays within its bound. */
static void test_room(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = { .window_usec = WINDOW, .bytes_max = 10 * (sizeof(struct packet) + 1) };

	for (uint64_t i = 0; i < 30; i++)
		add(&m, 30 - i, 0, 5);
	assert_int_equal(merge_due(&m), 0);
	for (uint64_t i = 1; i <= 20; i++)
		expect(&m, 5, i);
	assert_null(merge_take(&m, 5));
	assert_true(m.bytes <= m.bytes_max);
}

static void test_data(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();
	uint8_t data[4] = { 1, 2, 3, 4 };
	_cleanup_(freep) struct packet *p = NULL, *empty = NULL;

	merge_add(&m, &(struct packet){ .nsec = 1, .interface = 3, .captured = 4, .length = 1500 }, data, 0);
	merge_add(&m, &(struct packet){ .nsec = 2, .length = 9 }, NULL, 0);
	memset(data, 0, sizeof(data));
	p = merge_take(&m, UINT64_MAX);
	assert_memory_equal(p->data, "\1\2\3\4", 4);
	assert_int_equal(p->interface, 3);
	assert_int_equal(p->length, 1500);
	empty = merge_take(&m, UINT64_MAX);
	assert_int_equal(empty->captured, 0);
	assert_int_equal(empty->length, 9);
}

/* What was not taken is freed; the sanitizer looks. */
static void test_left_over(_unused_ void **state)
{
	_cleanup_(merge_done) struct merge m = fresh();

	for (uint64_t i = 0; i < 20; i++)
		add(&m, i, 0, 0);
	expect(&m, UINT64_MAX, 0);
	assert_int_equal(m.n, 19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),          cmocka_unit_test(test_same_time),
		cmocka_unit_test(test_random),         cmocka_unit_test(test_window_exceeded),
		cmocka_unit_test(test_clock_set_back), cmocka_unit_test(test_room),
		cmocka_unit_test(test_data),           cmocka_unit_test(test_left_over),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
