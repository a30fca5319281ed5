/* SPDX-License-Identifier: MIT */
/* test_vlan_list.c - lists of VLANs: their text in order, whatever the order and the form in the file, and back again. */
#include "kind/vlan_list.h"
#include "model/field.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static int parse(const char *json, uint32_t max, const char **ret, struct arena *a, struct err *e)
{
	const struct field f = { .type = &type_vlan_list, .max = max };
	struct json_object *in = json_tokener_parse(json);
	int r;

	assert_non_null(in);
	*ret = NULL;
	r = type_parse(&f, "host", ret, in, a, e);
	json_object_put(in);
	return r;
}

static void test_texts(_unused_ void **state)
{
	static const struct {
		const char *json, *text, *as;
	} rows[] = {
		{ "[]", "", "[]" },
		{ "[20,10]", "10, 20", "[10,20]" },
		{ "[1,2,3,4094]", "1-3, 4094", "[\"1-3\",4094]" },
		{ "[\"1-4094\"]", "1-4094", "[\"1-4094\"]" },
		{ "[{\"id\":10,\"pvid\":true,\"untagged\":true},{\"id\":\"11-12\",\"untagged\":true}]",
		  "10 pvid untagged, 11-12 untagged",
		  "[{\"id\":10,\"pvid\":true,\"untagged\":true},{\"id\":\"11-12\",\"untagged\":true}]" },
		{ "[{\"id\":10,\"pvid\":false,\"untagged\":false},{\"id\":11,\"pvid\":true}]", "10, 11 pvid",
		  "[10,{\"id\":11,\"pvid\":true}]" },
	};
	struct arena a = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text, *again;
		struct json_object *out;
		struct err e;

		if (parse(rows[i].json, 0, &text, &a, &e) < 0)
			fail_msg("%s: %s", rows[i].json, e.text);
		assert_string_equal(text, rows[i].text);
		out = type_vlan_list.format(NULL, "host", &text);
		assert_string_equal(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN), rows[i].as);
		assert_int_equal(parse(rows[i].as, 0, &again, &a, &e), 0);
		assert_true(type_vlan_list.equal(&text, &again));
		json_object_put(out);
	}
	arena_done(&a);
}

/* Also what a file could not list: the kernel had it. */
static void test_sets(_unused_ void **state)
{
	for (uint64_t i = 0; i < 300; i++) {
		struct vlan_set s = { { 0 } }, again;
		unsigned pvid = (unsigned)(i * 1237) % (VLAN_LAST + 1);
		struct arena a = { 0 };

		for (unsigned vid = VLAN_FIRST; vid <= VLAN_LAST; vid++) {
			uint64_t roll = ((i + vid / (1 + i % 40)) * UINT64_C(0x9e3779b97f4a7c15)) >> 60;

			s.of[vid] = (uint8_t)(roll < 8 ? 0 : VLAN_MEMBER | (roll < 12 ? VLAN_UNTAGGED : 0));
		}
		if (pvid)
			s.of[pvid] |= VLAN_MEMBER | VLAN_PVID;
		again = vlan_set_of(vlan_set_text(&s, "", &a));
		assert_memory_equal(&s, &again, sizeof(s));
		arena_done(&a);
	}
}

static void test_limit(_unused_ void **state)
{
	struct arena a = { 0 };
	const char *text;
	struct err e;

	assert_int_equal(parse("[1,3,4]", 2, &text, &a, &e), 0);
	assert_true(parse("[1,3,5]", 2, &text, &a, &e) < 0);
	assert_string_equal(e.text, "has 3 VLANs and ranges; at most 2 are allowed");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
