/* SPDX-License-Identifier: MIT */
/* test_explain_filter.c - explain: what filters and NAT do with a packet. */
#include "way.h"
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_firewall(void **state)
{
	struct facts *f = way_router();
	struct chain_fact *c = ARRAY_ADD(&f->netns[R].s, chains);

	(void)state;
	*c = (struct chain_fact){
		.family = "ip", .table = "filter", .chain = "FORWARD", .hook = NF_INET_FORWARD, .how = "policy drop"
	};
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there r/a meets policy drop of another program: table ip filter, chain FORWARD: "
			    "ip netns exec r nft list chain ip filter FORWARD\n");
	/* Another program may let it pass. */
	f = way_router();
	c = ARRAY_ADD(&f->netns[R].s, chains);
	*c = (struct chain_fact){ .family = "inet",
				  .table = "f",
				  .chain = "c",
				  .hook = NF_INET_FORWARD,
				  .how = "last rule drop",
				  .selects = true };
	assert_string_equal(way_end(f, "a", "b"),
			    "UNKNOWN there r/a meets last rule drop of another program, unless a rule before that lets "
			    "it pass: table inet f, chain c: ip netns exec r nft list chain inet f c\n");
	/* Not what is of the other family, or passes to the end. */
	f = way_router();
	c = ARRAY_ADD(&f->netns[R].s, chains);
	*c = (struct chain_fact){ .family = "ip6", .hook = NF_INET_FORWARD, .how = "policy drop" };
	c = ARRAY_ADD(&f->netns[R].s, chains);
	*c = (struct chain_fact){ .family = "ip", .hook = NF_INET_FORWARD };
	assert_string_equal(way_end(f, "a", "b"), "back a/eth0 arrives: 10.0.3.10 is here\n");
}

/* What the topology says of a namespace. */
static void declare(struct facts *f, const char *netns, const char *nat, const char *filter)
{
	struct declared_netns *n = ARRAY_ADD(&f->topologies[0], netns);

	n->name = netns;
	n->nat = nat;
	n->filter = filter;
}

static const char *end_of(struct facts *f, uint8_t proto, uint16_t port)
{
	static char object[100];
	struct explanation x;
	struct err e;

	facts_connect(f);
	assert_int_equal(explain_begin(&x, f,
				       &(struct explain_request){
					       .from = "a", .to = "b", .proto = proto, .port = port, .all = true },
				       way_kernel, NULL, &e),
			 0);
	while (explain_step(&x))
		;
	snprintf(object, sizeof(object), "%s %s", x.hops[x.n_hops - 1].object,
		 hop_state_word(x.hops[x.n_hops - 1].state));
	explanation_done(&x);
	facts_free(f);
	return object;
}

/* netnsd's own rules are gone through as the kernel does. */
static void test_filter(void **state)
{
	static const struct {
		const char *filter;
		uint8_t proto;
		uint16_t port;
		const char *end;
	} cases[] = {
		{ "{\"forward\":\"drop\"}", 0, 0, "r/a broken" },
		{ "{\"forward\":\"reject\"}", IPPROTO_TCP, 80, "r/a broken" },
		{ "{\"forward\":\"accept\"}", 0, 0, "a/eth0 passes" },
		{ "{\"input\":\"drop\"}", 0, 0, "a/eth0 passes" },
		{ "{\"forward\":\"drop\",\"rules\":[{\"chain\":\"forward\",\"in\":\"a\",\"proto\":\"tcp\",\"port\":[80,\"100-200\"],"
		  "\"action\":\"accept\"}]}",
		  IPPROTO_TCP, 150, "a/eth0 passes" },
		{ "{\"forward\":\"drop\",\"rules\":[{\"chain\":\"forward\",\"in\":\"a\",\"proto\":\"tcp\",\"port\":[80,\"100-200\"],"
		  "\"action\":\"accept\"}]}",
		  IPPROTO_TCP, 201, "r/a broken" },
		{ "{\"forward\":\"drop\",\"rules\":[{\"chain\":\"forward\",\"in\":\"b\",\"action\":\"accept\"}]}", 0, 0,
		  "r/a broken" },
		{ "{\"rules\":[{\"chain\":\"forward\",\"from\":\"10.0.3.0/24\",\"to\":[\"10.0.4.0/24\",\"10.0.9.9\"],\"action\":\"drop\"}]}",
		  0, 0, "r/a broken" },
		{ "{\"rules\":[{\"chain\":\"forward\",\"in\":\"!a\",\"action\":\"drop\"}]}", 0, 0, "r/b broken" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct facts *f = way_router();

		declare(f, "r", NULL, cases[i].filter);
		assert_string_equal(end_of(f, cases[i].proto, cases[i].port), cases[i].end);
	}
}

/* Without a route back, but with masquerade; and to a port that is elsewhere. */
static void test_nat(void **state)
{
	struct facts *f = way_router();

	(void)state;
	f->netns[B].s.n_routes = 1;
	declare(f, "r", "{\"masquerade\":[{\"out\":\"b\"}]}", NULL);
	assert_string_equal(way_end(f, "a", "b"), "back a/eth0 arrives: 10.0.3.10 is here\n");
	f = way_router();
	declare(f, "r", "{\"dnat\":[{\"in\":\"a\",\"proto\":\"tcp\",\"port\":8080,\"to\":\"10.0.4.10:80\"}]}", NULL);
	assert_string_equal(
		way_of(f,
		       &(struct explain_request){ .from = "a", .to = "10.0.3.1", .proto = IPPROTO_TCP, .port = 8080 }),
		"there a 10.0.3.10/24 dev eth0, table main\n"
		"there a/eth0 to r/a\n"
		"there r/a NAT: to 10.0.4.10 port 80 instead of 10.0.3.1\n"
		"there r 10.0.4.0/24 dev b, table main, forwarded\n"
		"there r/b to b/eth0\n"
		"there b/eth0 arrives: 10.0.4.10 is here\n"
		"back b default via 10.0.4.1 dev eth0, table main\n"
		"back b/eth0 to r/b\n"
		"back r 10.0.3.0/24 dev a, table main, forwarded\n"
		"back r NAT: from 10.0.3.1 again instead of 10.0.4.10\n"
		"back r/a to a/eth0\n"
		"back a/eth0 arrives: 10.0.3.10 is here\n");
	/* Also what the router itself sends; its source is that for the first destination. */
	f = way_router();
	declare(f, "r", "{\"dnat\":[{\"proto\":\"tcp\",\"port\":8080,\"to\":\"10.0.4.10:80\"}]}", NULL);
	assert_string_equal(
		way_of(f,
		       &(struct explain_request){ .from = "r", .to = "10.0.3.1", .proto = IPPROTO_TCP, .port = 8080 }),
		"there r NAT: to 10.0.4.10 port 80 instead of 10.0.3.1\n"
		"there r 10.0.4.0/24 dev b, table main\n"
		"there r/b to b/eth0\n"
		"there b/eth0 arrives: 10.0.4.10 is here\n"
		"back b default via 10.0.4.1 dev eth0, table main\n"
		"back b/eth0 to r/b\n"
		"back r NAT: from 10.0.3.1 again instead of 10.0.4.10\n"
		"back r/b arrives: 10.0.3.1 is here\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_firewall),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_nat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
