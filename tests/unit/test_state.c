/* SPDX-License-Identifier: MIT */
/* test_state.c - records on disk: what is written is read again to the last field, a disk
 * that fails leaves the previous record, and nothing that netnsd cannot have written is
 * taken for one. */
#include "records.h"
#include "base/log.h"
#include "disk.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

static void test_from_begin_to_forget(void **state)
{
	const char *known = disk_path(*state, "known"), *pending = disk_path(*state, "pending");
	struct found f = { 0 };
	struct record r;
	struct state s;
	struct stat st;
	struct err e;

	state_opened(&s, *state);
	record_make(&r, "a-name.of_64-bytes.....................................60.4");
	assert_int_equal(state_begin(&s, &r, &e), 0);
	found_read(&s, false, &f);
	assert_int_equal(f.n, 0);
	found_read(&s, true, &f);
	record_expect_same(&r, &f.last);
	assert_int_equal(state_commit(&s, r.name, &e), 0);
	assert_string_equal(disk_list(pending), "");
	state_close(&s);
	state_opened(&s, *state);
	found_read(&s, false, &f);
	assert_int_equal(f.n, 1);
	record_expect_same(&r, &f.last);
	/* Nobody else may read it: a topology may contain secrets. */
	assert_int_equal(
		stat(disk_path(known, "a-name.of_64-bytes.....................................60.4.json"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	r.state = STATE_DOWN;
	assert_int_equal(state_store(&s, &r, &e), 0);
	found_read(&s, false, &f);
	assert_int_equal(f.last.state, STATE_DOWN);
	assert_int_equal(state_forget(&s, r.name, &e), 0);
	assert_string_equal(disk_list(known), "");
	/* A missing file is no failure. */
	assert_int_equal(state_forget(&s, r.name, &e), 0);
	assert_int_equal(state_abandon(&s, r.name, &e), 0);
	assert_int_equal(state_commit(&s, r.name, &e), -ENOENT);
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

static void test_written_bit_by_bit(void **state)
{
	struct found f = { 0 };
	struct record r;
	struct state s;
	struct err e;

	state_opened(&s, *state);
	record_make(&r, "lab");
	disk_short(100);
	assert_int_equal(state_store(&s, &r, &e), 0);
	found_read(&s, false, &f);
	record_expect_same(&r, &f.last);
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

/* Each call of a write fails in turn, with each error; the last round has none left that could. */
static void test_disk_fails(void **state)
{
	static const int errors[] = { ENOSPC, EIO, EROFS };
	const char *known = disk_path(*state, "known");
	struct record old, new;
	struct found f = { 0 };
	struct state s;
	struct err e;

	state_opened(&s, *state);
	record_make(&old, "lab");
	record_make(&new, "lab");
	new.state = STATE_UP;
	assert_int_equal(state_store(&s, &old, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		/* It opens, writes, syncs and renames. */
		for (unsigned at = 1; at <= 4; at++) {
			disk_fail(DISK_OPENAT | DISK_WRITE | DISK_FSYNC | DISK_RENAMEAT, at, errors[i]);
			assert_int_equal(state_store(&s, &new, &e), -errors[i]);
			disk_fail(0, 0, 0);
			assert_non_null(strstr(e.text, strerror(errors[i])));
			assert_non_null(strstr(e.text, "run directory"));
			/* The record before, complete, and nothing next to it. */
			assert_string_equal(disk_list(known), "lab.json ");
			found_read(&s, false, &f);
			record_expect_same(&old, &f.last);
		}
	}
	disk_fail(DISK_OPENAT | DISK_WRITE | DISK_FSYNC | DISK_RENAMEAT, 5, EIO);
	assert_int_equal(state_store(&s, &new, &e), 0);
	assert_int_equal(disk_calls(), 4);
	disk_fail(0, 0, 0);
	found_read(&s, false, &f);
	record_expect_same(&new, &f.last);
	record_done(&old);
	record_done(&new);
	record_done(&f.last);
	state_close(&s);
}

static void test_removal_and_commit_fail(void **state)
{
	struct found f = { 0 };
	struct record r;
	struct state s;
	struct err e;

	state_opened(&s, *state);
	record_make(&r, "lab");
	assert_int_equal(state_begin(&s, &r, &e), 0);
	disk_fail(DISK_RENAMEAT, 1, ENOSPC);
	assert_int_equal(state_commit(&s, "lab", &e), -ENOSPC);
	disk_fail(DISK_UNLINKAT, 1, EIO);
	assert_int_equal(state_abandon(&s, "lab", &e), -EIO);
	assert_non_null(strstr(e.text, "lab.json in the run directory"));
	found_read(&s, true, &f);
	assert_int_equal(f.n, 1);
	assert_int_equal(state_commit(&s, "lab", &e), 0);
	disk_fail(DISK_UNLINKAT, 1, EIO);
	assert_int_equal(state_forget(&s, "lab", &e), -EIO);
	found_read(&s, false, &f);
	assert_int_equal(f.n, 1);
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

/* Something in the place of a record that is not a file of netnsd's own; the record next
 * to it is read all the same. */
static void test_hostile_files(void **state)
{
	const char *known = disk_path(*state, "known");
	_cleanup_(freep) char *text = NULL;
	struct found f = { 0 };
	struct record r;
	struct state s;
	struct stat st;
	struct err e;

	state_opened(&s, *state);
	record_make(&r, "lab");
	assert_int_equal(state_store(&s, &r, &e), 0);
	text = disk_read(known, "lab.json");
	assert_int_equal(symlink("lab.json", disk_path(known, "link.json")), 0);
	assert_int_equal(mkdir(disk_path(known, "dir.json"), 0700), 0);
	assert_int_equal(mkfifo(disk_path(known, "fifo.json"), 0600), 0);
	disk_print(known, "open.json", text);
	assert_int_equal(chmod(disk_path(known, "open.json"), 0602), 0);
	disk_print(known, "theirs.json", text);
	assert_int_equal(stat(disk_path(known, "theirs.json"), &st), 0);
	disk_owner(st.st_ino, 12345);
	found_read(&s, false, &f);
	assert_int_equal(f.n, 6);
	assert_non_null(strstr(f.text, "lab: good\n"));
	assert_non_null(strstr(f.text, "/known/link.json: is a symbolic link, which is not followed"));
	assert_non_null(strstr(f.text, "/known/dir.json: is not a regular file"));
	assert_non_null(strstr(f.text, "/known/fifo.json: is not a regular file"));
	assert_non_null(strstr(f.text, "/known/open.json: is writable for users other than root"));
	assert_non_null(strstr(f.text, "/known/theirs.json: belongs to user 12345"));
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

/* A file without a topology's name is not a record, and is left where it is. */
static void test_other_names(void **state)
{
	static const char *const names[] = {
		".json",        "lab",
		"lab.json~",    "a b.json",
		".hidden.json", "-lab.json",
		"lab.txt",      "12345678901234567890123456789012345678901234567890123456789012345.json"
	};
	const char *known = disk_path(*state, "known");
	struct found f = { 0 };
	struct state s;

	state_opened(&s, *state);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		disk_print(known, names[i], "{}");
	found_read(&s, false, &f);
	assert_int_equal(f.n, 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(access(disk_path(known, names[i]), F_OK), 0);
	state_close(&s);
}

/* A shortage while reading a record says nothing about it: it is not called spoilt. */
static void test_shortage(void **state)
{
	static const struct {
		enum disk_call call;
		int error;
	} rows[] = { { DISK_OPENAT, EMFILE }, { DISK_OPENAT, ENFILE }, { DISK_OPENAT, ENOMEM }, { DISK_READ, ENOMEM } };
	struct found f = { 0 };
	struct record r;
	struct state s;
	struct err e;

	state_opened(&s, *state);
	record_make(&r, "lab");
	assert_int_equal(state_store(&s, &r, &e), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		disk_fail(rows[i].call, 1, rows[i].error);
		assert_int_equal(state_read(&s, false, &toy_kinds, found_take, &f, &e), -rows[i].error);
		assert_int_equal(f.n, 0);
		assert_non_null(strstr(e.text, "/known/lab.json"));
		assert_null(strstr(e.text, "--forget"));
	}
	/* An unreadable file is its own fault. */
	disk_fail(DISK_READ, 1, EIO);
	found_read(&s, false, &f);
	assert_non_null(strstr(f.text, "lab.json: Input/output error; its objects are left alone"));
	/* A signal is not. */
	disk_fail(DISK_READ, 1, EINTR);
	found_read(&s, false, &f);
	assert_string_equal(f.text, "lab: good\n");
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

static void test_one_at_a_time(void **state)
{
	struct state first, second;
	struct err e;

	state_opened(&first, *state);
	assert_int_equal(state_open(&second, *state, &e), -EBUSY);
	assert_non_null(strstr(e.text, "another netnsd is running in /tmp/test-disk-"));
	state_close(&second);
	/* Removed, it is held all the same. */
	assert_int_equal(unlink(disk_path(*state, "lock")), 0);
	assert_int_equal(state_open(&second, *state, &e), -EBUSY);
	state_close(&second);
	state_close(&first);
	state_opened(&second, *state);
	state_close(&second);
}

static void test_hostile_lock(void **state)
{
	const char *lock = disk_path(*state, "lock");
	struct state s;
	struct stat st;
	struct err e;

	assert_int_equal(symlink("/dev/null", lock), 0);
	assert_int_equal(state_open(&s, *state, &e), -ELOOP);
	state_close(&s);
	disk_clear(*state);
	assert_int_equal(mkfifo(lock, 0600), 0);
	assert_int_equal(state_open(&s, *state, &e), -EINVAL);
	assert_non_null(strstr(e.text, "/lock exists and is not a regular file: remove it"));
	state_close(&s);
	disk_clear(*state);
	disk_print(*state, "lock", "");
	assert_int_equal(stat(lock, &st), 0);
	disk_owner(st.st_ino, 12345);
	assert_int_equal(state_open(&s, *state, &e), -EPERM);
	assert_non_null(strstr(e.text, "/lock: belongs to user 12345"));
	state_close(&s);
}

static void test_hostile_directories(void **state)
{
	static const char *const names[] = { "known", "pending", "held" };
	struct state s;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = disk_path(*state, names[i]);

		disk_clear(*state);
		assert_int_equal(symlink("/tmp", path), 0);
		assert_true(state_open(&s, *state, &e) < 0);
		assert_non_null(strstr(e.text, names[i]));
		state_close(&s);
		assert_int_equal(unlink(path), 0);
		disk_print(*state, names[i], "");
		assert_int_equal(state_open(&s, *state, &e), -ENOTDIR);
		assert_non_null(strstr(e.text, "is not a directory, remove it"));
		state_close(&s);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkdir(path, 0700), 0);
		assert_int_equal(chmod(path, 0777), 0);
		assert_int_equal(state_open(&s, *state, &e), -EPERM);
		assert_non_null(strstr(e.text, names[i]));
		state_close(&s);
	}
}

/* What a crash has left half written is removed, and nothing else. */
static void test_half_written(void **state)
{
	const char *known = disk_path(*state, "known"), *pending = disk_path(*state, "pending");
	struct state s;

	state_opened(&s, *state);
	state_close(&s);
	disk_print(known, "lab.new", "{");
	disk_print(known, ".new", "");
	disk_print(known, "new", "");
	disk_print(known, "lab.json", "{");
	disk_print(pending, "lab.new", "{");
	state_opened(&s, *state);
	assert_string_equal(disk_list(known), ".new lab.json new ");
	assert_string_equal(disk_list(pending), "");
	state_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_from_begin_to_forget, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_written_bit_by_bit, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_disk_fails, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_removal_and_commit_fail, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_files, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_other_names, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_shortage, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_lock, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_directories, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_half_written, disk_setup, disk_teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
