/* SPDX-License-Identifier: MIT */
/* test_tc.c - values as tc(8) writes them: what they mean, that each number has a text that is read as the same number,
 * and what is refused. */
#include "kind/qdisc.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
	const char *text;
	uint64_t value;
	const char *as; /* how it is written; NULL: in the same way */
};

static int parse(const struct type *t, const char *text, uint64_t *ret, struct err *e)
{
	static const struct field none;
	struct json_object *in = json_object_new_string(text);
	struct arena a = { 0 };
	int r;

	*ret = 0;
	r = t->parse(&none, "host", ret, in, &a, e); /* the low bytes, on a machine that stores them first */
	json_object_put(in);
	arena_done(&a);
	return r;
}

static void means(const struct type *t, const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_object *out;
		uint64_t value, again;
		struct err e;

		if (parse(t, rows[i].text, &value, &e) < 0)
			fail_msg("%s: %s", rows[i].text, e.text);
		assert_int_equal(value, rows[i].value);
		out = t->format(NULL, "host", &value);
		assert_string_equal(json_object_get_string(out), rows[i].as ? rows[i].as : rows[i].text);
		assert_int_equal(parse(t, json_object_get_string(out), &again, &e), 0);
		assert_int_equal(again, value);
		json_object_put(out);
	}
}

static void refused(const struct type *t, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t value;
		struct err e;

		if (parse(t, texts[i], &value, &e) >= 0)
			fail_msg("%s is %llu", texts[i], (unsigned long long)value);
		assert_non_null(strstr(e.text, "must be a"));
	}
}

/* Numbers that are far apart, and close to where units and digits change. */
static void round_trips(const struct type *t, uint64_t max)
{
	for (uint64_t i = 0; i < 400000; i++) {
		uint64_t value = (i * UINT64_C(0x9e3779b97f4a7c15)) >> (i % 64), again;
		struct json_object *out;
		struct err e;

		value %= max + 1;
		out = t->format(NULL, "host", &value);
		assert_int_equal(parse(t, json_object_get_string(out), &again, &e), 0);
		assert_int_equal(again, value);
		json_object_put(out);
	}
}

static void test_times(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "20ms", 20000000, NULL },
		{ "1.5s", 1500000000, NULL },
		{ "0.02s", 20000000, "20ms" },
		{ "20", 20000, "20us" },
		{ "1ns", 1, NULL },
		{ "0", 0, "0s" },
		{ "0.5us", 500, "500ns" },
		{ "2secs", 2000000000, "2s" },
		{ "3MSEC", 3000000, "3ms" },
		{ "0.6ns", 1, "1ns" },
		{ "86400s", 86400000000000, NULL },
		{ "1234.567891ms", 1234567891, "1.234567891s" },
	};
	static const char *const bad[] = { "",
					   "ms",
					   "1m",
					   "1h",
					   "-1ms",
					   "1 ms",
					   ".5ms",
					   "1.ms",
					   "0x10ms",
					   "1e3s",
					   "nan",
					   "86401s",
					   "0.4ns",
					   "20ms ",
					   "1234567890123456789ns",
					   "999999999999999999s",
					   "1..5s",
					   "inf" };

	means(&type_tc_time, rows, ARRAY_SIZE(rows));
	refused(&type_tc_time, bad, ARRAY_SIZE(bad));
	round_trips(&type_tc_time, UINT64_C(86400000000000));
}

/* "mbit" are bits, "mbps" bytes; a number alone is bits, as for tc(8). */
static void test_rates(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "10mbit", 1250000, NULL },
		{ "10mbps", 10000000, "80mbit" },
		{ "8", 1, "8bit" },
		{ "1kibit", 128, "1024bit" },
		{ "1001bit", 125, "1kbit" },
		{ "1.5gbit", 187500000, "1500mbit" },
		{ "1KiBps", 1024, "8192bit" },
		{ "1tbit", 125000000000, NULL },
		{ "34gbit", 4250000000, NULL },
		{ "10Mbit", 1250000, "10mbit" },
		{ "0bit", 0, NULL },
	};
	static const char *const bad[] = { "",          "fast",     "10m", "10mb",   "10 mbit", "7bit",
					   "0.001kbit", "1001gbit", "50%", "-1mbit", "10mbits", "1pbit" };

	means(&type_tc_rate, rows, ARRAY_SIZE(rows));
	refused(&type_tc_rate, bad, ARRAY_SIZE(bad));
	round_trips(&type_tc_rate, UINT64_C(125000000000));
}

static void test_sizes(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "32kb", 32768, NULL },  { "1600", 1600, "1600b" }, { "1.5k", 1536, "1536b" },
		{ "1mb", 1048576, NULL }, { "8kbit", 1024, "1kb" },  { "4294967295b", 4294967295, NULL },
		{ "0b", 0, NULL },
	};
	static const char *const bad[] = { "", "kb", "4gb", "1kib", "4294967296b", "-1", "0.1b" };

	means(&type_tc_size, rows, ARRAY_SIZE(rows));
	refused(&type_tc_size, bad, ARRAY_SIZE(bad));
	round_trips(&type_tc_size, UINT32_MAX);
}

static void test_percentages(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "1%", 42949673, NULL },
		{ "100%", UINT32_MAX, NULL },
		{ "50%", 2147483648, NULL },
		{ "0.1%", 4294967, NULL },
		{ "0%", 0, NULL },
		{ "33.3%", 1430224109, NULL },
		{ "0.00000003%", 1, "0.00000002%" },
		{ "99.9999999%", 4294967291, NULL },
	};
	static const char *const bad[] = { "", "%", "1", "100.1%", "-1%", "1 %", "1%%", "0.00000001%", "0.01" };

	means(&type_tc_percent, rows, ARRAY_SIZE(rows));
	refused(&type_tc_percent, bad, ARRAY_SIZE(bad));
	round_trips(&type_tc_percent, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_percentages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
