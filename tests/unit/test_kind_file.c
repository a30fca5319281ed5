/* SPDX-License-Identifier: MIT */
/* test_kind_file.c - what a kind of link gets for its file and its row: the tunnel of kind_tunnel.c in the
 * loader, the schema and the manual.  Its plan is in tests/plan. */
#include "kind_tunnel.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_file(_unused_ void **state)
{
	struct problems p = { 0 };
	struct declaration t;

	assert_int_equal(load_text(tunnel_file, strlen(tunnel_file), tunnel_kinds(), &t, &p), 0);
	assert_ptr_equal(tunnel_of(&t)->link.object.kind, &kind_tunnel);
	assert_int_equal(tunnel_of(&t)->ttl, 3);
	assert_string_equal(tunnel_of(&t)->over, "a/x");
	assert_int_equal(link_mtu(&tunnel_of(&t)->link.object), 1400);
	declaration_done(&t);
	static const char wrong[] =
		"{\"namespaces\": {\"a\": {\"interfaces\": {\"t\": {\"kind\": \"tunel\", \"first\": 5}}}}}";
	assert_int_equal(load_text(wrong, strlen(wrong), tunnel_kinds(), &t, &p), -EINVAL);
	assert_string_equal(p.v[0].message, "needs \"first\" and \"last\", in this order");
	assert_string_equal(p.v[1].message, "there is no kind \"tunel\"; did you mean \"tunnel\"?");
	problems_done(&p);
}

/* A kind that is in no file defines nothing. */
static void assert_all_used(struct json_object *schema, const char *text)
{
	json_object_object_foreach(json_object_object_get(schema, "$defs"), name, def) {
		_cleanup_(freep) char *ref = NULL;

		(void)def;
		assert_true(asprintf(&ref, "{\"$ref\":\"#/$defs/%s\"}", name) > 0);
		assert_non_null(strstr(text, ref));
	}
}

static void test_documents(_unused_ void **state)
{
	_cleanup_(freep) char *manual = NULL;
	struct json_object *schema = load_schema(tunnel_kinds());
	const char *text =
		json_object_to_json_string_ext(schema, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	size_t size;
	FILE *f = must(open_memstream(&manual, &size));

	assert_non_null(strstr(text, ",\"tunnel\"]"));
	assert_non_null(
		strstr(text, "\"interfaces-tunnel\":{\"type\":\"object\",\"description\":\"a tunnel to somewhere\""));
	assert_non_null(
		strstr(text, "\"mode\":{\"enum\":[\"fast\",\"safe\"],\"description\":\"how packets are sent\"}"));
	assert_all_used(schema, text);
	load_manual(tunnel_kinds(), f);
	fclose(f);
	assert_null(strstr(manual, "address\\_route"));
	assert_non_null(strstr(manual, "## tunnel\n\nA tunnel to somewhere.\n"));
	assert_non_null(
		strstr(manual, "|  *learning*\n:  true or false\n:  whether addresses are learnt; reverts to true\n"));
	assert_non_null(strstr(
		manual,
		"largest packet, in bytes; 65536 on lo only; below 1280 there is no IPv6 (IFLA\\_MTU); reverts to 1400\n"));
	json_object_put(schema);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
