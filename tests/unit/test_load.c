/* SPDX-License-Identifier: MIT */
/* test_load.c - topology files of toy kinds: the model of a good one, and every message about a bad one. */
#include "format/load.h"
#include "base/suggest.h"
#include "base/json.h"
#include "loading.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* A file, and its problems as "LINE:COLUMN POINTER MESSAGE", one a line. */
struct row {
	const char *text, *says;
};

static void refused(const char *text, const char *says)
{
	loading_refused(&toy_kinds, text, says);
}

static void refused_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		refused(rows[i].text, rows[i].says);
}

static struct declaration accepted(const char *text)
{
	return loading_accepted(&toy_kinds, text);
}

static void test_good(_unused_ void **state)
{
	struct declaration t = accepted(
		"{ \"$schema\": \"x\", \"version\": 1, \"name\": \"lab\", \"description\": \"d\", \"on_drift\": \"report\",\n"
		"\"host\": { \"interfaces\": { \"eth0\": { \"mtu\": 9000 } }, \"settings\": { \"a.b\": \"1\" } },\n"
		"\"namespaces\": { \"ns1\": { \"existing\": true, \"interfaces\": {\n"
		"  \"e\": { \"addresses\": [\"10.0.0.2/24\", { \"address\": \"::1/128\", \"scope\": \"host\" }],\n"
		"         \"kind\": \"cable\", \"peer\": \"ns2/e\", \"master\": \"sw\", \"settings\": { \"k\": \"v\" } },\n"
		"  \"sw\": { \"kind\": \"switch\", \"ageing\": 30 } },\n"
		"  \"routes\": [ { \"via\": \"10.0.0.1\", \"to\": \"default\", \"dev\": \"e\" } ] }, \"ns2\": {} } }");
	static const char *const ids[] = {
		"netns host",        "link host/eth0", "setting host a.b",
		"netns ns1",         "link ns1/e",     "address ns1/e 10.0.0.2/24",
		"address ns1/e ::1", "knob ns1/e k",   "link ns1/sw",
		"route ns1 default", "netns ns2",      "link ns2/e",
	};
	const struct toy_cable *c = (const struct toy_cable *)model_find_ref(&t.model, "link", "ns1/e");
	const struct object *address = model_find(&t.model, "address ns1/e 10.0.0.2/24");

	assert_string_equal(t.name, "lab");
	assert_int_equal(t.on_drift, ON_DRIFT_REPORT);
	assert_int_equal(t.model.n, ARRAY_SIZE(ids));
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		assert_string_equal(t.model.objects[i]->id, ids[i]);
	assert_string_equal(c->peer, "ns2/e");
	assert_string_equal(c->master, "ns1/sw");
	assert_false(object_says(&c->object, "mtu"));
	assert_int_equal(address->where.line, 4);
	assert_int_equal(address->where.column, 24);
	assert_string_equal(address->where.pointer, "/namespaces/ns1/interfaces/e/addresses/0");
	assert_null(address->in);
	declaration_done(&t);
	/* The host always exists. */
	t = accepted("{}");
	assert_int_equal(t.model.n, 1);
	assert_string_equal(t.name, "");
	assert_int_equal(t.on_drift, ON_DRIFT_HEAL);
	declaration_done(&t);
}

