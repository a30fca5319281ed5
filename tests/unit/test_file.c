/* SPDX-License-Identifier: MIT */
/* test_file.c - a topology file is parsed once, and positions of problems stay known.  The linker puts
 * the functions here before those of base/json.c. */
#include "../../client/file.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static unsigned reads;

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the names that --wrap of ld(1) makes
int __real_json_read(const char *text, size_t size, struct json_object **ret, struct problems *p);
int __wrap_json_read(const char *text, size_t size, struct json_object **ret, struct problems *p);
int __real_json_read_plain(const char *text, size_t size, struct json_object **ret, struct problems *p);
int __wrap_json_read_plain(const char *text, size_t size, struct json_object **ret, struct problems *p);
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

int __wrap_json_read(const char *text, size_t size, struct json_object **ret, struct problems *p)
{
	reads++;
	return __real_json_read(text, size, ret, p);
}

int __wrap_json_read_plain(const char *text, size_t size, struct json_object **ret, struct problems *p)
{
	reads++;
	return __real_json_read_plain(text, size, ret, p);
}

static int read_text(const char *text, bool sent, struct files *ret)
{
	char path[] = "/tmp/test-file-XXXXXX", *paths[] = { path };
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	reads = 0;
	r = files_read(ret, paths, 1, "lab", sent);
	unlink(path);
	return r;
}

static void test_once(_unused_ void **state)
{
	static const char text[] = "{\n \"namespaces\": {\n  \"ns1\": {}\n }\n}";
	struct files files;
	struct where at;

	assert_int_equal(read_text(text, false, &files), EXIT_DONE);
	assert_int_equal(reads, 1);
	at = json_where_pointer(files.v[0].json, "/namespaces/ns1");
	assert_true(at.line == 3 && at.column == 10);
	files_done(&files);
	assert_int_equal(read_text("{\n \"namespaces\": {\n  \"ns1\": 1\n }\n}", false, &files), EXIT_INVALID);
	assert_int_equal(reads, 1);
	files_done(&files);
}

/* What netnsd is sent is checked there, where the message can say which file it is in, and what it is called. */
static void test_sent(_unused_ void **state)
{
	static const char *const refused[] = { "{", "[]", "{ \"name\": 1 }", "{ \"name\": \"a/b\" }",
					       "{ \"a\": 1, \"a\": 2 }" };
	struct files files;
	struct where at;

	assert_int_equal(read_text("{\n \"namespaces\": {\n  \"ns1\": 1\n }\n}", true, &files), EXIT_DONE);
	assert_int_equal(reads, 1);
	at = json_where_pointer(files.v[0].json, "/namespaces/ns1");
	assert_true(at.line == 3 && at.column == 10);
	assert_string_equal(files.v[0].name, "lab");
	files_done(&files);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(read_text(refused[i], true, &files), EXIT_INVALID);
		files_done(&files);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_once), cmocka_unit_test(test_sent) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
