/* SPDX-License-Identifier: MIT */
/* test_confirm.c - what a rollback leads to when nobody has confirmed in time, and what
 * happens when it is refused; all clocks are stopped. */
#include "engine/confirm.h"
#include "disk.h"
#include "engine/boot.h"
#include "naming.h"
#include "records.h"
#include "toy.h"
#include "base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

#define SECOND UINT64_C(1000000)
#define NOW (1000 * SECOND)

static int setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));

	disk_setup((void **)&f->dir);
	disk_stop_time(NOW);
	f->g = must(calloc(1, sizeof(*f->g)));
	f->g->env.kinds = &toy_kinds;
	state_opened(&f->g->env.state, f->dir);
	f->g->env.events = events_new(f->dir);
	f->g->boot = boot_new(&toy_kinds, disk_path(f->dir, "boot"), disk_path(f->dir, "kept"));
	queue_init(&f->g->queue);
	*state = f;
	return 0;
}

/* A topology that is up and awaits confirmation until @usec, 0: not. */
static struct topology *add(struct fixture *f, const char *name, uint64_t usec)
{
	struct record r = { .state = STATE_UP, .confirm_usec = usec };

	r.topology = json_text("{\"description\":\"now\"}");
	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.source, sizeof(r.source), "/now.json");
	model_init(&r.saved, &toy_kinds);
	model_init(&r.delta, &toy_kinds);
	topology_take(&f->g->env, &r, NULL);
	record_done(&r);
	return topology_find(&f->g->env, name, NULL);
}

static void test_left(void **state _unused_)
{
	assert_int_equal(confirm_left(0), 0);
	assert_int_equal(confirm_left(NOW + 5), 5);
	/* 0 would mean that no confirmation is needed. */
	assert_int_equal(confirm_left(NOW), 1);
	assert_int_equal(confirm_left(1), 1);
}

static void test_overdue(void **state)
{
	struct fixture *f = *state;

	assert_false(confirm_overdue(add(f, "lab", 0)));
	assert_false(confirm_overdue(add(f, "lab", NOW + 1)));
	assert_true(confirm_overdue(add(f, "lab", NOW)));
}

static void test_who_has_to_wait(void **state)
{
	static const struct {
		enum change_type type;
		bool waits;
	} rows[] = {
		{ CHANGE_APPLY, true }, { CHANGE_UP, true },       { CHANGE_DOWN, true },
		{ CHANGE_ADOPT, true }, { CHANGE_CONFIRM, false }, { CHANGE_ROLLBACK, false },
	};
	struct fixture *f = *state;

	add(f, "waits", NOW + 1);
	add(f, "other", 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct change c = { .type = rows[i].type, .name = "waits" };

		assert_int_equal(confirm_awaited(f->g, &c), rows[i].waits);
		snprintf(c.name, sizeof(c.name), "other");
		assert_false(confirm_awaited(f->g, &c));
		snprintf(c.name, sizeof(c.name), "nowhere");
		assert_false(confirm_awaited(f->g, &c));
	}
}

