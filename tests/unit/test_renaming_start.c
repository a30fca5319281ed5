/* SPDX-License-Identifier: MIT */
/* test_renaming_start.c - what a start makes of a rename that was interrupted. */
#include "engine/start.h"
#include "naming.h"
#include "base/json.h"
#include "base/log.h"
#include "disk.h"
#include "engine/boot.h"
#include "records.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

/* As engine_new does. */
static void restart(struct fixture *f)
{
	struct err e;

	naming_stop(f);
	naming_start(f);
	assert_int_equal(engine_start(f->g, &e), 0);
	rename_finish_all(f->g);
}

/* Interrupted after each write, rename or unlink: what is there then is what a restart makes of it. */
static void test_interrupted(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	struct err e;

	naming_save(f, naming_add_down(f, "lab"));
	/* Before the record: nothing has happened. */
	assert_true(naming_prepare(f, "lab", "web", &o));
	job_done(&f->g->job);
	restart(f);
	assert_non_null(topology_find(&f->g->env, "lab", NULL));
	assert_string_equal(disk_list(disk_path(f->dir, "var/topologies")), "lab.json lab.source ");
	/* After it, and in the middle of the marks. */
	assert_true(naming_prepare(f, "lab", "web", &o));
	assert_int_equal(state_begin(&f->g->env.state, &f->g->job.next, &e), 0);
	job_done(&f->g->job);
	restart(f);
	naming_expect(f, "lab", "web");
	assert_string_equal(disk_list(disk_path(f->dir, "var/topologies")), "web.json web.source ");
}

/* It is shown as failed under the name that it had, and left alone. */
static void expect_left_alone(struct fixture *f, const char *words)
{
	struct topology *t = topology_find(&f->g->env, "lab", NULL);

	assert_null(topology_find(&f->g->env, "web", NULL));
	assert_int_equal(t->state, STATE_FAILED);
	assert_true(t->broken);
	assert_non_null(strstr(t->problems.v[0].message, words));
	assert_string_equal(disk_list(disk_path(f->dir, "pending")), "web.json ");
	assert_string_equal(disk_list(disk_path(f->dir, "known")), "lab.json ");
}

static void test_cannot_be_completed(void **state)
{
	struct fixture *f = *state;
	struct record *r;
	struct outcome o;
	struct err e;

	naming_add_down(f, "lab");
	assert_true(naming_prepare(f, "lab", "web", &o));
	r = &f->g->job.next;
	json_text_put(r->topology);
	r->topology = json_text("{\"nonsense\":1}");
	r->state = STATE_UP;
	assert_int_equal(state_begin(&f->g->env.state, r, &e), 0);
	job_done(&f->g->job);
	restart(f);
	expect_left_alone(f, "nonsense");
}

static void test_commit_fails_at_the_start(void **state)
{
	struct fixture *f = *state;
	struct outcome o;
	struct err e;

	naming_add_down(f, "lab");
	assert_true(naming_prepare(f, "lab", "web", &o));
	assert_int_equal(state_begin(&f->g->env.state, &f->g->job.next, &e), 0);
	job_done(&f->g->job);
	disk_fail(DISK_RENAMEAT, 1, ENOSPC);
	restart(f);
	disk_fail(0, 0, 0);
	expect_left_alone(f, "No space left on device");
	restart(f);
	assert_non_null(topology_find(&f->g->env, "web", NULL));
	assert_string_equal(disk_list(disk_path(f->dir, "known")), "web.json ");
}

/* After the commit, before what is left to do, or in the middle of it. */
static void test_interrupted_at_the_end(void **state)
{
	static const unsigned calls[] = { DISK_RENAMEAT, DISK_UNLINKAT };
	struct fixture *f = *state;

	for (size_t i = 0; i < 8; i++) {
		struct outcome o;

		naming_save(f, naming_add_down(f, "lab"));
		assert_true(naming_prepare(f, "lab", "web", &o));
		while (rename_step(&f->g->job))
			;
		assert_int_equal(f->g->job.result, 0);
		/* 0: interrupted at once; else a call fails, or there are not as many. */
		if (i)
			disk_fail(calls[i % 2], 1 + (unsigned)i / 2, EIO);
		if (i)
			rename_settle(f->g, &f->g->job, &o);
		disk_fail(0, 0, 0);
		problems_done(&o.problems);
		job_done(&f->g->job);
		restart(f);
		naming_expect(f, "lab", "web");
		assert_null(strstr(disk_list(disk_path(f->dir, "var/topologies")), "lab"));
		naming_stop(f);
		disk_teardown((void **)&f->dir);
		disk_setup((void **)&f->dir);
		naming_start(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_interrupted, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_cannot_be_completed, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_commit_fails_at_the_start, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_interrupted_at_the_end, naming_setup, naming_teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
