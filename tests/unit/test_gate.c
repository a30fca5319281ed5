/* SPDX-License-Identifier: MIT */
/* test_gate.c - users take turns, and none of them runs while the gate is closed. */
#include "control/gate.h"
#include "usec.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { COSTLY_USEC = 50 * 1000, PENDING = 3 };

struct user {
	sd_event *event;
	unsigned done;
};

struct fixture {
	sd_event *outer;
	struct gate *gate;
	struct user users[3];
};

/* Takes so long that no other user may have a turn in the same opening. */
static int costly(_unused_ sd_event_source *s, void *arg)
{
	uint64_t until = usec_now(CLOCK_MONOTONIC) + COSTLY_USEC;

	((struct user *)arg)->done++;
	while (usec_now(CLOCK_MONOTONIC) < until)
		;
	return 0;
}

static int cheap(_unused_ sd_event_source *s, void *arg)
{
	((struct user *)arg)->done++;
	return 0;
}

/* Sends @n things for @user. */
static void ask(struct user *user, sd_event_handler_t what, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_true(sd_event_add_defer(user->event, NULL, what, user) >= 0);
}

static void fixture_init(struct fixture *f)
{
	struct err e;

	*f = (struct fixture){};
	assert_true(sd_event_new(&f->outer) >= 0);
	assert_int_equal(gate_new(&f->gate, f->outer, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(f->users); i++)
		f->users[i].event = gate_join(f->gate, (uid_t)(1000 + i));
}

static void fixture_done(struct fixture *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->users); i++)
		gate_leave(f->gate, (uid_t)(1000 + i));
	gate_free(f->gate);
	sd_event_unref(f->outer);
}

static unsigned done(const struct fixture *f)
{
	return f->users[0].done + f->users[1].done + f->users[2].done;
}

/* Waits until the gate is open again, which wakes the main loop. */
static void open_again(struct fixture *f)
{
	assert_true(sd_event_run(f->outer, 10 * 1000 * 1000) > 0);
}

/* However many one user has queued, each has a turn before it has its second. */
static void test_users_in_turn(void **state _unused_)
{
	struct fixture f;

	fixture_init(&f);
	ask(&f.users[0], costly, PENDING);
	ask(&f.users[1], costly, 1);
	ask(&f.users[2], costly, 1);
	for (unsigned i = 0; i < ARRAY_SIZE(f.users); i++) {
		gate_turn(f.gate, false);
		assert_int_equal(done(&f), i + 1);
		open_again(&f);
	}
	for (size_t i = 0; i < ARRAY_SIZE(f.users); i++)
		assert_int_equal(f.users[i].done, 1);
	fixture_done(&f);
}

/* After an expensive thing nothing is done for at least twice as long as it took. */
static void test_closed_in_proportion(void **state _unused_)
{
	struct fixture f;
	uint64_t began, now;

	fixture_init(&f);
	ask(&f.users[0], costly, PENDING);
	gate_turn(f.gate, false);
	began = usec_now(CLOCK_MONOTONIC);
	do {
		now = usec_now(CLOCK_MONOTONIC);
		gate_turn(f.gate, false);
	} while (f.users[0].done < 2);
	assert_true(now - began >= 2 * COSTLY_USEC);
	fixture_done(&f);
}

/* While netnsd itself is busy users wait longer, but not for ever. */
static void test_closed_for_longer(void **state _unused_)
{
	struct fixture f;
	uint64_t began, now;

	fixture_init(&f);
	ask(&f.users[0], costly, PENDING);
	gate_turn(f.gate, true);
	began = usec_now(CLOCK_MONOTONIC);
	do {
		now = usec_now(CLOCK_MONOTONIC);
		gate_turn(f.gate, true);
	} while (f.users[0].done < 2);
	assert_true(now - began >= 10 * COSTLY_USEC);
	fixture_done(&f);
}

/* Cheap things share an opening. */
static void test_cheap_together(void **state _unused_)
{
	unsigned turns = 0;
	struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(f.users); i++)
		ask(&f.users[i], cheap, 10);
	for (; done(&f) < 30; turns++) {
		gate_turn(f.gate, false);
		open_again(&f);
	}
	assert_true(turns < 30);
	fixture_done(&f);
}

static void test_count(void **state _unused_)
{
	struct fixture f;

	fixture_init(&f);
	assert_int_equal(gate_count(f.gate, 1000), 1);
	assert_int_equal(gate_count(f.gate, 1), 0);
	assert_ptr_equal(gate_join(f.gate, 1000), f.users[0].event);
	assert_int_equal(gate_count(f.gate, 1000), 2);
	gate_leave(f.gate, 1000);
	/* A user who has gone has no more turns. */
	assert_non_null(gate_join(f.gate, 7));
	gate_leave(f.gate, 7);
	gate_turn(f.gate, false);
	assert_int_equal(gate_count(f.gate, 7), 0);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users_in_turn),
		cmocka_unit_test(test_closed_in_proportion),
		cmocka_unit_test(test_closed_for_longer),
		cmocka_unit_test(test_cheap_together),
		cmocka_unit_test(test_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