static void test_root(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "", "1:1  the text ends where a value is expected\n" },
		{ "[]", "1:1  must be an object: { ... }\n" },
		{ "null", "1:1  must be an object: { ... }\n" },
		{ "{ \"version\": 2 }", "1:14 /version version 2 is newer than this netnsd, which knows version 1\n" },
		{ "{ \"version\": \"1\" }", "1:14 /version must be 1\n" },
		{ "{ \"name\": \"a/b\" }",
		  "1:11 /name \"a/b\" must consist of letters, digits, \"_\", \".\" and \"-\" only\n" },
		{ "{ \"name\": 1 }", "1:11 /name must be a text in double quotes\n" },
		{ "{ \"on_drift\": \"heel\" }", "1:15 /on_drift must be \"heal\" or \"report\"\n" },
		{ "{ \"nmaespaces\": {} }", "1:3 /nmaespaces unknown field; did you mean \"namespaces\"?\n" },
		{ "{ \"interfaces\": {} }",
		  "1:3 /interfaces unknown field; possible here: \"$schema\", \"version\", \"name\", "
		  "\"description\", \"on_drift\", \"host\", \"namespaces\" or \"expect\"\n" },
		{ "{ \"expect\": {} }", "1:13 /expect must be a list: [ ... ]\n" },
		{ "{ \"namespaces\": { \"host\": {} } }",
		  "1:19 /namespaces/host \"host\" is the namespace that netnsd runs in; declare it at /host\n" },
		{ "{ \"namespaces\": { \"a b\": {} } }",
		  "1:19 /namespaces/a b \"a b\" must consist of letters, digits, \"_\", \".\" and \"-\" only\n" },
		{ "{ \"namespaces\": [] }", "1:17 /namespaces must be an object: { ... }\n" },
		{ "{ \"namespaces\": { \"a\": 1 } }", "1:24 /namespaces/a must be an object: { ... }\n" },
		{ "{ \"host\": null, \"namespaces\": { \"a\": { \"routes\": [ null ] } } }",
		  "1:11 /host null has no meaning; leave the field out\n"
		  "1:52 /namespaces/a/routes/0 null has no meaning; leave the field out\n" },
	};

	refused_all(rows, ARRAY_SIZE(rows));
}

/* @body in namespace ns1, from line 2 on. */
static void refused_body(const char *body, const char *says)
{
	struct arena a = { 0 };

	refused(arena_fmt(&a, "{\"namespaces\":{\"ns1\":{\n%s\n}}}", body), says);
	arena_done(&a);
}

static void test_words(_unused_ void **state)
{
	// clang-format off: keeps its rows
	static const struct row rows[] = {
		{ "\"interfaces\": { \"a\": { \"move_from\": [] } }",
		  "2:24 /namespaces/ns1/interfaces/a/move_from \"move_from\" is not supported by this version of netnsd\n" },
		{ "\"roots\": []", "2:1 /namespaces/ns1/roots unknown field; did you mean \"routes\"?\n" },
		{ "\"foo\": []", "2:1 /namespaces/ns1/foo unknown field; possible here: \"existing\", \"lamps\", "
				 "\"light\", \"interfaces\", \"routes\" or \"settings\"\n" },
		{ "\"lihgt\": 1", "2:1 /namespaces/ns1/lihgt unknown field; did you mean \"light\"?\n" },
		{ "\"interfaces\": { \"a\": { \"lamps\": [] } }",
		  "2:24 /namespaces/ns1/interfaces/a/lamps unknown field here; \"lamps\" belongs in a namespace or the host\n" },
		{ "\"addresses\": []",
		  "2:1 /namespaces/ns1/addresses unknown field here; \"addresses\" belongs in an interface\n" },
		{ "\"interfaces\": { \"a\": { \"routes\": [] } }",
		  "2:24 /namespaces/ns1/interfaces/a/routes unknown field here; \"routes\" belongs in a namespace or the host\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"swich\" } }",
		  "2:32 /namespaces/ns1/interfaces/a/kind there is no kind \"swich\"; did you mean \"switch\"?\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"wireguard\", \"listen_port\": 1 } }",
		  "2:32 /namespaces/ns1/interfaces/a/kind \"wireguard\" is not supported by this version of netnsd\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"any\" } }",
		  "2:32 /namespaces/ns1/interfaces/a/kind must be \"switch\" or \"cable\"\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": 1 } }",
		  "2:32 /namespaces/ns1/interfaces/a/kind must be \"switch\" or \"cable\"\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"switch\", \"peer\": \"b\" } }",
		  "2:42 /namespaces/ns1/interfaces/a/peer a switch has no \"peer\", a cable has\n" },
		{ "\"interfaces\": { \"a\": { \"peer\": \"b\" } }",
		  "2:24 /namespaces/ns1/interfaces/a/peer unknown field; it would need \"kind\": \"cable\"\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"cable\", \"peer\": \"b\", \"mac\": \"02:00:00:00:00:01\" } }",
		  "2:54 /namespaces/ns1/interfaces/a/mac unknown field; possible here: \"kind\", \"mtu\", "
		  "\"master\", \"peer\", \"addresses\" or \"settings\"\n" },
		{ "\"interfaces\": { \"a\": { \"move_from\": [] } }",
		  "2:24 /namespaces/ns1/interfaces/a/move_from \"move_from\" is not supported by this version of netnsd\n" },
	};
	// clang-format on

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused_body(rows[i].text, rows[i].says);
}

