/* SPDX-License-Identifier: MIT */
/* test_nft_sorted.c - lists of values in order are asked for the same answers as when each value is looked at. */
#include "kind/nft.h"
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { ROUNDS = 20000, LONGEST = 12 };

/* The same numbers on each machine. */
static uint32_t random_below(uint32_t n)
{
	static uint64_t state = 78;

	state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(state >> 33) % n;
}

/* ---- the slow way ---- */

static bool values_meet(const struct nft_value *a, const struct nft_value *b)
{
	return a->families == b->families && memcmp(a->from, b->to, sizeof(a->from)) <= 0 &&
	       memcmp(b->from, a->to, sizeof(a->from)) <= 0;
}

static bool slow_meet(const struct nft_list *x, const struct nft_list *y)
{
	for (size_t i = 0; i < x->n; i++)
		for (size_t k = 0; k < y->n; k++)
			if (values_meet(&x->v[i], &y->v[k]))
				return true;
	return !x->n || !y->n;
}

/* ---- random lists ---- */

struct made {
	struct nft_value v[LONGEST];
	struct nft_list list;
};

static void address_text(char text[64])
{
	uint32_t a = random_below(40), b = a + random_below(6);

	switch (random_below(5)) {
	case 0:
		snprintf(text, 64, "10.0.0.%u", a);
		break;
	case 1:
		snprintf(text, 64, "10.0.0.%u-10.0.0.%u", a, b);
		break;
	case 2:
		snprintf(text, 64, "10.0.0.%u/30", a & ~3U);
		break;
	case 3:
		snprintf(text, 64, "a00:%x::/48", a);
		break;
	default:
		snprintf(text, 64, "a00:%x::-a00:%x::", a, b);
	}
}

static void port_text(char text[64])
{
	uint32_t a = 1 + random_below(600), b = a + random_below(9);

	snprintf(text, 64, random_below(2) ? "%u" : "%u-%u", a, b);
}

static void name_text(char text[64])
{
	snprintf(text, 64, random_below(3) ? "e%c%c" : "e%c*", 'a' + (char)random_below(5),
		 'a' + (char)random_below(5));
}

/* Up to LONGEST values, no two of which overlap. */
static void list_make(struct made *m, const struct nft_values *values, void (*text)(char text[64]), struct arena *a)
{
	size_t n = random_below(LONGEST + 1);

	*m = (struct made){ 0 };
	m->list = (struct nft_list){ m->v, 0, values->negatable && random_below(4) == 0 };
	for (size_t i = 0; i < n; i++) {
		struct nft_value *v = &m->v[m->list.n];
		bool overlaps = false;
		struct err e;
		char s[64];

		text(s);
		*v = (struct nft_value){ 0 };
		assert_int_equal(values->parse(s, v, a, &e), 0);
		for (size_t k = 0; k < m->list.n; k++)
			overlaps |= values_meet(&m->v[k], v);
		m->list.n += !overlaps;
	}
}

static const struct {
	const struct nft_values *values;
	void (*text)(char text[64]);
} kinds[] = { { &nft_addresses, address_text }, { &nft_ports, port_text }, { &nft_ifnames, name_text } };

static void test_meet(_unused_ void **state)
{
	size_t yes = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		struct arena a = { 0 };
		struct made x, y;
		bool expected;

		list_make(&x, kinds[i % 3].values, kinds[i % 3].text, &a);
		list_make(&y, kinds[i % 3].values, kinds[i % 3].text, &a);
		expected = slow_meet(&x.list, &y.list);
		nft_list_sort(&x.list);
		nft_list_sort(&y.list);
		if (nft_sorted_meet(&x.list, &y.list) != expected || nft_sorted_meet(&y.list, &x.list) != expected)
			fail_msg("round %zu: %s", i, expected ? "they meet" : "they do not meet");
		yes += expected;
		arena_done(&a);
	}
	/* Both answers are common. */
	assert_in_range(yes, ROUNDS / 10, ROUNDS * 9 / 10);
}

static void test_has(_unused_ void **state)
{
	size_t yes = 0;

	for (size_t i = 0; i < ROUNDS; i++) {
		uint16_t port = htons((uint16_t)(1 + random_below(620)));
		struct inet address;
		struct arena a = { 0 };
		struct made x, y, ports;
		char text[64];
		struct err e;
		bool has, has_port;

		snprintf(text, sizeof(text), random_below(2) ? "10.0.0.%u" : "a00:%x::", random_below(45));
		assert_int_equal(inet_parse(text, &address, NULL, &e), 0);
		list_make(&x, &nft_addresses, address_text, &a);
		list_make(&ports, &nft_ports, port_text, &a);
		list_make(&y, &nft_ifnames, name_text, &a);
		has = nft_list_has_address(&x.list, &address);
		has_port = nft_list_has(&ports.list, &port, 2);
		nft_list_sort(&x.list);
		nft_list_sort(&ports.list);
		if (nft_sorted_has_address(&x.list, &address) != has)
			fail_msg("round %zu: %s", i, text);
		if (nft_sorted_has(&ports.list, &port, 2) != has_port)
			fail_msg("round %zu: port %u", i, ntohs(port));
		yes += has;
		if (y.list.n) {
			const struct nft_value *one = &y.v[random_below((uint32_t)y.list.n)];
			uint8_t name[16];

			memcpy(name, one->from, sizeof(name));
			has = nft_list_has(&y.list, name, sizeof(name));
			nft_list_sort(&y.list);
			assert_int_equal(nft_sorted_has(&y.list, name, sizeof(name)), has);
		}
		arena_done(&a);
	}
	assert_in_range(yes, ROUNDS / 20, ROUNDS * 9 / 10);
}

/* An address of IPv4 and one of IPv6 have the same first bytes. */
static void test_families(_unused_ void **state)
{
	struct nft_value four = { 0 }, six = { 0 };
	struct nft_list x = { &four, 1, false }, y = { &six, 1, false };
	struct arena a = { 0 };
	struct inet address;
	struct err e;

	assert_int_equal(nft_addresses.parse("10.0.0.1", &four, &a, &e), 0);
	assert_int_equal(nft_addresses.parse("a00:1::", &six, &a, &e), 0);
	assert_memory_equal(four.from, six.from, 4);
	assert_false(nft_sorted_meet(&x, &y));
	assert_int_equal(inet_parse("10.0.0.1", &address, NULL, &e), 0);
	assert_true(nft_sorted_has_address(&x, &address));
	assert_false(nft_sorted_has_address(&y, &address));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_meet),
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_families),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
