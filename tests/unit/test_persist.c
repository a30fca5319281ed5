/* SPDX-License-Identifier: MIT */
/* test_persist.c - a topology is saved for boot completely or not at all, and a disk that
 * fails leaves the previous one. */
#include "store/persist.h"
#include "disk.h"
#include "netnsd.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <sys/stat.h>

enum { CALLS = DISK_OPENAT | DISK_CHANGES };

/* The boot directory is in the test's, and created when needed. */
static const char *boot_dir(void **state)
{
	return disk_path(*state, "topologies");
}

static void expect(const char *dir, const char *name, const char *text)
{
	_cleanup_(freep) char *found = disk_read(dir, name);

	assert_non_null(found);
	assert_string_equal(found, text);
}

/* prepare and commit; returns the first refusal. */
static int persist(const char *dir, const char *name, const char *json, const char *source, struct err *e)
{
	struct json_object *topology = json_tokener_parse(json);
	int r = persist_prepare(dir, name, topology, source, e);

	json_object_put(topology);
	return r < 0 ? r : persist_commit(dir, name, e);
}

static void test_written(void **state)
{
	const char *dir = boot_dir(state);
	struct json_object *topology = json_tokener_parse("{\"a/b\":[1]}");
	struct stat st;
	struct err e;

	assert_int_equal(persist_prepare(dir, "lab", topology, "/etc/lab.json", &e), 0);
	/* Nothing that boot would read, before the commit. */
	assert_string_equal(disk_list(dir), ".lab.json.new .lab.source.new ");
	assert_int_equal(persist_commit(dir, "lab", &e), 0);
	assert_string_equal(disk_list(dir), "lab.json lab.source ");
	/* For people to read, and for root alone. */
	expect(dir, "lab.json", "{\n  \"a/b\": [\n    1\n  ]\n}");
	expect(dir, "lab.source", "/etc/lab.json");
	assert_int_equal(stat(disk_path(dir, "lab.json"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	json_object_put(topology);
}

static void test_given_up(void **state)
{
	const char *dir = boot_dir(state);
	struct json_object *topology = json_tokener_parse("{\"n\":2}");
	struct err e;

	assert_int_equal(persist(dir, "lab", "{}", "old", &e), 0);
	assert_int_equal(persist_prepare(dir, "lab", topology, "new", &e), 0);
	persist_abandon(dir, "lab");
	assert_string_equal(disk_list(dir), "lab.json lab.source ");
	expect(dir, "lab.source", "old");
	persist_abandon(disk_path(*state, "nowhere"), "lab");
	json_object_put(topology);
}

static void test_half_written(void **state)
{
	static const char *const stay[] = { ".new",     "..new",          "x.new",    ".hidden",
					    "lab.json", ".lab.json.news", "other.new" };
	const char *dir = boot_dir(state);

	assert_int_equal(mkdir(dir, 0700), 0);
	for (size_t i = 0; i < ARRAY_SIZE(stay); i++)
		disk_print(dir, stay[i], "{");
	disk_print(dir, ".lab.json.new", "{");
	disk_print(dir, ".x.new", "");
	persist_clear(dir);
	assert_string_equal(disk_list(dir), "..new .hidden .lab.json.news .new lab.json other.new x.new ");
	persist_clear(disk_path(*state, "nowhere"));
}

/* Whichever call fails: the topology is the one before or the one after, complete, and an error says so. */
static void test_disk_fails(void **state)
{
	static const int errors[] = { ENOSPC, EIO };
	const char *dir = boot_dir(state);
	unsigned at = 1, calls;
	struct err e;

	assert_int_equal(persist(dir, "lab", "{\"n\":1}", "old", &e), 0);
	disk_fail(CALLS, 0, 0);
	assert_int_equal(persist(dir, "lab", "{\"n\":1}", "old", &e), 0);
	calls = disk_calls();
	assert_true(calls > 12);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		for (at = 1; at <= calls; at++) {
			int r;

			disk_fail(CALLS, at, errors[i]);
			r = persist(dir, "lab", "{\"n\":2}", "new", &e);
			disk_fail(0, 0, 0);
			/* Only what clears the path may fail in vain now and then. */
			assert_true(r == 0 || r == -errors[i] || r == -EEXIST);
			if (r < 0)
				assert_non_null(strstr(e.text, strerror(-r)));
			persist_abandon(dir, "lab");
			assert_string_equal(disk_list(dir), "lab.json lab.source ");
			_cleanup_(freep) char *text = disk_read(dir, "lab.json");
			assert_true(!strcmp(text, "{\n  \"n\": 2\n}") || (r < 0 && !strcmp(text, "{\n  \"n\": 1\n}")));
			assert_int_equal(persist(dir, "lab", "{\"n\":1}", "old", &e), 0);
		}
}

static void test_each_call_matters(void **state)
{
	static const struct {
		enum disk_call call;
		unsigned at;
		const char *words;
	} rows[] = {
		{ DISK_WRITE, 1, "saving the topology for boot" },
		{ DISK_WRITE, 2, "saving the topology for boot" },
		{ DISK_FSYNC, 1, "saving the topology for boot" },
		{ DISK_FSYNC, 2, "saving the topology for boot" },
		{ DISK_FSYNC, 3, "/topologies: " },
		{ DISK_RENAMEAT, 1, "/topologies/lab.source" },
		{ DISK_RENAMEAT, 2, "/topologies/lab.json" },
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		disk_fail(rows[i].call, rows[i].at, ENOSPC);
		assert_int_equal(persist(boot_dir(state), "lab", "{}", "x", &e), -ENOSPC);
		assert_non_null(strstr(e.text, rows[i].words));
		assert_non_null(strstr(e.text, "No space left on device"));
	}
	disk_fail(0, 0, 0);
	disk_short(1);
	assert_int_equal(persist(boot_dir(state), "lab", "{\"n\":1}", "source", &e), 0);
	expect(boot_dir(state), "lab.json", "{\n  \"n\": 1\n}");
	expect(boot_dir(state), "lab.source", "source");
}

/* After each failure, which may as well be a power cut, one of the two counts, and it is done when repeated. */
static void test_in_place_of_another(void **state)
{
	const char *dir = boot_dir(state);
	_cleanup_(freep) char *old = must(strdup(disk_path(dir, "lab.json")));
	struct err e;

	for (unsigned at = 1; at <= 4; at++) {
		struct json_object *json = json_tokener_parse("{\"name\":\"web\"}");

		assert_int_equal(persist(dir, "lab", "{\"name\":\"lab\"}", "old", &e), 0);
		assert_int_equal(persist_prepare(dir, "web", json, "new", &e), 0);
		json_object_put(json);
		disk_fail(DISK_RENAMEAT, at, ENOSPC);
		assert_int_equal(persist_commit_over(dir, "web", old, &e), at > 3 ? 0 : -ENOSPC);
		disk_fail(0, 0, 0);
		_cleanup_(freep) char *after = disk_read(dir, at > 2 ? "web.json" : "lab.json");
		assert_non_null(strstr(after, at > 3 ? "\"web\"" : "\"lab\""));
		assert_true(!strstr(disk_list(dir), "lab.json ") || !strstr(disk_list(dir), " web.json "));
		if (at <= 3) {
			json = json_tokener_parse("{\"name\":\"web\"}");
			assert_int_equal(persist_prepare(dir, "web", json, "new", &e), 0);
			json_object_put(json);
			assert_int_equal(persist_commit_over(dir, "web", old, &e), 0);
		}
		assert_int_equal(persist_remove(dir, "lab", &e), 0);
		assert_string_equal(disk_list(dir), "web.json web.source ");
		assert_int_equal(persist_remove(dir, "web", &e), 0);
	}
}

static void test_removed(void **state)
{
	const char *dir = boot_dir(state);
	struct err e;

	/* Neither the directory nor the file need exist. */
	assert_int_equal(persist_remove(dir, "lab", &e), 0);
	assert_int_equal(persist(dir, "lab", "{}", "x", &e), 0);
	assert_int_equal(persist(dir, "other", "{}", "x", &e), 0);
	/* The topology goes first. */
	disk_fail(DISK_UNLINKAT, 2, EIO);
	assert_int_equal(persist_remove(dir, "lab", &e), -EIO);
	assert_non_null(strstr(e.text, "/topologies/lab.source: Input/output error"));
	assert_string_equal(disk_list(dir), "lab.source other.json other.source ");
	disk_fail(DISK_FSYNC, 1, EIO);
	assert_int_equal(persist_remove(dir, "lab", &e), -EIO);
	disk_fail(0, 0, 0);
	assert_int_equal(persist_remove(dir, "lab", &e), 0);
	assert_string_equal(disk_list(dir), "other.json other.source ");
}

/* Whatever is in the place of a file of ours is not followed, nor written to. */
static void test_hostile_places(void **state)
{
	const char *dir = boot_dir(state), *theirs = disk_path(*state, "theirs");
	struct err e;

	assert_int_equal(mkdir(dir, 0700), 0);
	disk_print(*state, "theirs", "untouched");
	assert_int_equal(symlink(theirs, disk_path(dir, ".lab.json.new")), 0);
	assert_int_equal(symlink(theirs, disk_path(dir, "lab.json")), 0);
	assert_int_equal(link(theirs, disk_path(dir, ".lab.source.new")), 0);
	assert_int_equal(persist(dir, "lab", "{}", "x", &e), 0);
	expect(*state, "theirs", "untouched");
	expect(dir, "lab.json", "{\n}");
	disk_clear(dir);
	assert_int_equal(mkdir(disk_path(dir, ".lab.source.new"), 0700), 0);
	assert_int_equal(persist(dir, "lab", "{}", "x", &e), -EEXIST);
	disk_clear(dir);
	assert_int_equal(mkdir(disk_path(dir, "lab.json"), 0700), 0);
	assert_int_equal(persist(dir, "lab", "{}", "x", &e), -EISDIR);
	assert_non_null(strstr(e.text, "/topologies/lab.json: Is a directory"));
}

static void test_hostile_directories(void **state)
{
	const char *dir = boot_dir(state);
	struct stat st;
	struct err e;

	assert_int_equal(mkdir(disk_path(*state, "theirs"), 0700), 0);
	assert_int_equal(symlink("theirs", dir), 0);
	assert_true(persist(dir, "lab", "{}", "x", &e) < 0);
	assert_string_equal(disk_list(disk_path(*state, "theirs")), "");
	assert_int_equal(unlink(dir), 0);
	disk_print(*state, "topologies", "");
	assert_int_equal(persist(dir, "lab", "{}", "x", &e), -ENOTDIR);
	assert_int_equal(unlink(dir), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(stat(dir, &st), 0);
	disk_owner(st.st_ino, 12345);
	assert_int_equal(persist(dir, "lab", "{}", "x", &e), -EPERM);
	assert_non_null(strstr(e.text, "/topologies: belongs to user 12345"));
	assert_int_equal(persist_remove(dir, "lab", &e), -EPERM);
	assert_string_equal(disk_list(dir), "");
}

/* A topology as large as a file may be is written without its white space, and a larger one not at all. */
static void test_limit(void **state)
{
	const char *dir = boot_dir(state);
	char *text = must(malloc(TOPOLOGY_MAX + 1));
	struct json_object *o = json_object_new_object();
	struct stat st;
	struct err e;

	memset(text, 'x', TOPOLOGY_MAX);
	/* {"":"xxx"} has seven characters more than its text. */
	text[TOPOLOGY_MAX - 7] = '\0';
	json_object_object_add(o, "", json_object_new_string(text));
	assert_int_equal(persist_prepare(dir, "lab", o, "x", &e), 0);
	assert_int_equal(stat(disk_path(dir, ".lab.json.new"), &st), 0);
	assert_int_equal(st.st_size, TOPOLOGY_MAX);
	text[TOPOLOGY_MAX - 7] = 'x';
	text[TOPOLOGY_MAX - 6] = '\0';
	json_object_object_add(o, "", json_object_new_string(text));
	assert_int_equal(persist_prepare(dir, "lab", o, "x", &e), -EFBIG);
	assert_non_null(strstr(e.text, "the topology has 8388609 bytes, at most 8388608 are accepted at boot"));
	json_object_put(o);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_given_up, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_half_written, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_disk_fails, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_each_call_matters, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_in_place_of_another, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_removed, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_places, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_directories, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_limit, disk_setup, disk_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
