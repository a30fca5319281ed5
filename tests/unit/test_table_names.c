/* SPDX-License-Identifier: MIT */
/* test_table_names.c - the files with names of routing tables, as ip(8) reads them. */
#include "format/table_names.h"
#include "disk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <cmocka.h>

static const char *const dirs[] = { "etc", "etc/rt_tables.d", "share", "share/rt_tables.d", "lib", "lib/rt_tables.d" };

static int setup(void **state)
{
	if (disk_setup(state) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(disk_path(*state, dirs[i]), 0755) < 0)
			return -1;
	return 0;
}

static struct table_names names_read(const char *dir)
{
	const char *const usr[] = { disk_path(dir, "share"), disk_path(dir, "lib") };
	struct table_names t;

	table_names_read(&t, disk_path(dir, "etc"), usr, ARRAY_SIZE(usr));
	return t;
}

/* The number of @name, 0: there is none. */
static uint32_t number_in(const char *dir, const char *name)
{
	struct table_names t = names_read(dir);
	const struct table_name *found = table_names_find(&t, name);
	uint32_t number = found ? found->number : 0;

	table_names_done(&t);
	return number;
}

static void test_builtin(void **state)
{
	struct table_names t = names_read(*state);

	assert_int_equal(t.n, 3);
	assert_int_equal(t.problem.code, 0);
	assert_string_equal(table_names_of(&t, 255), "local");
	assert_string_equal(table_names_of(&t, 254), "main");
	assert_string_equal(table_names_of(&t, 253), "default");
	assert_null(table_names_of(&t, 100));
	table_names_done(&t);
}

static void test_lines(void **state)
{
	static const struct {
		const char *line, *name;
		uint32_t number;
	} rows[] = {
		{ "100 isp1", "isp1", 100 },
		{ "\t 100\tisp1  # comment", "isp1", 100 },
		{ "0x64 isp1", "isp1", 100 },
		{ "010 isp1", "isp1", 10 },
		{ "100 isp1\r", "isp1", 100 },
		{ "# 100 isp1", "isp1", 0 },
		{ "100isp1", "isp1", 0 },
		{ "isp1 100", "isp1", 0 },
		{ "-1 isp1", "isp1", 0 },
		{ "4294967295 isp1", "isp1", UINT32_MAX },
		{ "4294967296 isp1", "isp1", 0 },
		{ "99999999999999999999999 isp1", "isp1", 0 },
		{ "100 200", "200", 0 },
		{ "100 0x200", "0x200", 0 },
		{ "100 isp\xffx", "isp\xffx", 0 },
		{ "100 m\xc3\xbcller", "m\xc3\xbcller", 100 },
		{ "100 $(reboot)", "$(reboot)", 0 },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* What is before and after a bad line counts. */
		snprintf(text, sizeof(text), "7 first\n%s\n\n8 last", rows[i].line);
		disk_print(*state, "etc/rt_tables", text);
		if (number_in(*state, rows[i].name) != rows[i].number)
			fail_msg("\"%s\"", rows[i].line);
		assert_int_equal(number_in(*state, "first"), 7);
		assert_int_equal(number_in(*state, "last"), 8);
	}
}

static void test_long_name(void **state)
{
	char name[80], text[128];

	for (int n = 60; n < 70; n++) {
		memset(name, 'x', sizeof(name));
		name[n] = '\0';
		snprintf(text, sizeof(text), "100 %s\n", name);
		disk_print(*state, "etc/rt_tables", text);
		assert_int_equal(number_in(*state, name), n <= 63 ? 100 : 0);
	}
}

static void test_places(void **state)
{
	static const struct {
		const char *path, *text;
		uint32_t number; /* of "isp1" afterwards */
	} rows[] = {
		{ "lib/rt_tables", "1 isp1", 1 },
		{ "share/rt_tables", "2 isp1", 2 },
		{ "lib/rt_tables.d/b.conf", "2 isp1", 2 },
		{ "etc/rt_tables", "7 other", 2 },
		{ "etc/rt_tables.d/b.conf", "7 another", 0 },
		{ "etc/rt_tables.d/README", "3 isp1", 0 },
		{ "etc/rt_tables.d/.conf", "3 isp1", 0 },
		{ "etc/rt_tables.d/.a.conf", "3 isp1", 0 },
		{ "etc/rt_tables.d/a.conf", "259 isp1", 259 },
		/* ip(8) finds the lowest last byte, and of two the later. */
		{ "etc/rt_tables.d/c.conf", "5 isp1", 259 },
		{ "etc/rt_tables.d/d.conf", "3 isp1", 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		disk_print(*state, rows[i].path, rows[i].text);
		if (number_in(*state, "isp1") != rows[i].number)
			fail_msg("%s: %u", rows[i].path, number_in(*state, "isp1"));
	}
}

static void test_number_with_two_names(void **state)
{
	struct table_names t;

	disk_print(*state, "etc/rt_tables", "100 isp1\n100 isp2\n254 first\n");
	t = names_read(*state);
	assert_string_equal(table_names_of(&t, 100), "isp2");
	assert_string_equal(table_names_of(&t, 254), "first");
	assert_int_equal(table_names_find(&t, "main")->number, 254);
	table_names_done(&t);
}

static void check_problem(const char *dir, const char *words)
{
	struct table_names t = names_read(dir);

	assert_true(t.problem.code);
	assert_non_null(strstr(t.problem.text, words));
	assert_non_null(table_names_find(&t, "main"));
	table_names_done(&t);
}

static void test_bounds(void **state)
{
	size_t size = (1 << 16) + 1;
	char *text = must(malloc(size)), *s = text;

	memset(text, '\n', size);
	disk_write(*state, "etc/rt_tables", text, size - 1);
	assert_int_equal(number_in(*state, "main"), 254);
	disk_write(*state, "etc/rt_tables", text, size);
	check_problem(*state, "is larger than 64 KiB");
	for (unsigned i = 1; i < 5000; i++)
		s += sprintf(s, "%u t%u\n", i, i);
	disk_write(*state, "etc/rt_tables", text, (size_t)(s - text));
	check_problem(*state, "has more names than are read");
	free(text);
}

static void test_no_regular_file(void **state)
{
	assert_int_equal(mkfifo(disk_path(*state, "etc/rt_tables"), 0600), 0);
	check_problem(*state, "is not a regular file");
	assert_int_equal(unlink(disk_path(*state, "etc/rt_tables")), 0);
	assert_int_equal(mkdir(disk_path(*state, "etc/rt_tables.d/a.conf"), 0700), 0);
	check_problem(*state, "is not a regular file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_builtin, setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_lines, setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_long_name, setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_places, setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_number_with_two_names, setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_no_regular_file, setup, disk_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