/* A misspelt word is read all the same: nothing is missing because of it. */
static void test_slips(_unused_ void **state)
{
	refused_body(
		"\"interfaces\": { \"a\": { \"kind\": \"cable\", \"pear\": \"b\", \"adresses\": [ \"10.0.0.2/24\" ] } },\n"
		"\"rotues\": [ { \"to\": \"default\", \"via\": \"10.0.0.1\", \"dev\": \"b\" } ]",
		"2:41 /namespaces/ns1/interfaces/a/pear unknown field; did you mean \"peer\"?\n"
		"2:54 /namespaces/ns1/interfaces/a/adresses unknown field; did you mean \"addresses\"?\n"
		"3:1 /namespaces/ns1/rotues unknown field; did you mean \"routes\"?\n");
	refused_body("\"interfaces\": { \"a\": { \"kind\": \"cable\", \"pear\": \"c\", \"peer\": \"b\" } }",
		     "2:41 /namespaces/ns1/interfaces/a/pear unknown field; did you mean \"peer\"?\n");
}

static void test_values(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "\"existing\": 1", "2:13 /namespaces/ns1/existing must be true or false\n" },
		{ "\"interfaces\": []", "2:15 /namespaces/ns1/interfaces must be an object: { ... }\n" },
		{ "\"interfaces\": { \"a\": [] }", "2:22 /namespaces/ns1/interfaces/a must be an object: { ... }\n" },
		{ "\"interfaces\": { \"abcdefghijklmnop\": {} }",
		  "2:17 /namespaces/ns1/interfaces/abcdefghijklmnop \"abcdefghijklmnop\" is 16 bytes long, the kernel allows 15\n" },
		{ "\"interfaces\": { \"a/b\": {} }",
		  "2:17 /namespaces/ns1/interfaces/a~1b \"a/b\" contains \"/\", which is not "
		  "allowed in the name of an interface\n" },
		{ "\"interfaces\": { \"a\": { \"mtu\": 67 } }",
		  "2:31 /namespaces/ns1/interfaces/a/mtu must be a whole number from 68 to 65535\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"cable\" } }",
		  "2:22 /namespaces/ns1/interfaces/a \"peer\" is missing\n" },
		{ "\"interfaces\": { \"a\": { \"kind\": \"cable\", \"peer\": \"a\" } }",
		  "2:22 /namespaces/ns1/interfaces/a a cable has two ends, this one leads to itself\n" },
		{ "\"routes\": {}", "2:11 /namespaces/ns1/routes must be a list: [ ... ]\n" },
		{ "\"routes\": [ \"default\" ]", "2:13 /namespaces/ns1/routes/0 must be an object: { ... }\n" },
		{ "\"routes\": [ {}, { \"to\": \"x\" } ]",
		  "2:13 /namespaces/ns1/routes/0 \"to\" is missing\n"
		  "2:25 /namespaces/ns1/routes/1/to x is neither \"default\" nor a network, such as 10.0.0.0/24\n" },
		{ "\"settings\": { \"a\": \"b\", \"\": \"c\", \"d\": \"\" }",
		  "2:25 /namespaces/ns1/settings/ must not be empty\n2:39 /namespaces/ns1/settings/d must not be empty\n" },
		{ "\"interfaces\": { \"a\": { \"addresses\": [ \"10.0.0.1\", 1, \"x\", { \"address\": \"y\" } ] } }",
		  "2:51 /namespaces/ns1/interfaces/a/addresses/1 must be an IP address with a prefix length, such as "
		  "\"10.0.0.1/24\"\n"
		  "2:54 /namespaces/ns1/interfaces/a/addresses/2 x is not an IP address, such as 10.0.0.1\n"
		  "2:72 /namespaces/ns1/interfaces/a/addresses/3/address y is not an IP address, such as 10.0.0.1\n" },
		{ "\"interfaces\": { \"a\": { \"addresses\": [ \"::1\", { \"address\": \"0::1/128\" } ] } }",
		  "2:46 /namespaces/ns1/interfaces/a/addresses/1 the same address is already at line 2, column 39\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused_body(rows[i].text, rows[i].says);
}

