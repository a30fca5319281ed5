/* SPDX-License-Identifier: MIT */
/* test_expect.c - what the loader makes of expectations; tests/bad/expect.json has those that it refuses. */
#include "format/load.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <cmocka.h>

static void test_expect(_unused_ void **state)
{
	static const char text_in[] =
		"{ \"namespaces\": { \"a\": { \"interfaces\": { \"e\": { \"addresses\": [\"10.0.0.1/24\"] } } } },\n"
		"\"expect\": [ { \"from\": \"host\", \"tcp\": \"a/e\", \"port\": 80, \"listen\": \"::1\", \"reach\": false },\n"
		"{ \"from\": \"a\", \"ping\": \"10.0.0.9\", \"loss_max\": 0.5, \"rtt_min\": \"1.5ms\", \"rtt_max\": \"2s\" },\n"
		"{ \"from\": \"a\", \"route\": \"default\", \"within\": 9, \"family\": \"ipv6\" },\n"
		"{ \"from\": \"a\", \"tcp\": \"10.0.0.9\", \"port\": 9, \"rate_min\": \"1.5MiBit\", \"rate_max\": \"0.5gbps\" } ] }";
	struct expectation *const *v;
	struct problems p = { 0 };
	struct declaration t;
	char text[64];

	assert_int_equal(load_text(text_in, strlen(text_in), &toy_kinds, &t, &p), 0);
	v = t.expect.v;
	assert_int_equal(t.expect.n, 4);
	/* No plan sees them. */
	assert_int_equal(t.model.n, 4);
	assert_string_equal(v[0]->from, "host");
	assert_string_equal(v[0]->tcp.link, "a/e");
	assert_int_equal(v[0]->port, 80);
	assert_string_equal(inet_text(&v[0]->listen.address, true, text), "::1");
	assert_false(v[0]->reach);
	assert_false(EXPECTS(v[0], ping));
	assert_true(EXPECTS(v[1], ping) && v[1]->reach);
	assert_string_equal(inet_text(&v[1]->ping.address, true, text), "10.0.0.9");
	assert_int_equal(v[1]->loss_max, 500);
	assert_int_equal(v[1]->rtt_min, 1500);
	assert_int_equal(v[1]->rtt_max, 2000000);
	assert_int_equal(v[1]->within, WITHIN_DEFAULT);
	assert_int_equal(v[1]->count, COUNT_DEFAULT);
	assert_true(EXPECTS(v[2], route));
	assert_int_equal(v[2]->within, 9);
	assert_int_equal(v[2]->family, AF_INET6);
	assert_int_equal(v[2]->object.where.line, 4);
	assert_null(v[2]->object.in);
	assert_int_equal(v[3]->rate_min, 3 << 19);
	assert_int_equal(v[3]->rate_max, 4000000000);
	declaration_done(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_expect) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
