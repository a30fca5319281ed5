/* SPDX-License-Identifier: MIT */
/* test_boot_file.c - the boot directories: which files there are, which of two counts, what
 * has changed, and why one cannot be used, whatever is on the disk. */
#include "store/boot_file.h"
#include "base/log.h"
#include "disk.h"
#include "netnsd.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>
#include <sys/stat.h>

/* Two directories in one, root's files and those of apply --persist. */
struct fixture {
	char *dir;
	const char *top, *own;
	struct boot_files files;
};

static int setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));

	disk_setup((void **)&f->dir);
	f->top = disk_path(f->dir, "top");
	f->own = disk_path(f->dir, "own");
	assert_int_equal(mkdir(f->top, 0755), 0);
	assert_int_equal(mkdir(f->own, 0700), 0);
	boot_files_init(&f->files, &toy_kinds, f->top, f->own);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	boot_files_done(&f->files);
	disk_teardown((void **)&f->dir);
	free(f);
	return 0;
}

/* Reads them, a while after the last change. */
static void look(struct fixture *f)
{
	disk_time(1000000);
	boot_files_refresh(&f->files);
}

/* The only problem of the file for @name. */
static const struct problem *problem_of(const struct fixture *f, const char *name)
{
	const struct boot_file *file = boot_files_find(&f->files, name);

	assert_non_null(file);
	assert_null(file->json);
	assert_int_equal(file->problems.n, 1);
	assert_string_equal(file->problems.v[0].file, file->path);
	return &file->problems.v[0];
}

static void test_names(void **state)
{
	static const struct {
		const char *file, *text, *name;
		bool valid, made_up;
	} rows[] = {
		{ "lab.json", "{}", "lab", true, false },
		{ "file.json", "{\"name\":\"other\"}", "other", true, false },
		/* It is not valid, but has a name. */
		{ "bad.json", "{\"name\":\"called\",\"version\":0}", "called", false, false },
		{ "worse.json", "{\"name\":", "worse", false, false },
		{ "a b.json", "{}", "a_b", false, true },
		{ "-x.json", "{}", "xx", false, true },
		{ "12345678901234567890123456789012345678901234567890123456789012345.json", "{}",
		  "1234567890123456789012345678901234567890123456789012345678901234", false, true },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		disk_print(f->top, rows[i].file, rows[i].text);
	look(f);
	assert_int_equal(f->files.n, ARRAY_SIZE(rows));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct boot_file *file = boot_files_find(&f->files, rows[i].name);

		assert_non_null(file);
		assert_string_equal(file->path, disk_path(f->top, rows[i].file));
		assert_string_equal(file->source, file->path);
		assert_int_equal(file->made_up, rows[i].made_up);
		assert_int_equal(file->json != NULL, rows[i].valid);
	}
	assert_non_null(strstr(problem_of(f, "a_b")->message, "the file name cannot be the topology's name"));
	assert_null(boot_files_find(&f->files, "nowhere"));
}

static void test_not_files(void **state)
{
	static const char *const others[] = { ".hidden.json",      ".json",    "lab.json~",
					      "lab.json.dpkg-new", "lab.JSON", "README" };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		disk_print(f->top, others[i], "{}");
	look(f);
	assert_int_equal(f->files.n, 0);
}