static void test_references(_unused_ void **state)
{
	refused_body(
		"\"interfaces\": { \"sw0\": { \"kind\": \"switch\" },\n"
		"\"a\": { \"kind\": \"switch\", \"master\": \"sw1\" },\n"
		"\"b\": { \"kind\": \"switch\", \"master\": \"unlike\" },\n"
		"\"c\": { \"kind\": \"cable\", \"peer\": \"sw0\" },\n"
		"\"d\": { \"kind\": \"switch\", \"master\": \"ns2/sw0\" } },\n"
		"\"routes\": [ { \"to\": \"default\", \"dev\": \"sw\" } ]",
		"3:36 /namespaces/ns1/interfaces/a/master sw1 is not an interface of ns1; did you mean sw0?\n"
		"4:36 /namespaces/ns1/interfaces/b/master unlike is not an interface of ns1\n"
		"5:33 /namespaces/ns1/interfaces/c/peer ns1/sw0 is a switch, no end of a cable\n"
		"6:36 /namespaces/ns1/interfaces/d/master there is no namespace ns2 in this file; did you mean ns1?\n"
		"7:39 /namespaces/ns1/routes/0/dev sw is not an interface of ns1; did you mean sw0?\n");
	refused("{\"host\":{\"interfaces\":{\"br\":{}}},\n"
		"\"namespaces\":{\"ns1\":{\"interfaces\":{\"a\":{\"master\":\"br\"}}}}}",
		"2:50 /namespaces/ns1/interfaces/a/master br is not an interface of ns1; did you mean host/br?\n");
	refused_body(
		"\"interfaces\": { \"a\": { \"kind\": \"cable\", \"peer\": \"hots/a\" } }",
		"2:49 /namespaces/ns1/interfaces/a/peer there is no namespace hots in this file; did you mean host?\n");
}

/* One mistake is one problem: its consequences are not reported. */
static void test_consequences(_unused_ void **state)
{
	refused_body(
		"\"interfaces\": { \"a\": { \"kind\": \"cabel\", \"peer\": \"b\" }, \"c\": { \"master\": \"d\" } }",
		"2:32 /namespaces/ns1/interfaces/a/kind there is no kind \"cabel\"; did you mean \"cable\"?\n"
		"2:73 /namespaces/ns1/interfaces/c/master d is not an interface of ns1\n");
	refused_body(
		"\"interfaces\": { \"a\": { \"kind\": \"quantum\", \"peer\": \"b\" }, \"c\": { \"master\": \"b\" } }",
		"2:32 /namespaces/ns1/interfaces/a/kind must be \"switch\" or \"cable\"\n");
	refused_body("\"interfaces\": { \"a\": { \"kind\": \"cable\", \"peer\": 1 }, \"c\": { \"master\": \"b\" } }",
		     "2:49 /namespaces/ns1/interfaces/a/peer must be the name of an interface, \"IF\" or \"NS/IF\"\n");
	refused_body(
		"\"interfaces\": { \"a\": { \"addresses\": [ \"10.0.0.2/42\" ] } },\n"
		"\"routes\": [ { \"to\": \"default\", \"via\": \"10.0.0.1\" } ]",
		"2:39 /namespaces/ns1/interfaces/a/addresses/0 10.0.0.2/42: the prefix length of IPv4 is a whole number "
		"from 0 to 32\n");
	refused_body(
		"\"interfaces\": { \"a\": { \"knid\": \"cable\", \"mtu\": 1, \"addresses\": [ \"10.0.0.2/24\" ] } },\n"
		"\"routes\": [ { \"to\": \"default\", \"via\": \"10.1.0.1\" } ]",
		"2:24 /namespaces/ns1/interfaces/a/knid unknown field; did you mean \"kind\"?\n"
		"2:48 /namespaces/ns1/interfaces/a/mtu must be a whole number from 68 to 65535\n");
	/* Nothing depends on a setting. */
	refused_body("\"settings\": { \"a\": 1 }, \"routes\": [ { \"to\": \"default\", \"via\": \"10.1.0.1\" } ]",
		     "2:20 /namespaces/ns1/settings/a must be a text in double quotes\n"
		     "2:63 /namespaces/ns1/routes/0/via 10.1.0.1 is on no network of ns1\n");
	refused_body(
		"\"interfaces\": { \"a\": { \"mtu\": 1, \"addresses\": [ \"10.0.0.2/24\" ] } },\n"
		"\"routes\": [ { \"to\": \"default\", \"via\": \"10.1.0.1\" } ]",
		"2:31 /namespaces/ns1/interfaces/a/mtu must be a whole number from 68 to 65535\n"
		"3:39 /namespaces/ns1/routes/0/via 10.1.0.1 is on no network of ns1\n");
}

