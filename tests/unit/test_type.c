/* SPDX-License-Identifier: MIT */
/* test_type.c - what each type accepts, how it reports the rest, and that it reads what it writes. */
#include "model/field.h"
#include "model/type.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct word speeds[] = { { "slow", 1 }, { "fast", 7 }, { 0 } };

static const struct field f_bool = { .type = &type_bool }, f_u8 = { .type = &type_u8 },
			  f_mtu = { .type = &type_u16, .min = 68 }, f_u32 = { .type = &type_u32 },
			  f_vlan = { .type = &type_u16, .min = 1, .max = 4094 },
			  f_text = { .type = &type_string, .max = 5 }, f_word = { .type = &type_word, .words = speeds },
			  f_mac = { .type = &type_mac }, f_ip = { .type = &type_ip },
			  f_prefix = { .type = &type_prefix }, f_dest = { .type = &type_dest },
			  f_link = { .type = &type_link };

/* In JSON; without @out it is the same text, with @says it is refused. */
struct row {
	const struct field *f;
	const char *in, *out, *says;
};

static void check_row(const struct row *row)
{
	struct json_object *in = json_tokener_parse(row->in), *out;
	_Alignas(max_align_t) char value[64] = { 0 }, again[64] = { 0 };
	struct arena a = { 0 };
	struct err e;
	int r = row->f->type->parse(row->f, "ns1", value, in, &a, &e);

	if (row->says) {
		assert_int_equal(r, -EINVAL);
		assert_string_equal(e.text, row->says);
	} else {
		assert_int_equal(r, 0);
		out = row->f->type->format(row->f, "ns1", value);
		assert_string_equal(
			json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			row->out ? row->out : row->in);
		assert_int_equal(row->f->type->parse(row->f, "ns1", again, out, &a, &e), 0);
		assert_true(row->f->type->equal(value, again));
		json_object_put(out);
	}
	json_object_put(in);
	arena_done(&a);
}

