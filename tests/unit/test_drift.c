/* SPDX-License-Identifier: MIT */
/* test_drift.c - occasional drift is healed at once, what is changed again and again ever
 * more seldom, and nothing is remembered for ever. */
#include "model/drift.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define SECOND UINT64_C(1000000)
enum { REMEMBERED_MAX = 1024 };

struct fixture {
	struct model model;
	struct drifts drifts;
};

static int setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));

	model_init(&f->model, &toy_kinds);
	f->drifts = (struct drifts){ .burst = 3, .window = 10 * SECOND };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	drifts_done(&f->drifts);
	model_done(&f->model);
	free(f);
	return 0;
}

static struct object *link_add(struct fixture *f, const char *netns, const char *name)
{
	struct object *o = object_new(&f->model, kinds_find(&toy_kinds, "link", "switch"), netns, name);

	assert_int_equal(model_add(&f->model, o, NULL), 0);
	return o;
}

/* Drifts and is healed @n times, @apart microseconds apart; how often that made it contested. */
static unsigned fight(struct fixture *f, struct object *o, unsigned n, uint64_t *now, uint64_t apart)
{
	unsigned contested = 0;

	for (unsigned i = 0; i < n; i++, *now += apart)
		contested += drift_heal(&f->drifts, drift_note(&f->drifts, o, *now), *now);
	return contested;
}

static void test_now_and_then(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	uint64_t now = SECOND;

	assert_null(drift_find(&f->drifts, o));
	/* Seldom enough never counts as a fight. */
	assert_int_equal(fight(f, o, 100, &now, 11 * SECOND), 0);
	assert_int_equal(drift_find(&f->drifts, o)->until, 0);
	assert_int_equal(drift_next(&f->drifts), UINT64_MAX);
}

static void test_burst(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	uint64_t now = SECOND;
	struct drift *one;

	assert_int_equal(fight(f, o, 2, &now, 1000), 0);
	assert_false(drift_is_contested(&f->drifts, drift_find(&f->drifts, o), now));
	/* The last of the burst is reported, once. */
	assert_int_equal(fight(f, o, 1, &now, 1000), 1);
	one = drift_find(&f->drifts, o);
	assert_true(drift_is_contested(&f->drifts, one, now));
	assert_int_equal(one->until - (now - 1000), SECOND);
	assert_int_equal(fight(f, o, 1, &now, 1000), 0);
}

static void test_pauses_double_up_to_a_bound(void **state)
{
	static const unsigned seconds[] = { 1, 2, 4, 8, 16, 32, 64, 64, 64 };
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	uint64_t now = SECOND;

	fight(f, o, 2, &now, 0);
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		struct drift *one = drift_note(&f->drifts, o, now);

		(void)drift_heal(&f->drifts, one, now);
		assert_int_equal(one->until - now, seconds[i] * SECOND);
		now = one->until;
	}
}

static void test_due_once(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	uint64_t now = SECOND;
	struct drift *one;

	fight(f, o, 3, &now, 0);
	one = drift_note(&f->drifts, o, now);
	assert_int_equal(drift_next(&f->drifts), now + SECOND);
	assert_false(drift_due(one, now + SECOND - 1));
	assert_true(drift_due(one, now + SECOND));
	assert_false(drift_due(one, now + SECOND));
	assert_int_equal(drift_next(&f->drifts), UINT64_MAX);
}

static void test_quiet_ends_the_fight(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	uint64_t now = SECOND;
	struct drift *one;

	fight(f, o, 3, &now, 0);
	one = drift_find(&f->drifts, o);
	now += 11 * SECOND;
	assert_false(drift_is_contested(&f->drifts, one, now));
	one = drift_note(&f->drifts, o, now);
	assert_int_equal(one->heals, 0);
	assert_int_equal(one->until, 0);
	assert_int_equal(one->since, now);
}

static void test_refused_is_no_fight(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	uint64_t now = SECOND;
	struct drift *one = drift_note(&f->drifts, o, now);

	drift_refuse(one, now);
	assert_int_equal(one->until - now, SECOND);
	drift_refuse(one, now);
	assert_int_equal(one->until - now, 2 * SECOND);
	assert_false(drift_is_contested(&f->drifts, one, now));
	/* Healed at last, nothing waits. */
	assert_false(drift_heal(&f->drifts, one, now));
	assert_int_equal(one->until, 0);
	assert_false(one->open);
}

static void test_put_off_is_no_fight(void **state)
{
	struct fixture *f = *state;
	struct drift *one = drift_note(&f->drifts, link_add(f, "ns1", "a"), SECOND);

	drift_put_off(one, SECOND);
	assert_true(one->put_off);
	assert_int_equal(one->until, 61 * SECOND);
	assert_false(drift_is_contested(&f->drifts, one, SECOND));
}

static void test_settle_by_place(void **state)
{
	struct fixture *f = *state;
	struct object *a = link_add(f, "ns1", "a"), *b = link_add(f, "ns1", "b"), *c = link_add(f, "ns2", "a");
	struct object *all[] = { a, b, c };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		drift_note(&f->drifts, all[i], SECOND);
	/* What was noted at that moment is not as declared. */
	drift_settle(&f->drifts, "ns1", NULL, SECOND);
	assert_true(drift_find(&f->drifts, a)->open);
	drift_settle(&f->drifts, "ns1", "a", 2 * SECOND);
	assert_false(drift_find(&f->drifts, a)->open);
	assert_true(drift_find(&f->drifts, b)->open);
	assert_true(drift_find(&f->drifts, c)->open);
	drift_settle(&f->drifts, "ns1", NULL, 2 * SECOND);
	assert_false(drift_find(&f->drifts, b)->open);
	assert_true(drift_find(&f->drifts, c)->open);
	drift_settle_all(&f->drifts);
	assert_false(drift_find(&f->drifts, c)->open);
}