static void test_circles(_unused_ void **state)
{
	refused_body(
		"\"interfaces\": { \"a\": { \"master\": \"b\" }, \"b\": { \"master\": \"c\" }, \"c\": { \"master\": \"b\" },\n"
		"\"d\": { \"master\": \"d\" }, \"e\": { \"master\": \"a\" } }",
		"2:82 /namespaces/ns1/interfaces/c/master forms a cycle: ns1/b, ns1/c, ns1/b again\n"
		"3:18 /namespaces/ns1/interfaces/d/master forms a cycle: ns1/d, ns1/d again\n");
}

static void test_limits(_unused_ void **state)
{
	char *text, *says;
	size_t size;
	FILE *f = must(open_memstream(&text, &size));
	struct problems p = { 0 };
	struct declaration t;

	fputs("{\"namespaces\":{", f);
	for (int i = 0; i < 16385; i++)
		fprintf(f, "%s\"n%d\":{}", i ? "," : "", i);
	fputs("}}", f);
	fclose(f);
	refused(text, "1:1  there are 16385 namespaces, at most 16384 are allowed\n");
	free(text);
	f = must(open_memstream(&text, &size));
	fputs("{\"host\":{\"interfaces\":{", f);
	for (int i = 0; i < 65537; i++)
		fprintf(f, "%s\"n%d\":{}", i ? "," : "", i);
	fputs("}}}", f);
	fclose(f);
	refused(text, "1:1  there are 65537 interfaces, at most 65536 are allowed\n");
	free(text);
	text = must(calloc(1, TOPOLOGY_MAX + 2));
	memset(text, ' ', TOPOLOGY_MAX + 1);
	refused(text, "1:1  the file has 8388609 bytes, at most 8388608 are allowed\n");
	free(text);
	/* More problems than anybody reads are counted. */
	f = must(open_memstream(&text, &size));
	fputc('{', f);
	for (int i = 0; i < 150; i++)
		fprintf(f, "%s\"x%d\":{}", i ? "," : "", i);
	fputc('}', f);
	fclose(f);
	assert_int_equal(load_text(text, size, &toy_kinds, &t, &p), -EINVAL);
	says = loading_problems(&p);
	assert_non_null(strstr(says, "and 50 more\n"));
	free(says);
	free(text);
	problems_done(&p);
}

static void test_json(_unused_ void **state)
{
	struct json_object *in = json_tokener_parse("{\"namespaces\":{\"a\":{\"routes\":[{},null]}}}");
	_cleanup_(freep) char *got = NULL;
	struct problems p = { 0 };
	struct declaration t;

	assert_int_equal(load_json(in, NULL, &toy_kinds, &t, &p), -EINVAL);
	got = loading_problems(&p);
	assert_string_equal(got,
			    "0:0 /namespaces/a/routes/1 null has no meaning; leave the field out\n"
			    "0:0 /namespaces/a/routes/0 \"to\" is missing\n");
	problems_done(&p);
	json_object_put(in);
	in = json_tokener_parse("{\"namespaces\":{\"a\":{}}}");
	assert_int_equal(load_json(in, NULL, &toy_kinds, &t, &p), 0);
	assert_int_equal(t.model.n, 2);
	declaration_done(&t);
	json_object_put(in);
}

static struct json_object *at(struct json_object *in, const char *pointer)
{
	struct json_object *v = NULL;

	json_pointer_get(in, pointer, &v);
	assert_non_null(v);
	return v;
}

