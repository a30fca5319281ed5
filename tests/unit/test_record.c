/* SPDX-License-Identifier: MIT */
/* test_record.c - a record that netnsd cannot have written is refused as a whole, with a
 * message that names the file, what is wrong and the remedy. */
#include "records.h"
#include "base/log.h"
#include "disk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

/* A record that is cut off is invalid, wherever that is. */
static void test_cut_off(void **state)
{
	const char *known = disk_path(*state, "known");
	_cleanup_(freep) char *text = NULL;
	struct found f = { 0 };
	struct record r;
	struct state s;
	struct err e;

	state_opened(&s, *state);
	record_make(&r, "lab");
	r.source[3] = '\0';
	assert_int_equal(state_store(&s, &r, &e), 0);
	text = disk_read(known, "lab.json");
	for (size_t n = 0; n < strlen(text); n++) {
		disk_write(known, "lab.json", text, n);
		found_read(&s, false, &f);
		assert_string_equal(f.text + strlen(f.text) - 5, "cord\n");
		assert_non_null(strstr(f.text, "/known/lab.json: is not JSON; its objects are left alone"));
	}
	disk_print(known, "lab.json", text);
	found_read(&s, false, &f);
	assert_string_equal(f.text, "lab: good\n");
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

/* Instead of the value at the key; NULL: it is missing, "": too long a text. */
static const struct {
	const char *key, *value, *words;
} hostile[] = {
	{ "name", "\"other\"", "\"name\" is \"other\"" },
	{ "name", NULL, "\"name\"" },
	{ "source", "7", "\"source\"" },
	{ "source", "\"a\\u0000b\"", "\"source\"" },
	{ "source", NULL, "\"source\"" },
	{ "source", "", "\"source\" is longer than 4096 bytes" },
	{ "macs", "\"\"", "\"macs\"" },
	{ "macs", "\"../x\"", "\"macs\"" },
	{ "renames", "\"a/b\"", "\"renames\"" },
	{ "renames", "7", "\"renames\"" },
	{ "state", "\"parked\"", "\"state\" is \"parked\"" },
	{ "state", "null", "\"state\"" },
	{ "state", "\"UP\"", "\"UP\"" },
	{ "since_usec", "-1", "\"since_usec\"" },
	{ "since_usec", "253402300800000001", "\"since_usec\"" },
	{ "healed", "4294967296", "\"healed\"" },
	{ "healed", "1.0", "\"healed\"" },
	{ "had", "1", "\"had\"" },
	{ "topology", "[]", "\"topology\"" },
	{ "topology", "null", "\"topology\"" },
	{ "originals", "{}", "\"originals\"" },
	{ "originals", "[1]", "\"originals\"" },
	{ "delta", NULL, "\"delta\"" },
	{ "delta", "[{}]", "\"delta\"" },
	{ "confirm_usec", "9223372036854775806", "\"confirm_usec\"" },
	{ "confirm_usec", "-1", "\"confirm_usec\"" },
	{ "adopt", "\"yes\"", "\"adopt\"" },
	{ "persist", "{}", "\"persist\"" },
	{ "previous", "{}", "\"previous\"" },
	{ "previous", "[]", "\"previous\"" },
	{ "previous", "{\"source\":\"\",\"state\":\"failed\",\"topology\":{}}", "\"previous\"" },
	{ "previous", "{\"source\":\"\",\"state\":\"up\",\"topology\":{},\"more\":1}", "\"previous\"" },
	{ "unheard", "1", "unheard" },
};

static void test_hostile_fields(void **state)
{
	const char *known = disk_path(*state, "known");
	char longer[4200];
	struct found f = { 0 };
	struct record r;
	struct state s;

	state_opened(&s, *state);
	record_make(&r, "lab");
	/* One byte more than a client may send. */
	snprintf(longer, sizeof(longer), "\"%04097d\"", 0);
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		const char *value = hostile[i].value && !*hostile[i].value ? longer : hostile[i].value;
		struct json_object *o = record_json(&r);

		json_object_object_del(o, hostile[i].key);
		if (value)
			json_object_object_add(o, hostile[i].key, json_tokener_parse(value));
		disk_print(known, "lab.json", json_object_to_json_string(o));
		json_object_put(o);
		found_read(&s, false, &f);
		assert_int_equal(f.n, 1);
		assert_non_null(strstr(f.text, hostile[i].words));
		/* The remedy is at the end, whatever precedes it. */
		assert_non_null(strstr(f.text, "netnsctl down --forget lab deletes the record\n"));
	}
	record_done(&r);
	record_done(&f.last);
	state_close(&s);
}

/* However long the path is and what is wrong, the remedy is complete. */
static void test_help_is_not_cut_off(void **state)
{
	static const char name[] = "1234567890123456789012345678901234567890123456789012345678901234";
	char dir[256];
	struct found f = { 0 };
	struct record r;
	struct state s;

	snprintf(dir, sizeof(dir), "%s/%0200d", (const char *)*state, 0);
	state_opened(&s, dir);
	record_make(&r, name);
	struct json_object *o = record_json(&r);
	json_object_object_add(o, "name", json_object_new_string(name + 1));
	disk_print(dir, "known/1234567890123456789012345678901234567890123456789012345678901234.json",
		   json_object_to_json_string(o));
	json_object_put(o);
	found_read(&s, false, &f);
	assert_int_equal(f.n, 1);
	assert_non_null(strstr(f.text, "deletes the record\n"));
	record_done(&r);
	state_close(&s);
}

static void test_hostile_texts(void **state)
{
	static const struct {
		const char *text;
		size_t size;
	} rows[] = {
		{ "[]", 2 },  { "null", 4 }, { "7", 1 },    { "{}", 2 },   { "{}{}", 4 },
		{ "{}x", 3 }, { "{}\0", 3 }, { "{\0}", 3 }, { "\xff", 1 },
	};
	const char *known = disk_path(*state, "known");
	char deep[200];
	struct found f = { 0 };
	struct state s;

	state_opened(&s, *state);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		disk_write(known, "lab.json", rows[i].text, rows[i].size);
		found_read(&s, false, &f);
		assert_int_equal(f.n, 1);
		assert_non_null(strstr(f.text, "/known/lab.json: "));
		assert_null(strstr(f.text, "good"));
	}
	memset(deep, '[', sizeof(deep));
	disk_write(known, "lab.json", deep, sizeof(deep));
	found_read(&s, false, &f);
	assert_non_null(strstr(f.text, "is not JSON"));
	/* A file of 256 MiB and a byte, of which nothing is on the disk. */
	assert_int_equal(truncate(disk_path(known, "lab.json"), (256 << 20) + 1), 0);
	found_read(&s, false, &f);
	assert_non_null(strstr(f.text, "has 268435457 bytes, at most 268435456 are allowed"));
	state_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cut_off, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_fields, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_help_is_not_cut_off, disk_setup, disk_teardown),
		cmocka_unit_test_setup_teardown(test_hostile_texts, disk_setup, disk_teardown),
	};

	log_set_level(LOG_EMERG);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