static void test_what_is_kept(void **state)
{
	struct fixture *f = *state;
	struct topology *t = add(f, "lab", 0);
	struct change c = { .type = CHANGE_APPLY, .confirm_seconds = 60 };
	struct job j = { .next.topology = json_text("{\"description\":\"next\"}") };
	struct previous before = { 0 };

	assert_false(confirm_previous(t, &before));
	confirm_keep(&j, t, &c);
	assert_int_equal(j.next.confirm_usec, NOW + 60 * SECOND);
	t->previous = TAKE(j.next.previous);
	assert_true(confirm_previous(t, &before));
	assert_string_equal(before.source, "/now.json");
	assert_string_equal(json_text_chars(before.topology), "{\"description\":\"now\"}");
	previous_done(&before);
	/* Back to what is down. */
	t->state = STATE_DOWN;
	c.confirm_seconds = 0;
	confirm_keep(&j, t, &c);
	assert_int_equal(j.next.confirm_usec, 0);
	json_text_put(t->previous);
	t->previous = TAKE(j.next.previous);
	assert_false(confirm_previous(t, &before));
	assert_string_equal(before.source, "/now.json");
	previous_done(&before);
	/* Back to nothing. */
	confirm_keep(&j, NULL, &c);
	assert_null(j.next.previous);
	/* A change that leads to the same leaves the previous one, and so do all but an
	 * apply and a rollback. */
	t->state = STATE_UP;
	j.next.previous = json_text("{\"kept\":1}");
	j.next.confirm_usec = 7;
	json_text_put(j.next.topology);
	j.next.topology = json_text_get(t->json);
	confirm_keep(&j, t, &c);
	json_text_put(j.next.topology);
	j.next.topology = json_text("{}");
	for (c.type = CHANGE_UP; c.type <= CHANGE_ADOPT; c.type++)
		if (c.type != CHANGE_ROLLBACK)
			confirm_keep(&j, t, &c);
	assert_string_equal(json_text_chars(j.next.previous), "{\"kept\":1}");
	assert_int_equal(j.next.confirm_usec, 7);
	c.type = CHANGE_ROLLBACK;
	confirm_keep(&j, t, &c);
	assert_null(strstr(json_text_chars(j.next.previous), "kept"));
	json_text_put(j.next.previous);
	json_text_put(j.next.topology);
}

static void test_confirmed(void **state)
{
	struct fixture *f = *state;
	struct topology *t = add(f, "lab", NOW + 1);
	struct found found = { 0 };
	struct err e;

	assert_int_equal(confirm_take(f->g, "lab", &e), 0);
	assert_int_equal(t->confirm_usec, 0);
	found_read(&f->g->env.state, false, &found);
	assert_string_equal(found.text, "lab: good\n");
	assert_int_equal(found.last.confirm_usec, 0);
	record_done(&found.last);
	/* And is saved for boot, if requested. */
	t = add(f, "lab", NOW + 1);
	t->persist = true;
	/* Neither the file of the boot directory, nor the record after it. */
	for (unsigned at = 1; at <= 4; at += 3) {
		disk_fail(DISK_FSYNC, at, ENOSPC);
		assert_int_equal(confirm_take(f->g, "lab", &e), -ENOSPC);
		assert_true(t->persist);
		assert_int_equal(t->confirm_usec, NOW + 1);
	}
	disk_fail(0, 0, 0);
	assert_int_equal(confirm_take(f->g, "lab", &e), 0);
	assert_false(t->persist);
	assert_string_equal(disk_list(disk_path(f->dir, "kept/topologies")), "lab.json lab.source ");
}

/* Whatever of it cannot be written: it is not confirmed, and can be again. */
static void test_not_written(void **state)
{
	struct fixture *f = *state;
	struct topology *t = add(f, "lab", NOW - 1);
	struct err e;

	t->state = STATE_FAILED;
	t->broken = true;
	t->refusals = 3;
	problem_add(&t->problems, -EBUSY, NULL, "in the way");
	for (unsigned at = 1; at <= 4; at++) {
		disk_fail(DISK_OPENAT | DISK_WRITE | DISK_FSYNC | DISK_RENAMEAT, at, ENOSPC);
		assert_int_equal(confirm_take(f->g, "lab", &e), -ENOSPC);
		disk_fail(0, 0, 0);
		assert_int_equal(t->confirm_usec, NOW - 1);
		assert_int_equal(t->state, STATE_FAILED);
		assert_true(t->broken);
		assert_int_equal(t->refusals, 3);
		assert_int_equal(t->problems.n, 1);
	}
	/* What could not be rolled back is confirmed, and is healed again. */
	assert_int_equal(confirm_take(f->g, "lab", &e), 0);
	assert_int_equal(t->state, STATE_UP);
	assert_false(t->broken);
	assert_int_equal(t->refusals, 0);
	assert_int_equal(t->problems.n, 0);
}