static void assert_json(struct json_object *in, const char *pointer, const char *text)
{
	assert_string_equal(json_object_to_json_string_ext(at(in, pointer),
							   JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			    text);
}

static void test_schema(_unused_ void **state)
{
	struct json_object *s = load_schema(&toy_kinds);

	assert_json(s, "/$schema", "\"https://json-schema.org/draft/2020-12/schema\"");
	assert_json(s, "/additionalProperties", "false");
	assert_json(s, "/properties/version", "{\"const\":1}");
	assert_json(s, "/properties/namespaces/additionalProperties", "{\"$ref\":\"#/$defs/namespace\"}");
	assert_json(s, "/$defs/interfaces/properties/kind/enum", "[\"switch\",\"cable\"]");
	assert_json(s, "/$defs/interfaces/allOf/0",
		    "{\"if\":{\"not\":{\"required\":[\"kind\"]}},\"then\":{\"$ref\":\"#/$defs/interfaces-any\"}}");
	assert_json(s, "/$defs/interfaces-cable/required", "[\"peer\"]");
	assert_json(s, "/$defs/interfaces-cable/properties/kind", "{\"const\":\"cable\"}");
	assert_json(s, "/$defs/interfaces-cable/properties/mtu/minimum", "68");
	assert_null(json_object_object_get(at(s, "/$defs/interfaces-cable/properties"), "mac"));
	assert_json(s, "/$defs/interfaces-cable/properties/addresses/items/anyOf/1",
		    "{\"$ref\":\"#/$defs/interface-addresses\"}");
	assert_json(s, "/$defs/namespace/properties/routes/items", "{\"$ref\":\"#/$defs/routes\"}");
	assert_json(s, "/$defs/namespace/properties/settings/additionalProperties/maxLength", "16");
	assert_json(s, "/$defs/namespace/properties/light/maximum", "100");
	json_object_put(s);
}

/* The names compared for one file are counted and bounded. */
static void test_suggestions(_unused_ void **state)
{
	size_t count = 0;
	struct suggest suggest = suggest_counted("veth-host", &count);

	suggest_try(&suggest, "eth0");
	assert_null(suggest.best);
	suggest_try(&suggest, "veht-host");
	assert_string_equal(suggest.best, "veht-host");
	assert_int_equal(suggest.distance, 1);
	suggest_try(&suggest, "veth-hosts");
	assert_string_equal(suggest.best, "veht-host");
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 2 * COMPARED_MAX; i++)
		suggest_try(&suggest, "veth-h0st");
	assert_int_equal(count, COMPARED_MAX);
	assert_true(suggest_is_spent(&suggest));
	suggest = suggest_counted("veth-host", &count);
	suggest_try(&suggest, "veth-host1");
	assert_null(suggest.best);
	/* Those of a table are not counted. */
	suggest = suggest_new("adresses");
	suggest_try(&suggest, "addresses");
	assert_string_equal(suggest.best, "addresses");
	assert_false(suggest_is_spent(&suggest));
}

static void test_manual(_unused_ void **state)
{
	_cleanup_(freep) char *text = NULL;
	size_t size;
	FILE *f = must(open_memstream(&text, &size));

	load_manual(&toy_kinds, f);
	fclose(f);
	assert_non_null(
		strstr(text,
		       "## cable\n\nA cable with two ends.\n\nAn object in *interfaces* of a namespace, or the host, "
		       "under its name.\n\n[[ *key*\n:[ *value*\n:[ *meaning*\n"));
	assert_non_null(
		strstr(text, "|  *mtu*\n:  number 68 to 65535\n:  largest packet, in bytes; reverts to 1500\n"));
	assert_non_null(
		strstr(text, "|  *peer*\n:  interface\n:  the other end; required; a change recreates the object\n"));
	assert_non_null(strstr(text, "|  *scope*\n:  global, link or host\n:  how far it is valid\n"));
	assert_null(strstr(text, "*mac*"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),         cmocka_unit_test(test_root),    cmocka_unit_test(test_words),
		cmocka_unit_test(test_slips),        cmocka_unit_test(test_values),  cmocka_unit_test(test_references),
		cmocka_unit_test(test_consequences), cmocka_unit_test(test_circles), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_json),         cmocka_unit_test(test_schema),  cmocka_unit_test(test_manual),
		cmocka_unit_test(test_suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
