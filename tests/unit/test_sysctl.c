/* SPDX-License-Identifier: MIT */
/* test_sysctl.c - what values of keys mean to the kernel, and which it never accepts. */
#include "kind/sysctl.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct row {
	const char *key, *a, *b;
};

static void check_rows(const struct row *rows, size_t n, bool equal)
{
	for (size_t i = 0; i < n; i++) {
		if (sysctl_value_equal(rows[i].key, rows[i].a, rows[i].b) != equal ||
		    sysctl_value_equal(rows[i].key, rows[i].b, rows[i].a) != equal)
			fail_msg("%s: \"%s\" and \"%s\"", rows[i].key, rows[i].a, rows[i].b);
	}
}

static void test_equal(_unused_ void **state)
{
	// clang-format off: keeps its rows
	static const struct row rows[] = {
		{ "net.ipv4.tcp_fin_timeout", "16", "16" },
		{ "net.ipv4.tcp_fin_timeout", "16", " 0x10 " },
		{ "net.ipv4.tcp_fin_timeout", "8", "010" },
		{ "net.ipv4.tcp_fin_timeout", "0", "-0" },
		{ "net.ipv4.ip_local_port_range", "2000 3000", "2000\t3000" },
		{ "net.ipv4.ip_local_port_range", "2000 3000", "  2000    0xbb8" },
		{ "net.ipv4.ip_local_reserved_ports", "8080,8081,9148", "8080-8081,9148" },
		{ "net.ipv4.ip_local_reserved_ports", "3,2,1,2-3", "1-3" },
		{ "net.ipv4.ip_local_reserved_ports", "", "" },
		{ "net.ipv4.ip_local_reserved_ports", "0-65535", "0-32767,32768-65535" },
		{ "ipv6.stable_secret", "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001" },
		{ "net.ipv6.conf.default.stable_secret", "::ffff:1.2.3.4", "0000:0000:0000:0000:0000:ffff:0102:0304" },
		{ "net.ipv4.tcp_fastopen_key", "1-2-3-A", "00000001-00000002-00000003-0000000a" },
		{ "net.ipv4.tcp_fastopen_key", "1-2-3-4,5-6-7-8", "00000001-00000002-00000003-00000004,00000005-00000006-00000007-00000008" },
		{ "net.ipv4.neigh.eth0.base_reachable_time_ms", "30001", "30004" },	/* 250 jiffies in a second */
		{ "net.ipv4.neigh.eth0.base_reachable_time_ms", "30001", "30010" },	/* 100 */
		{ "net.ipv4.neigh.eth0.base_reachable_time_ms", "1001", "1004" },
		{ "net.ipv4.neigh.eth0.locktime", "101", "100" },
		{ "net.ipv4.neigh.eth0.locktime", "7", "6" },
		{ "net.bridge.bridge-nf-call-iptables", "2", "1" },
		{ "net.ipv4.tcp_congestion_control", "reno", " reno " },
	};
	// clang-format on

	check_rows(rows, ARRAY_SIZE(rows), true);
}

static void test_different(_unused_ void **state)
{
	static const struct row rows[] = {
		{ "net.ipv4.tcp_fin_timeout", "16", "17" },
		{ "net.ipv4.tcp_fin_timeout", "16", "16 17" },
		{ "net.ipv4.tcp_fin_timeout", "16", "" },
		{ "net.ipv4.tcp_fin_timeout", "16", NULL },
		{ "net.ipv4.tcp_fin_timeout", NULL, NULL },
		{ "net.ipv4.tcp_fin_timeout", "10", "010" },
		{ "net.ipv4.tcp_fin_timeout", "1001", "1004" },
		{ "net.ipv4.ip_local_reserved_ports", "8080,8082", "8080-8082" },
		{ "net.ipv4.ip_local_reserved_ports", "80", "" },
		{ "net.ipv4.ip_local_reserved_ports", "1-70000", "1-70001" },
		{ "ipv6.stable_secret", "2001:db8::1", "2001:db8::2" },
		{ "net.ipv4.tcp_fastopen_key", "1-2-3-4", "1-2-3" },
		{ "net.ipv4.tcp_fastopen_key", "1-2-3-4", "1-2-4-3" },
		{ "net.ipv4.neigh.eth0.base_reachable_time_ms", "30000", "30012" },
		{ "net.ipv4.neigh.eth0.base_reachable_time_ms", "30000", "-30000" },
		{ "net.ipv4.neigh.eth0.locktime", "100", "104" },
		{ "net.bridge.bridge-nf-call-iptables", "2", "0" },
		{ "net.ipv4.tcp_congestion_control", "reno", "cubic" },
	};

	check_rows(rows, ARRAY_SIZE(rows), false);
}

static void test_check(_unused_ void **state)
{
	// clang-format off: keeps its rows
	static const struct {
		const char *key, *value, *says;
	} rows[] = {
		{ "net.ipv4.tcp_rmem", "1 2 3", NULL },
		{ "net.ipv4.tcp_rmem", "4096", "tcp_rmem takes 3 numbers, not 1" },
		{ "net.ipv4.tcp_rmem", "1 2 3 4", "tcp_rmem takes 3 numbers, not 4" },
		{ "net.ipv4.tcp_rmem", "1,2,3", "tcp_rmem takes 3 numbers, and \"1,2,3\" is not a number" },
		{ "net.ipv4.ping_group_range", "1 0", NULL },
		{ "net.ipv4.ping_group_range", "5 1", "ping_group_range: 5 to 1 is empty: the smaller number comes first" },
		{ "net.ipv4.route.flush", "1", "net.ipv4.route.flush is an action, not a setting; it cannot be declared" },
		{ "net.ipv6.conf.all.stable_secret", "::1",
		  "net.ipv6.conf.all.stable_secret cannot be set; did you mean net.ipv6.conf.default.stable_secret?" },
		{ "ipv6.stable_secret", "secret", "ipv6.stable_secret: \"secret\" is not in the form of an IPv6 address" },
		{ "net.ipv4.tcp_congestion_control", "anything", NULL },
	};
	// clang-format on
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(sysctl_value_check(rows[i].key, rows[i].value, &e), rows[i].says ? -EINVAL : 0);
		if (rows[i].says)
			assert_string_equal(e.text, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_equal), cmocka_unit_test(test_different),
					    cmocka_unit_test(test_check) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
