/* SPDX-License-Identifier: MIT */
/* test_renaming.c - what netnsd has of a topology on disk and in memory gets another name, if it may. */
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

#define RULES "\"host\":{\"filter\":{\"input\":\"drop\"}}"

static void expect_refused(struct fixture *f, const char *from, const char *to, const char *words)
{
	struct outcome o;

	assert_false(naming_prepare(f, from, to, &o));
	assert_int_equal(o.code, *words ? OUTCOME_REFUSED : OUTCOME_NO_SUCH_TOPOLOGY);
	if (*words && !strstr(o.problems.v[0].message, words))
		fail_msg("%s", o.problems.v[0].message);
	problems_done(&o.problems);
	job_done(&f->g->job);
	assert_string_equal(disk_list(disk_path(f->dir, "pending")), "");
}

static void rename_done(struct fixture *f, const char *from, const char *to)
{
	struct outcome o;

	if (!naming_prepare(f, from, to, &o))
		fail_msg("%s", o.problems.v[0].message);
	while (rename_step(&f->g->job))
		;
	rename_settle(f->g, &f->g->job, &o);
	job_done(&f->g->job);
	assert_int_equal(o.code, OUTCOME_DONE);
	assert_string_equal(o.name, to);
	assert_string_equal(o.source, from);
}

static void test_in_memory_and_on_disk(void **state)
{
	struct fixture *f = *state;
	struct topology *t = naming_add_down(f, "lab");

	rename_done(f, "lab", "web");
	/* What is watched refers to it. */
	assert_ptr_equal(topology_find(&f->g->env, "web", NULL), t);
	naming_expect(f, "lab", "web");
	/* A restart finds the same. */
	events_free(f->g->env.events);
	f->g->env.events = events_new(f->dir);
	naming_expect(f, "lab", "web");
	rename_done(f, "web", "other");
	assert_string_equal(topology_macs(t), "lab");
	rename_done(f, "other", "lab");
	assert_string_equal(t->macs, "");
}

static void test_order_of_topologies(void **state)
{
	struct fixture *f = *state;

	naming_add_down(f, "b");
	naming_add_down(f, "d");
	naming_add_down(f, "f");
	rename_done(f, "b", "e");
	rename_done(f, "f", "a");
	assert_string_equal(f->g->env.topologies[0]->name, "a");
	assert_string_equal(f->g->env.topologies[1]->name, "d");
	assert_string_equal(f->g->env.topologies[2]->name, "e");
	rename_done(f, "d", "z");
	assert_string_equal(f->g->env.topologies[2]->name, "z");
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct topology *t = naming_add_down(f, "lab");

	naming_add_down(f, "web");
	expect_refused(f, "nowhere", "x", "");
	expect_refused(f, "lab", "lab", "its name already");
	expect_refused(f, "lab", "web", "there is already a topology web; netnsctl down --forget web");
	t->broken = true;
	expect_refused(f, "lab", "x", "could not be completed: netnsctl status lab");
	t->broken = false;
	assert_string_equal(disk_list(disk_path(f->dir, "known")), "lab.json web.json ");
}

static void put_file(struct fixture *f, const char *file, const char *name)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"name\":\"%s\",\"description\":\"d\"}", name);
	disk_print(disk_path(f->dir, "etc"), file, text);
}

/* netnsd does not write to the administrator's files; it follows them. */
static void test_file_of_the_administrator(void **state)
{
	struct fixture *f = *state;
	struct topology *t;

	assert_int_equal(mkdir(disk_path(f->dir, "etc"), 0755), 0);
	put_file(f, "lab.json", "lab");
	t = naming_add_down(f, "lab");
	expect_refused(f, "lab", "web", "etc/lab.json is used at boot and is not netnsd's: set \"name\": \"web\"");
	put_file(f, "other.json", "other");
	expect_refused(f, "other", "x", "is used at boot");
	put_file(f, "lab.json", "web");
	expect_refused(f, "lab", "other", "there is already a topology other, in ");
	rename_done(f, "lab", "web");
	naming_expect(f, "lab", "web");
	assert_true(t->boot);
	assert_int_equal(t->on_disk, ON_DISK_SAME);
	assert_false(t->unapplied);
}

/* Rules of two topologies in one namespace: their order is that of the names. */
static void test_order_of_rules(void **state)
{
	struct fixture *f = *state;
	struct outcome o;

	naming_add(f, "lab", STATE_UP, RULES);
	naming_add(f, "n", STATE_DOWN, RULES);
	naming_add(f, "p", STATE_UP, RULES);
	naming_add(f, "q", STATE_UP, NAMING_NOTHING);
	expect_refused(f, "lab", "q1", "lab and p both have rules in host");
	expect_refused(f, "lab", "q1", "choose a name that sorts before p, as lab does");
	expect_refused(f, "p", "a", "choose a name that sorts after lab, as p does");
	/* It passes one that is down, and one without rules. */
	assert_true(naming_prepare(f, "lab", "o", &o));
	job_done(&f->g->job);
	assert_true(naming_prepare(f, "p", "r", &o));
	job_done(&f->g->job);
}

static void test_saved_for_boot(void **state)
{
	struct fixture *f = *state;
	_cleanup_(freep) char *json = NULL, *source = NULL;
	struct topology *t = naming_add_down(f, "lab");
	const char *dir;

	naming_save(f, t);
	rename_done(f, "lab", "web");
	dir = disk_path(f->dir, "var/topologies");
	assert_string_equal(disk_list(dir), "web.json web.source ");
	json = disk_read(dir, "web.json");
	assert_non_null(strstr(json, "\"name\": \"web\""));
	source = disk_read(dir, "web.source");
	assert_non_null(strstr(source, "etc/lab.json"));
	naming_expect(f, "lab", "web");
	assert_true(t->boot);
}

/* A full disk is noticed before anything has changed. */
static void test_disk_full(void **state)
{
	struct fixture *f = *state;

	naming_save(f, naming_add_down(f, "lab"));
	disk_fail(DISK_WRITE, 1, ENOSPC);
	expect_refused(f, "lab", "web", "No space left on device");
	disk_fail(0, 0, 0);
	assert_string_equal(disk_list(disk_path(f->dir, "var/topologies")), "lab.json lab.source ");
	assert_string_equal(disk_list(disk_path(f->dir, "known")), "lab.json ");
}

/* What a rollback leads to has the name as well. */
static void test_previous(void **state)
{
	struct fixture *f = *state;
	struct previous p = { .state = STATE_UP, .topology = json_text("{\"name\":\"lab\"}") };
	struct topology *t = naming_add_down(f, "lab");
	_cleanup_(json_putp) struct json_object *json = NULL;
	struct err e;

	t->previous = previous_text(&p);
	previous_done(&p);
	rename_done(f, "lab", "web");
	assert_int_equal(previous_read(t->previous, &p, &e), 0);
	json = json_text_parse(p.topology);
	assert_string_equal(json_object_get_string(json_object_object_get(json, "name")), "web");
	previous_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_memory_and_on_disk, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_order_of_topologies, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_refused, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_file_of_the_administrator, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_order_of_rules, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_saved_for_boot, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_disk_full, naming_setup, naming_teardown),
		cmocka_unit_test_setup_teardown(test_previous, naming_setup, naming_teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