static void test_hostile_files(void **state)
{
	static const char whole[] =
		"{\"name\": \"lab\", \"namespaces\": {\"ns1\": {\"interfaces\": {\"s\": {\"kind\": \"switch\"}}}}}";
	struct fixture *f = *state;
	struct stat st;

	disk_print(f->dir, "elsewhere", whole);
	assert_int_equal(symlink("../elsewhere", disk_path(f->top, "link.json")), 0);
	assert_int_equal(mkdir(disk_path(f->top, "dir.json"), 0700), 0);
	assert_int_equal(mkfifo(disk_path(f->top, "fifo.json"), 0600), 0);
	disk_print(f->top, "open.json", "{}");
	assert_int_equal(chmod(disk_path(f->top, "open.json"), 0602), 0);
	disk_print(f->top, "theirs.json", "{}");
	assert_int_equal(stat(disk_path(f->top, "theirs.json"), &st), 0);
	disk_owner(st.st_ino, 12345);
	disk_print(f->top, "huge.json", "{}");
	assert_int_equal(truncate(disk_path(f->top, "huge.json"), TOPOLOGY_MAX + 1), 0);
	look(f);
	assert_int_equal(f->files.n, 6);
	assert_non_null(strstr(problem_of(f, "link")->message, "is a symbolic link, which is not followed"));
	assert_int_equal(problem_of(f, "link")->code, -ELOOP);
	assert_string_equal(problem_of(f, "dir")->message, "is not a regular file");
	assert_string_equal(problem_of(f, "fifo")->message, "is not a regular file");
	assert_non_null(strstr(problem_of(f, "open")->message, "is writable for users other than root"));
	assert_non_null(strstr(problem_of(f, "theirs")->message, "belongs to user 12345"));
	assert_string_equal(problem_of(f, "huge")->message, "has 8388609 bytes, at most 8388608 are allowed");
	assert_int_equal(problem_of(f, "huge")->code, -EFBIG);
}

static void test_disk_fails(void **state)
{
	struct fixture *f = *state;

	disk_print(f->top, "lab.json", "{}");
	disk_fail(DISK_READ, 1, EIO);
	look(f);
	assert_string_equal(problem_of(f, "lab")->message, "Input/output error");
	assert_int_equal(problem_of(f, "lab")->code, -EIO);
	/* It is read again on the next request, and a signal or a short read is no failure. */
	disk_print(f->top, "lab.json", "{ }");
	disk_fail(DISK_READ, 1, EINTR);
	disk_short(1);
	look(f);
	assert_non_null(boot_files_find(&f->files, "lab")->json);
}

/* Cut off at any byte, the file is refused with a position in it; nothing of it is used. */
static void test_cut_off(void **state)
{
	static const char whole[] =
		"{\n\"name\": \"lab\", \"namespaces\": {\"ns1\": {\"interfaces\": {\"s\": {\"kind\": \"switch\"}}}}}";
	struct fixture *f = *state;

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		disk_write(f->top, "lab.json", whole, n);
		look(f);
		assert_int_equal(f->files.n, 1);
		assert_true(problem_of(f, "lab")->where.line == 1 || n > 1);
		assert_int_equal(problem_of(f, "lab")->where.line, n > 1 ? 2 : 1);
	}
	disk_write(f->top, "lab.json", whole, sizeof(whole) - 1);
	look(f);
	assert_int_equal(boot_files_find(&f->files, "lab")->problems.n, 0);
	/* A NUL ends nothing. */
	disk_write(f->top, "lab.json", whole, sizeof(whole));
	look(f);
	problem_of(f, "lab");
}

static void test_which_counts(void **state)
{
	struct fixture *f = *state;
	const struct boot_file *file;

	disk_print(f->own, "a.json", "{\"name\":\"lab\"}");
	disk_print(f->top, "z.json", "{\"name\":\"lab\"}");
	disk_print(f->top, "y.json", "{\"name\":\"lab\"}");
	/* A derived name gives way, though its file comes first. */
	disk_print(f->top, "a b.json", "{}");
	disk_print(f->top, "c.json", "{\"name\":\"a_b\"}");
	look(f);
	assert_int_equal(f->files.n, 5);
	assert_string_equal(boot_files_find(&f->files, "lab")->path, disk_path(f->top, "y.json"));
	assert_string_equal(boot_files_find(&f->files, "a_b")->path, disk_path(f->top, "c.json"));
	assert_int_equal(boot_files_first(&f->files, "lab"), 2);
	assert_int_equal(boot_files_first(&f->files, "zzz"), 5);
	assert_int_equal(unlink(disk_path(f->top, "y.json")), 0);
	assert_int_equal(unlink(disk_path(f->top, "z.json")), 0);
	look(f);
	file = boot_files_find(&f->files, "lab");
	assert_int_equal(file->dir, BOOT_PERSISTED);
	assert_false(file->hidden);
	assert_int_equal(f->files.n, 3);
}