static void test_plain(_unused_ void **state)
{
	static const struct row rows[] = {
		{ &f_bool, "true" },
		{ &f_bool, "false" },
		{ &f_bool, "1", .says = "must be true or false" },
		{ &f_bool, "\"true\"", .says = "must be true or false" },
		{ &f_u8, "255" },
		{ &f_u8, "256", .says = "must be a whole number from 0 to 255" },
		{ &f_mtu, "68" },
		{ &f_mtu, "65535" },
		{ &f_mtu, "67", .says = "must be a whole number from 68 to 65535" },
		{ &f_mtu, "65536", .says = "must be a whole number from 68 to 65535" },
		{ &f_mtu, "1500.0", .says = "must be a whole number from 68 to 65535" },
		{ &f_mtu, "true", .says = "must be a whole number from 68 to 65535" },
		{ &f_mtu, "\"1500\"", .says = "must be a whole number from 68 to 65535" },
		{ &f_vlan, "4094" },
		{ &f_vlan, "4095", .says = "must be a whole number from 1 to 4094" },
		{ &f_u32, "4294967295" },
		{ &f_u32, "4294967296", .says = "must be a whole number from 0 to 4294967295" },
		{ &f_u32, "-1", .says = "must be a whole number from 0 to 4294967295" },
		{ &f_text, "\"abcde\"" },
		{ &f_text, "\"abcdef\"", .says = "is 6 bytes long, at most 5 are allowed" },
		{ &f_text, "\"\"", .says = "must not be empty" },
		{ &f_text, "\"a\\u001b\"", .says = "must not contain control characters" },
		{ &f_text, "5", .says = "must be a text in double quotes" },
		{ &f_word, "\"fast\"" },
		{ &f_word, "\"faster\"", .says = "must be \"slow\" or \"fast\"" },
		{ &f_word, "7", .says = "must be \"slow\" or \"fast\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

static void test_addresses(_unused_ void **state)
{
	static const struct row rows[] = {
		{ &f_mac, "\"02:00:5e:10:00:01\"" },
		{ &f_mac, "\"02:00:5E:10:00:aB\"", "\"02:00:5e:10:00:ab\"" },
		{ &f_mac, "\"2:0:5e:10:0:1\"",
		  .says = "must be six bytes in hexadecimal, such as \"02:00:5e:10:00:01\"" },
		{ &f_mac, "\"02-00-5e-10-00-01\"",
		  .says = "must be six bytes in hexadecimal, such as \"02:00:5e:10:00:01\"" },
		{ &f_mac, "\"02:00:5e:10:00:01:02\"",
		  .says = "must be six bytes in hexadecimal, such as \"02:00:5e:10:00:01\"" },
		{ &f_ip, "\"10.0.0.1\"" },
		{ &f_ip, "\"2001:DB8:0:0::1\"", "\"2001:db8::1\"" },
		{ &f_ip, "\"10.0.0.300\"", .says = "10.0.0.300 is not an IP address, such as 10.0.0.1" },
		{ &f_ip, "\"010.0.0.1\"", .says = "010.0.0.1 is not an IP address, such as 10.0.0.1" },
		{ &f_ip, "\"10.0.0.1/24\"", .says = "10.0.0.1/24 has a prefix length; did you mean 10.0.0.1?" },
		{ &f_ip, "\"fe80::1%eth0\"", .says = "fe80::1%eth0 is not an IP address, such as 10.0.0.1" },
		{ &f_ip, "1", .says = "must be an IP address, such as \"10.0.0.1\"" },
		{ &f_prefix, "\"10.0.0.1/24\"" },
		{ &f_prefix, "\"10.0.0.1\"" },
		{ &f_prefix, "\"10.0.0.1/32\"", "\"10.0.0.1\"" },
		{ &f_prefix, "\"2001:db8:0::1/64\"", "\"2001:db8::1/64\"" },
		{ &f_prefix, "\"10.0.0.300/24\"",
		  .says = "10.0.0.300/24 is not an IP address with a prefix length, such as 10.0.0.1/24" },
		{ &f_prefix, "\"10.0.0.1/33\"",
		  .says = "10.0.0.1/33: the prefix length of IPv4 is a whole number from 0 to 32" },
		{ &f_prefix, "\"::1/129\"",
		  .says = "::1/129: the prefix length of IPv6 is a whole number from 0 to 128" },
		{ &f_prefix, "\"10.0.0.1/\"",
		  .says = "10.0.0.1/: the prefix length of IPv4 is a whole number from 0 to 32" },
		{ &f_prefix, "\"10.0.0.1/+8\"",
		  .says = "10.0.0.1/+8: the prefix length of IPv4 is a whole number from 0 to 32" },
		{ &f_prefix, "\"10.0.0.1/99999999999999999999\"",
		  .says = "10.0.0.1/99999999999999999999: the prefix length of IPv4 is a whole number from 0 to 32" },
		{ &f_dest, "\"default\"" },
		{ &f_dest, "\"0.0.0.0/0\"" },
		{ &f_dest, "\"10.0.0.0/24\"" },
		{ &f_dest, "\"10.0.0.7\"" },
		{ &f_dest, "\"2001:db8::/32\"" },
		{ &f_dest, "\"10.0.0.1/24\"",
		  .says = "10.0.0.1/24 is an address in a network; did you mean 10.0.0.0/24?" },
		{ &f_dest, "\"2001:db8::1/33\"",
		  .says = "2001:db8::1/33 is an address in a network; did you mean 2001:db8::/33?" },
		{ &f_dest, "\"defualt\"", .says = "defualt is neither \"default\" nor a network, such as 10.0.0.0/24" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

static void test_links(_unused_ void **state)
{
	static const struct row rows[] = {
		{ &f_link, "\"eth0\"" },
		{ &f_link, "\"ns1/eth0\"", "\"eth0\"" },
		{ &f_link, "\"ns2/eth0\"" },
		{ &f_link, "\"host/eth0\"" },
		{ &f_link, "\"ns11/eth0\"" },
		{ &f_link, "\"\"", .says = "interface \"\": is empty" },
		{ &f_link, "\"ns2/\"", .says = "interface \"\": is empty" },
		{ &f_link, "\"/eth0\"", .says = "namespace \"\": is empty" },
		{ &f_link, "\"a/b/c\"",
		  .says = "interface \"b/c\": contains \"/\", which is not allowed in the name of an interface" },
		{ &f_link, "\"../eth0\"", .says = "namespace \"..\": must begin with a letter or digit" },
		{ &f_link, "\"abcdefghijklmnop\"",
		  .says = "interface \"abcdefghijklmnop\": is 16 bytes long, the kernel allows 15" },
		{ &f_link, "1", .says = "must be the name of an interface, \"IF\" or \"NS/IF\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_row(&rows[i]);
}

static void test_names(_unused_ void **state)
{
	static const char *const ifnames[] = { "lo", "eth0", "a.b-c_d", "123456789012345", "\xc3\xa9" };
	static const char *const no_ifnames[] = { "",     ".",   "..",  "all", "default", "a b",
						  "a\tb", "a/b", "a:b", "a%b", "a\x7f" };
	static const char *const names[] = { "a", "0", "ns1", "a.b_c-d", "host" };
	static const char *const no_names[] = { "", ".a", "-a", "_a", "a/b", "a b", "\xc3\xa9", "a%", ".." };
	char text[80];
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(ifnames); i++)
		assert_null(ifname_problem(ifnames[i], &e));
	for (size_t i = 0; i < ARRAY_SIZE(no_ifnames); i++)
		assert_non_null(ifname_problem(no_ifnames[i], &e));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_null(name_problem(names[i], &e));
	for (size_t i = 0; i < ARRAY_SIZE(no_names); i++)
		assert_non_null(name_problem(no_names[i], &e));
	snprintf(text, sizeof(text), "%064d", 0);
	assert_null(name_problem(text, &e));
	snprintf(text, sizeof(text), "%065d", 0);
	assert_string_equal(name_problem(text, &e), "is 65 bytes long, at most 64 are allowed");
}

static void test_covers(_unused_ void **state)
{
	static const struct {
		const char *net, *ip;
		bool covers;
	} rows[] = {
		{ "10.0.0.1/24", "10.0.0.254", true },
		{ "10.0.0.1/24", "10.0.1.1", false },
		{ "10.0.0.1/0", "192.0.2.1", true },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "10.0.0.129/25", "10.0.0.127", false },
		{ "2001:db8::1/64", "2001:db8::2", true },
		{ "2001:db8::1/64", "2001:db8:0:1::2", false },
		{ "::/0", "10.0.0.1", false },
		{ "0.0.0.0/0", "::1", false },
	};
	struct inet net, ip;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(inet_parse(rows[i].net, &net, NULL, &e), 0);
		assert_int_equal(inet_parse(rows[i].ip, &ip, NULL, &e), 0);
		assert_int_equal(inet_covers(&net, &ip), rows[i].covers);
	}
}

static void test_schema(_unused_ void **state)
{
	static const struct {
		const struct field *f;
		const char *schema;
	} rows[] = {
		{ &f_bool, "{\"type\":\"boolean\"}" },
		{ &f_vlan, "{\"type\":\"integer\",\"minimum\":1,\"maximum\":4094}" },
		{ &f_u8, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":255}" },
		{ &f_u32, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}" },
		{ &f_text, "{\"type\":\"string\",\"minLength\":1,\"maxLength\":5}" },
		{ &f_word, "{\"enum\":[\"slow\",\"fast\"]}" },
		{ &f_mac, "{\"type\":\"string\",\"pattern\":\"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$\"}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct json_object *s = rows[i].f->type->schema(rows[i].f);

		assert_string_equal(json_object_to_json_string_ext(s, JSON_C_TO_STRING_PLAIN), rows[i].schema);
		json_object_put(s);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain), cmocka_unit_test(test_addresses), cmocka_unit_test(test_links),
		cmocka_unit_test(test_names), cmocka_unit_test(test_covers),    cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