static void test_deadline(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(confirm_deadline(f->g), UINT64_MAX);
	add(f, "a", NOW + 3);
	add(f, "b", NOW + 2);
	add(f, "c", 0);
	assert_int_equal(confirm_deadline(f->g), NOW + 2);
}

/* The next queued rollback, which is begun. */
static struct entry *begun(struct fixture *f, const char *name)
{
	struct entry *entry = queue_take(&f->g->queue, false);

	assert_non_null(entry);
	assert_int_equal(entry->change.type, CHANGE_ROLLBACK);
	assert_true(entry->change.overdue);
	assert_string_equal(entry->change.name, name);
	return queue_pop(&f->g->queue);
}

static void test_due(void **state)
{
	struct fixture *f = *state;
	struct job at_work = { 0 };

	add(f, "a", NOW + 3);
	add(f, "b", NOW + 2);
	add(f, "c", 0);
	f->g->env.changing = &at_work;
	confirm_tick(f->g);
	assert_null(queue_take(&f->g->queue, false));
	assert_null(at_work.wait.ends);
	disk_time(2);
	confirm_tick(f->g);
	/* Once: it is queued. */
	confirm_tick(f->g);
	free(begun(f, "b"));
	assert_null(queue_take(&f->g->queue, false));
	/* A change that waits for the kernel does not delay it, one that is already rolled back does. */
	assert_non_null(at_work.wait.ends);
	assert_int_equal(confirm_deadline(f->g), NOW + 3);
	at_work = (struct job){ .rolling_back = true };
	disk_time(1);
	confirm_tick(f->g);
	free(begun(f, "a"));
	assert_null(at_work.wait.ends);
	assert_int_equal(confirm_deadline(f->g), UINT64_MAX);
}

static void test_refused(void **state)
{
	static const unsigned seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60 };
	struct fixture *f = *state;
	struct topology *t = add(f, "lab", NOW);
	struct outcome o = { .code = OUTCOME_REFUSED, .name = "lab" };
	struct json_object *events;

	problem_add(&o.problems, -EEXIST, NULL, "somebody is there");
	for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
		struct entry *entry;

		confirm_tick(f->g);
		entry = begun(f, "lab");
		entry->change.done(entry->change.arg, &o);
		free(entry);
		assert_int_equal(confirm_left(t->due_usec), seconds[i] * SECOND);
		assert_int_equal(t->state, STATE_FAILED);
		assert_int_equal(t->problems.n, 1);
		assert_int_equal(t->problems.v[0].code, -EEXIST);
		assert_non_null(strstr(t->problems.v[0].message, "somebody is there"));
		confirm_tick(f->g);
		assert_null(queue_take(&f->g->queue, false));
		disk_time(seconds[i] * SECOND);
	}
	/* However often that happened. */
	t->refusals = 64;
	confirm_tick(f->g);
	struct entry *last = begun(f, "lab");
	last->change.done(last->change.arg, &o);
	free(last);
	assert_int_equal(confirm_left(t->due_usec), 60 * SECOND);
	events = events_last(f->g->env.events, "lab", 99);
	assert_int_equal(json_object_array_length(events), ARRAY_SIZE(seconds) + 1);
	json_object_put(events);
	problems_done(&o.problems);
}

/* Confirmed, or forgotten, while the rollback was queued. */
static void test_no_longer_due(void **state)
{
	struct fixture *f = *state;
	struct topology *t = add(f, "lab", NOW);
	struct outcome o = { .code = OUTCOME_REFUSED, .name = "lab" };
	struct entry *entry;

	confirm_tick(f->g);
	entry = begun(f, "lab");
	t->confirm_usec = 0;
	entry->change.done(entry->change.arg, &o);
	assert_int_equal(t->state, STATE_UP);
	assert_int_equal(t->refusals, 0);
	topology_drop(&f->g->env, "lab");
	entry->change.done(entry->change.arg, &o);
	free(entry);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_left, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_overdue, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_who_has_to_wait, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_what_is_kept, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_confirmed, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_not_written, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_deadline, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_due, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_no_longer_due, setup, naming_teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
