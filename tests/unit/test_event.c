/* SPDX-License-Identifier: MIT */
/* test_event.c - events are reported to all, and stored: bounded, over a restart, and
 * whatever the disk does. */
#include "store/event.h"
#include "store/event_file.h"
#include "base/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* An engine that only reports events, in a directory of its own. */
struct fixture {
	char dir[64];
	struct events *events;
};

static int setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));

	log_set_level(LOG_EMERG);
	snprintf(f->dir, sizeof(f->dir), "/tmp/test-event-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->events = events_new(f->dir);
	*state = f;
	return 0;
}

static const char *path(const struct fixture *f, const char *name)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s/%s", f->dir, name);
	return text;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	events_free(f->events);
	remove(path(f, "log"));
	remove(path(f, "log.old"));
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* As a restart would, without notice to the one before. */
static void reopen(struct fixture *f)
{
	events_free(f->events);
	f->events = events_new(f->dir);
}

static void tell(struct fixture *f, const char *topology, size_t number)
{
	char message[64];

	snprintf(message, sizeof(message), "number %zu", number);
	events_tell(f->events, &(struct event){ .type = EVENT_APPLIED, .topology = topology, .message = message });
}

static void append(const struct fixture *f, const char *name, const char *text)
{
	FILE *file = fopen(path(f, name), "a");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* The last events are those numbers, from @first to @end-1. */
static void expect(const struct fixture *f, const char *topology, size_t limit, size_t first, size_t end)
{
	struct json_object *list = events_last(f->events, topology, limit);

	assert_int_equal(json_object_array_length(list), end - first);
	for (size_t i = first; i < end; i++) {
		struct json_object *event = json_object_array_get_idx(list, i - first);
		char message[64];

		snprintf(message, sizeof(message), "number %zu", i);
		assert_string_equal(json_object_get_string(json_object_object_get(event, "message")), message);
	}
	json_object_put(list);
}

static void test_newest_are_kept(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < EVENTS_MAX + 20; i++)
		tell(f, i % 2 ? "odd" : "even", i);
	expect(f, NULL, SIZE_MAX, 20, EVENTS_MAX + 20);
	expect(f, NULL, 3, EVENTS_MAX + 17, EVENTS_MAX + 20);
	expect(f, "odd", 1, EVENTS_MAX + 19, EVENTS_MAX + 20);
	expect(f, "od", SIZE_MAX, 0, 0);
	reopen(f);
	expect(f, NULL, SIZE_MAX, 20, EVENTS_MAX + 20);
}

static void test_all_that_is_known(void **state)
{
	static const char all[] =
		"[{\"time_usec\":7,\"event\":\"drift\",\"topology\":\"lab\",\"kind\":\"address\",\"object\":\"ns1/eth0\","
		"\"expected\":\"10.0.0.2/24\",\"actual\":\"x?\",\"by\":\"pid 1 (\\u001b)\",\"reason\":\"contested\",\"message\":\"gone\",\"errno\":17}]";
	const struct event ev = { .type = EVENT_DRIFT,
				  .time_usec = 7,
				  .topology = "lab",
				  .kind = "address",
				  .object = "ns1/eth0",
				  .expected = "10.0.0.2/24",
				  .actual = "x\xff",
				  .by = "pid 1 (\033)",
				  .why = WHY_NOT_CONTESTED,
				  .message = "gone",
				  .code = -EEXIST };
	struct fixture *f = *state;

	events_tell(f->events, &ev);
	for (int i = 0; i < 2; i++) {
		struct json_object *list = events_last(f->events, "lab", 9);

		assert_string_equal(
			json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			all);
		json_object_put(list);
		reopen(f);
	}
}

static void test_what_is_no_event_is_left_out(void **state)
{
	struct fixture *f = *state;

	tell(f, "lab", 0);
	append(f, "log",
	       "\n[]\n{}\n7\nnull\n{\"time_usec\":7,\"event\":\"drift\",\"topology\":\"lab\",\"reason\":\"none\"}\n"
	       "{\"topology\":");
	reopen(f);
	expect(f, NULL, SIZE_MAX, 0, 1);
	/* The half line does not affect the next. */
	tell(f, "lab", 1);
	reopen(f);
	expect(f, NULL, SIZE_MAX, 0, 2);
}