static void test_words(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	struct drift *one = drift_note(&f->drifts, o, SECOND);

	drift_say(one, o, "mtu 1500", "mtu 1400", "pid 7 (ip)");
	drift_say(one, o, "mtu 1500", NULL, NULL);
	assert_string_equal(one->object, "ns1/a");
	assert_string_equal(one->kind, "switch");
	assert_null(one->actual);
	/* Who did it first is still the best information. */
	assert_string_equal(one->by, "pid 7 (ip)");
}

static void test_only_what_is_declared_is_remembered(void **state)
{
	struct fixture *f = *state;
	struct object *a = link_add(f, "ns1", "a"), *b = link_add(f, "ns1", "b");
	struct model declared;

	drift_note(&f->drifts, a, SECOND);
	drift_note(&f->drifts, b, SECOND);
	model_init(&declared, &toy_kinds);
	model_add(&declared, object_copy(&declared, a, ~UINT64_C(0)), NULL);
	drift_declared(&f->drifts, &declared);
	assert_int_equal(f->drifts.n, 1);
	assert_false(drift_find(&f->drifts, a)->open);
	assert_null(drift_find(&f->drifts, b));
	model_done(&declared);
}

static void test_bound(void **state)
{
	struct fixture *f = *state;
	struct object *last = NULL;
	uint64_t now = SECOND;
	char name[16];

	for (unsigned i = 0; i <= REMEMBERED_MAX; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		last = link_add(f, "ns1", name);
		assert_int_equal(!drift_note(&f->drifts, last, now), i == REMEMBERED_MAX);
	}
	/* What is over makes room for it; what is open does not. */
	drift_settle_all(&f->drifts);
	assert_null(drift_note(&f->drifts, last, now));
	now += 11 * SECOND;
	assert_non_null(drift_note(&f->drifts, last, now));
	assert_int_equal(f->drifts.n, 1);
}

/* What is only recorded is reported once it is noted in full; what is skipped is logged
 * when its reason changes, or after a minute. */
static void test_skipped(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	struct drift *one = drift_note_quietly(&f->drifts, o, SECOND);

	assert_true(one->open && !drift_is_told(one));
	assert_true(drift_skip(one, WHY_NOT_BLOCKED, SECOND));
	assert_false(drift_skip(one, WHY_NOT_BLOCKED, 60 * SECOND));
	assert_true(drift_skip(one, WHY_NOT_BLOCKED, 61 * SECOND));
	assert_true(drift_skip(one, WHY_NOT_REFUSED, 62 * SECOND));
	/* It is not known yet whether it is healed, nor was it reported. */
	assert_ptr_equal(drift_note(&f->drifts, o, 63 * SECOND), one);
	assert_int_equal(one->why, WHY_NOT_NONE);
	assert_false(drift_is_told(one));
	one->quiet = false;
	assert_true(drift_is_told(drift_note_quietly(&f->drifts, o, 64 * SECOND)));
	drift_skip(one, WHY_NOT_REFUSED, 64 * SECOND);
	drift_heal(&f->drifts, one, 65 * SECOND);
	assert_true(!one->open && one->why == WHY_NOT_NONE);
	assert_false(drift_is_told(NULL));
}

static void test_damped_by(void **state)
{
	struct fixture *f = *state;
	struct object *o = link_add(f, "ns1", "a");
	struct drift *one = drift_note(&f->drifts, o, SECOND);

	assert_int_equal(drift_damped_by(NULL, SECOND), WHY_NOT_NONE);
	assert_int_equal(drift_damped_by(one, SECOND), WHY_NOT_NONE);
	drift_refuse(one, SECOND);
	assert_int_equal(drift_damped_by(one, SECOND), WHY_NOT_REFUSED);
	assert_int_equal(drift_damped_by(one, 2 * SECOND), WHY_NOT_NONE);
	drift_put_off(one, 2 * SECOND);
	assert_int_equal(drift_damped_by(one, 3 * SECOND), WHY_NOT_OTHERS_MISSING);
	drift_heal(&f->drifts, one, 3 * SECOND);
	for (unsigned i = 0; i < 5; i++)
		drift_heal(&f->drifts, drift_note(&f->drifts, o, 4 * SECOND), 4 * SECOND);
	assert_int_equal(drift_damped_by(one, 4 * SECOND), WHY_NOT_CONTESTED);
}

/* Drift that nothing can be done about leaves room for what can be healed. */
static void test_quiet_bound(void **state)
{
	struct fixture *f = *state;
	char name[16];

	for (unsigned i = 0; i <= REMEMBERED_MAX / 2; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		assert_int_equal(!drift_note_quietly(&f->drifts, link_add(f, "ns1", name), SECOND),
				 i == REMEMBERED_MAX / 2);
	}
	assert_non_null(drift_note(&f->drifts, link_add(f, "ns1", "more"), SECOND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_now_and_then, setup, teardown),
		cmocka_unit_test_setup_teardown(test_burst, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pauses_double_up_to_a_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_due_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quiet_ends_the_fight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_is_no_fight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_put_off_is_no_fight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_settle_by_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_only_what_is_declared_is_remembered, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damped_by, setup, teardown),
		cmocka_unit_test_setup_teardown(test_quiet_bound, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