static void test_what_has_changed(void **state)
{
	struct fixture *f = *state;
	const struct boot_file *file;
	const struct json_text *json;

	disk_print(f->top, "lab.json", "{\"description\":\"one\"}");
	/* Within a tick of the clock it may change again unnoticed. */
	boot_files_refresh(&f->files);
	assert_false(boot_files_is_same(&f->files, "lab"));
	look(f);
	assert_true(boot_files_is_same(&f->files, "lab"));
	assert_true(boot_files_is_same(&f->files, "nowhere"));
	json = boot_files_find(&f->files, "lab")->json;
	/* Different text with the same meaning counts as the same. */
	disk_print(f->top, "lab.json", "{ \"description\": \"one\" }");
	assert_false(boot_files_is_same(&f->files, "lab"));
	look(f);
	assert_ptr_equal(boot_files_find(&f->files, "lab")->json, json);
	disk_print(f->top, "lab.json", "{\"description\":\"two\"}");
	look(f);
	file = boot_files_find(&f->files, "lab");
	assert_string_equal(json_text_chars(file->json), "{\"description\":\"two\"}");
	look(f);
	assert_true(boot_files_is_same(&f->files, "lab"));
	assert_int_equal(chmod(disk_path(f->top, "lab.json"), 0666), 0);
	assert_false(boot_files_is_same(&f->files, "lab"));
	look(f);
	problem_of(f, "lab");
	/* Another file in a directory may be one of any name. */
	look(f);
	disk_print(f->own, "other.json", "{}");
	assert_false(boot_files_is_same(&f->files, "lab"));
}

static void test_note(void **state)
{
	struct fixture *f = *state;
	const char *path = disk_path(f->own, "lab.json");

	look(f);
	disk_print(f->own, "lab.json", "{}");
	boot_files_note(&f->files, BOOT_PERSISTED, path);
	assert_non_null(boot_files_find(&f->files, "lab"));
	/* A file that netnsd itself has removed is no change to check. */
	assert_int_equal(unlink(path), 0);
	boot_files_note(&f->files, BOOT_PERSISTED, path);
	assert_null(boot_files_find(&f->files, "lab"));
	assert_true(boot_files_is_same(&f->files, "lab"));
	disk_print(f->own, "lab.json", "{}");
	boot_files_note(&f->files, BOOT_PERSISTED, path);
	disk_print(f->top, "lab.json", "{}");
	boot_files_note(&f->files, BOOT_TOPOLOGIES, disk_path(f->top, "lab.json"));
	assert_int_equal(boot_files_find(&f->files, "lab")->dir, BOOT_TOPOLOGIES);
	assert_int_equal(unlink(disk_path(f->top, "lab.json")), 0);
	boot_files_note(&f->files, BOOT_TOPOLOGIES, disk_path(f->top, "lab.json"));
	assert_int_equal(boot_files_find(&f->files, "lab")->dir, BOOT_PERSISTED);
	assert_int_equal(unlink(path), 0);
	boot_files_note(&f->files, BOOT_PERSISTED, path);
	assert_null(boot_files_find(&f->files, "lab"));
	/* A file that never existed is nothing. */
	boot_files_note(&f->files, BOOT_PERSISTED, disk_path(f->own, "other.json"));
	assert_int_equal(f->files.n, 2);
	look(f);
	assert_int_equal(f->files.n, 0);
}

static void test_source(void **state)
{
	static char longer[4098];
	static const struct {
		const char *text;
		size_t size;
		bool used;
	} rows[] = {
		{ "/etc/lab.json", 13, true }, { "", 0, false },        { "a\0b", 3, false },
		{ longer, 4096, true },        { longer, 4097, false },
	};
	struct fixture *f = *state;

	memset(longer, 'x', sizeof(longer) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct boot_file *file;

		disk_clear(f->own);
		disk_print(f->own, "lab.json", "{}");
		disk_write(f->own, "lab.source", rows[i].text, rows[i].size);
		look(f);
		file = boot_files_find(&f->files, "lab");
		if (rows[i].used)
			assert_true(strlen(file->source) == rows[i].size &&
				    !memcmp(file->source, rows[i].text, rows[i].size));
		else
			assert_string_equal(file->source, file->path);
	}
	/* It is shown to people, and sent as JSON. */
	disk_print(f->own, "lab.source", "x\xff");
	disk_print(f->own, "lab.json", "{ }");
	look(f);
	assert_string_equal(boot_files_find(&f->files, "lab")->source, "x?");
	/* Only a file that netnsd itself has written has one. */
	disk_print(f->top, "lab.json", "{}");
	disk_print(f->top, "lab.source", "/elsewhere");
	look(f);
	assert_string_equal(boot_files_find(&f->files, "lab")->source, disk_path(f->top, "lab.json"));
}

