/* SPDX-License-Identifier: MIT */
/* test_graph_route.c - edges in a channel: what has to be left of what, and circles of that. */
#include "../../client/graph_route.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MANY = 100 };

/* From the left side at @from to the right side at @to. */
static struct route across(int from, int to)
{
	return (struct route){ .y = { from, to }, .right = { false, true } };
}

static void test_order(void **state)
{
	/* At height 5 the first comes from the left, and the second from the right. */
	struct route r[] = { across(5, 9), across(1, 5) };

	(void)state;
	assert_int_equal(route_channel(r, 2, MANY), 2);
	assert_true(r[0].track < r[1].track);
	assert_false(r[0].bent || r[1].bent || r[0].dropped || r[1].dropped);
}

/* Two that swap their places are each left of the other one: one of them bends, where nothing ends. */
static void test_circle(void **state)
{
	struct route r[] = { across(1, 5), across(5, 1), across(3, 3) };
	const struct route *bent, *other;

	(void)state;
	assert_int_equal(route_channel(r, 3, MANY), 3);
	assert_true(r[2].straight);
	assert_false(r[0].dropped || r[1].dropped);
	assert_true(r[0].bent != r[1].bent);
	bent = r[0].bent ? &r[0] : &r[1];
	other = r[0].bent ? &r[1] : &r[0];
	assert_true(bent->track < other->track && other->track < bent->other_track);
	assert_true(bent->bend > 1 && bent->bend < 5 && bent->bend != 3);
}

/* Where there is no height for it, or no track, one is not drawn. */
static void test_dropped(void **state)
{
	struct route near[] = { across(1, 2), across(2, 1) }, narrow[] = { across(1, 5), across(5, 1) };

	(void)state;
	route_channel(near, 2, MANY);
	assert_int_equal(near[0].dropped + near[1].dropped, 1);
	assert_int_equal(route_channel(narrow, 2, 1), 1);
	assert_int_equal(narrow[0].dropped + narrow[1].dropped, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_circle),
		cmocka_unit_test(test_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