static void test_files_are_bounded(void **state)
{
	struct fixture *f = *state;
	char message[600];
	struct stat st;
	size_t n = 0;

	memset(message, 'x', sizeof(message) - 1);
	message[sizeof(message) - 1] = '\0';
	for (; n < 3000; n++)
		events_tell(f->events, &(struct event){ .type = EVENT_DOWN, .topology = "lab", .message = message });
	tell(f, "lab", n);
	assert_int_equal(stat(path(f, "log"), &st), 0);
	assert_true(st.st_size > 0 && st.st_size <= EVENT_FILE_MAX);
	assert_int_equal(stat(path(f, "log.old"), &st), 0);
	assert_true(st.st_size > EVENT_FILE_MAX / 2 && st.st_size <= EVENT_FILE_MAX);
	reopen(f);
	expect(f, NULL, 1, n, n + 1);
	/* More events than the newer file has. */
	struct json_object *list = events_last(f->events, "lab", SIZE_MAX);
	assert_int_equal(json_object_array_length(list), EVENTS_MAX);
	json_object_put(list);
}

static void test_file_beyond_all_bounds_is_turned_over(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truncate(path(f, "log"), 1 << 30), 0);
	reopen(f);
	expect(f, NULL, SIZE_MAX, 0, 0);
	tell(f, "lab", 0);
	reopen(f);
	expect(f, NULL, SIZE_MAX, 0, 1);
}

/* The disk takes a part of a line, then nothing, then everything again. */
static void test_full_disk(void **state)
{
	struct rlimit l, old;
	struct fixture *f = *state;
	struct stat st;

	tell(f, "lab", 0);
	assert_int_equal(stat(path(f, "log"), &st), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	l = old;
	l.rlim_cur = (rlim_t)st.st_size + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
	tell(f, "lab", 1);
	tell(f, "lab", 2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	expect(f, NULL, SIZE_MAX, 0, 3);
	reopen(f);
	expect(f, NULL, SIZE_MAX, 0, 1);
	tell(f, "lab", 1);
	reopen(f);
	expect(f, NULL, SIZE_MAX, 0, 2);
}

static void test_missing_directory(void **state)
{
	struct fixture *f = *state;

	events_free(f->events);
	f->events = events_new("/nonexistent");
	tell(f, "lab", 0);
	expect(f, NULL, SIZE_MAX, 0, 1);
}

struct listener {
	struct subscriber subscriber;
	struct events *events;
	unsigned told;
	bool leaves;
};

static void on_told(struct subscriber *s, struct json_object *event)
{
	struct listener *l = (struct listener *)s;

	assert_string_equal(json_object_get_string(json_object_object_get(event, "topology")), "lab");
	l->told++;
	if (l->leaves)
		events_unsubscribe(l->events, s);
}

static void test_subscribers(void **state)
{
	struct fixture *f = *state;
	struct listener l[3];

	for (size_t i = 0; i < ARRAY_SIZE(l); i++) {
		l[i] = (struct listener){ { .told = on_told }, f->events, 0, i == 1 };
		events_subscribe(f->events, &l[i].subscriber);
	}
	tell(f, "lab", 0);
	tell(f, "lab", 1);
	events_unsubscribe(f->events, &l[2].subscriber);
	tell(f, "lab", 2);
	assert_int_equal(l[0].told, 3);
	assert_int_equal(l[1].told, 1);
	assert_int_equal(l[2].told, 2);
	events_unsubscribe(f->events, &l[0].subscriber);
	tell(f, "lab", 3);
	assert_int_equal(l[0].told, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_newest_are_kept),
		TEST(test_all_that_is_known),
		TEST(test_what_is_no_event_is_left_out),
		TEST(test_files_are_bounded),
		TEST(test_file_beyond_all_bounds_is_turned_over),
		TEST(test_full_disk),
		TEST(test_missing_directory),
		TEST(test_subscribers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