static void test_directories(void **state)
{
	struct fixture *f = *state;

	disk_print(f->top, "lab.json", "{}");
	look(f);
	assert_int_equal(chmod(f->top, 0777), 0);
	look(f);
	assert_int_equal(f->files.n, 0);
	assert_non_null(strstr(f->files.said[BOOT_TOPOLOGIES],
			       "is writable for users other than root: chmod go-w; nothing in it is applied"));
	assert_int_equal(chmod(f->top, 0755), 0);
	look(f);
	assert_int_equal(f->files.n, 1);
	/* A missing directory is empty, and that is not reported. */
	disk_clear(f->own);
	assert_int_equal(rmdir(f->own), 0);
	look(f);
	assert_null(f->files.said[BOOT_PERSISTED]);
	assert_int_equal(f->files.n, 1);
	disk_print(f->dir, "own", "");
	look(f);
	assert_non_null(strstr(f->files.said[BOOT_PERSISTED], "/own: is not a directory"));
}

/* What cannot be read for a moment is read next time, although nothing in it has changed. */
static void test_directory_fails(void **state)
{
	struct fixture *f = *state;

	disk_print(f->top, "lab.json", "{}");
	disk_time(1000000);
	disk_fail(DISK_OPENAT, 1, EMFILE);
	boot_files_refresh(&f->files);
	assert_int_equal(f->files.failed[BOOT_TOPOLOGIES], -EMFILE);
	assert_int_equal(f->files.failed[BOOT_PERSISTED], 0);
	assert_false(boot_files_is_same(&f->files, "lab"));
	disk_fail(0, 0, 0);
	look(f);
	assert_int_equal(f->files.failed[BOOT_TOPOLOGIES], 0);
	assert_non_null(boot_files_find(&f->files, "lab"));
	assert_true(boot_files_is_same(&f->files, "lab"));
}

static void test_too_many(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (unsigned i = 0; i <= 4096; i++) {
		snprintf(name, sizeof(name), "%04u.json", i);
		disk_print(f->top, name, "{}");
	}
	disk_print(f->own, "own.json", "{}");
	look(f);
	assert_int_equal(f->files.n, 4097);
	assert_non_null(boot_files_find(&f->files, "4095"));
	assert_null(boot_files_find(&f->files, "4096"));
	assert_non_null(boot_files_find(&f->files, "own"));
	assert_string_equal(
		f->files.said[BOOT_TOPOLOGIES],
		"has 4097 files, at most 4096 are read: in order of name, those from 4096.json on are left out");
}

static void test_place(void **state)
{
	struct fixture *f = *state;
	struct problems p = { 0 };

	disk_print(f->top, "lab.json", "{\n \"namespaces\": {\n  \"ns1\": {} } }");
	look(f);
	problem_add(&p, -EEXIST, &(const struct where){ .pointer = "/namespaces/ns1" }, "is there");
	problem_add(&p, -EEXIST, &(const struct where){ .pointer = "/namespaces/ns2" }, "is nowhere");
	problem_add(&p, -EEXIST, NULL, "is no place");
	boot_file_place(boot_files_find(&f->files, "lab"), &p);
	assert_int_equal(p.v[0].where.line, 3);
	assert_int_equal(p.v[0].where.column, 10);
	/* Where it would be. */
	assert_int_equal(p.v[1].where.line, 2);
	assert_int_equal(p.v[2].where.line, 0);
	assert_string_equal(p.v[2].file, disk_path(f->top, "lab.json"));
	problems_done(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_which_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_has_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_note, setup, teardown),
		cmocka_unit_test_setup_teardown(test_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directory_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
