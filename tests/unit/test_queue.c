/* SPDX-License-Identifier: MIT */
/* test_queue.c - whose change comes first, and who has to wait. */
#include "engine/queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void add(struct queue *q, const char *name, bool of_user)
{
	struct change c = { .type = CHANGE_DOWN, .of_user = of_user };

	snprintf(c.name, sizeof(c.name), "%s", name);
	queue_add(q, &c);
}

/* Carries out the next; its name must be @name. */
static void next(struct queue *q, const char *name)
{
	struct entry *entry = queue_take(q, false);

	assert_non_null(entry);
	assert_string_equal(entry->change.name, name);
	free(queue_pop(q));
}

static void test_root_first(void **state _unused_)
{
	struct queue q;

	queue_init(&q);
	assert_false(queue_is_ready(&q));
	add(&q, "user 1", true);
	add(&q, "user 2", true);
	add(&q, "root 1", false);
	add(&q, "root 2", false);
	next(&q, "root 1");
	add(&q, "root 3", false);
	next(&q, "root 2");
	next(&q, "root 3");
	next(&q, "user 1");
	next(&q, "user 2");
	assert_null(queue_take(&q, false));
	assert_false(queue_is_ready(&q));
	queue_done(&q);
}

/* A change that has begun is continued. */
static void test_at_work(void **state _unused_)
{
	struct entry *entry;
	struct queue q;

	queue_init(&q);
	add(&q, "user", true);
	entry = queue_take(&q, false);
	add(&q, "root", false);
	assert_ptr_equal(queue_take(&q, false), entry);
	free(queue_pop(&q));
	next(&q, "root");
	queue_done(&q);
}

/* After an hour's work the next waits for the maximum; root does not. */
static void test_users_pay(void **state _unused_)
{
	struct queue q;

	queue_init(&q);
	add(&q, "user 1", true);
	add(&q, "user 2", true);
	assert_non_null(queue_take(&q, false));
	queue_spent(&q, UINT64_C(3600) * 1000000);
	free(queue_pop(&q));
	q.opens_usec += UINT64_C(3600) * 1000000; /* however slow this machine is */
	assert_null(queue_take(&q, false));
	assert_false(queue_is_ready(&q));
	assert_int_equal(queue_deadline(&q), q.opens_usec);
	add(&q, "root", false);
	assert_true(queue_is_ready(&q));
	next(&q, "root");
	q.opens_usec = 0;
	next(&q, "user 2");
	assert_true(queue_deadline(&q) == UINT64_MAX);
	queue_done(&q);
}

/* While there is something to heal a user's change continues rarely; root's continues. */
static void test_healing_first(void **state _unused_)
{
	struct queue q;

	queue_init(&q);
	add(&q, "user", true);
	assert_non_null(queue_take(&q, true));
	queue_spent(&q, 1000);
	q.steps_usec += UINT64_C(3600) * 1000000;
	assert_null(queue_take(&q, true));
	assert_non_null(queue_take(&q, false));
	free(queue_pop(&q));
	add(&q, "root", false);
	assert_non_null(queue_take(&q, true));
	queue_done(&q);
}

/* The user of a namespace is brought down before it, once. */
static void test_defer(void **state _unused_)
{
	struct queue q;

	queue_init(&q);
	add(&q, "maker", false);
	add(&q, "other", false);
	add(&q, "user", false);
	assert_non_null(queue_take(&q, false));
	assert_true(queue_defer(&q, "user", 1));
	next(&q, "other");
	next(&q, "user");
	assert_non_null(queue_take(&q, false));
	assert_false(queue_defer(&q, "user", 1));
	free(queue_pop(&q));
	queue_done(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root_first),    cmocka_unit_test(test_at_work), cmocka_unit_test(test_users_pay),
		cmocka_unit_test(test_healing_first), cmocka_unit_test(test_defer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
