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

static int read_text(const char *text, struct files *ret)
{
	char path[] = "/tmp/test-file-XXXXXX", *paths[] = { path };
	int fd = mkstemp(path), r;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	reads = 0;
	r = files_read(ret, paths, 1, "lab");
	unlink(path);
	return r;
}

static void test_once(_unused_ void **state)
{
	static const char text[] = "{\n \"namespaces\": {\n  \"ns1\": {}\n }\n}";
	struct files files;
	struct where at;

	assert_int_equal(read_text(text, &files), EXIT_DONE);
	assert_int_equal(reads, 1);
	at = json_where_pointer(files.v[0].json, "/namespaces/ns1");
	assert_true(at.line == 3 && at.column == 10);
	files_done(&files);
	assert_int_equal(read_text("{\n \"namespaces\": {\n  \"ns1\": 1\n }\n}", &files), EXIT_INVALID);
	assert_int_equal(reads, 1);
	files_done(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
