/* SPDX-License-Identifier: MIT */
/* test_explain.c - the way of a packet, on facts made by hand and with a kernel that looks routes up in them. */
#include "way.h"
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_router(void **state)
{
	(void)state;
	assert_string_equal(way_of(way_router(), &(struct explain_request){ .from = "a", .to = "b/eth0", .all = true }),
			    "there a default via 10.0.3.1 dev eth0, table main\n"
			    "there a/eth0 to r/a\n"
			    "there r 10.0.4.0/24 dev b, table main, forwarded\n"
			    "there r/b to b/eth0\n"
			    "there b/eth0 arrives: 10.0.4.10 is here\n"
			    "back b default via 10.0.4.1 dev eth0, table main\n"
			    "back b/eth0 to r/b\n"
			    "back r 10.0.3.0/24 dev a, table main, forwarded\n"
			    "back r/a to a/eth0\n"
			    "back a/eth0 arrives: 10.0.3.10 is here\n");
	assert_string_equal(way_end(way_router(), "a/eth0", "10.0.4.10"), "back a/eth0 arrives: 10.0.3.10 is here\n");
	assert_string_equal(way_end(way_router(), "a", "r/b"), "back a/eth0 arrives: 10.0.3.10 is here\n");
	assert_string_equal(way_end(way_router(), "a", "a"), "back a arrives: 10.0.3.10 is here\n");
}

static void test_reverse(void **state)
{
	struct explain_request r = { .from = "a", .to = "10.0.4.10", .reverse = true, .all = true };
	struct facts *f = way_router();

	(void)state;
	f->netns[B].s.n_routes = 1;
	assert_string_equal(way_of(f, &r),
			    "BROKEN there b there is no route to 10.0.3.10: ip -n b route add "
			    "10.0.3.10 via 10.0.4.1\n");
}

static void test_router_broken(void **state)
{
	struct facts *f = way_router();

	(void)state;
	f->netns[A].s.n_routes = 1;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there a there is no route to 10.0.4.10: ip -n a route add "
			    "10.0.4.10 via 10.0.3.1\n");
	f = way_router();
	f->netns[B].s.n_routes = 1;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN back b there is no route to 10.0.3.10: ip -n b route add "
			    "10.0.3.10 via 10.0.4.1\n");
	f = way_router();
	f->netns[A].s.links[0].up = false;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there a/eth0 is down, and its routes with it: there is none to "
			    "10.0.4.10: ip -n a link set eth0 up\n");
	f = way_router();
	f->netns[R].s.links[0].up = false;
	assert_string_equal(way_end(f, "a", "b"), "BROKEN there r/a is down: ip -n r link set a up\n");
	f = way_router();
	f->netns[B].s.links[0].up = false;
	assert_string_equal(way_end(f, "a", "b"), "BROKEN there b/eth0 is down: ip -n b link set eth0 up\n");
	f = way_router();
	f->netns[R].s.forwards4 = f->netns[R].s.links[0].forwards4 = false;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there r IPv4 is not forwarded here, and 10.0.4.10 is elsewhere: "
			    "ip netns exec r sysctl -w net.ipv4.ip_forward=1\n");
	f = way_router();
	f->netns[R].s.links[1].forwards4 = false;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN back r/b IPv4 is not forwarded here, and 10.0.3.10 is elsewhere: "
			    "ip netns exec r sysctl -w net/ipv4/conf/b/forwarding=1\n");
	f = way_router();
	f->netns[R].s.addresses[0].address.addr[3] = 9;
	assert_string_equal(way_end(f, "a", "b"), "BROKEN there a/eth0 nobody in this network has 10.0.3.1\n");
	f = way_router();
	f->netns[B].s.n_addresses = 0;
	assert_string_equal(way_end(f, "a", "b"), "BROKEN there b has no address that could be reached\n");
	f = way_router();
	hand_route(&f->netns[R], 1, "10.0.4.10/32", NULL)->type = RTN_BLACKHOLE;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there r blackhole 10.0.4.10, table main: ip -n r route del "
			    "blackhole 10.0.4.10 table 254\n");
}

/* The kernel's answer is the same for all of these: what is wrong first is named. */
static void test_rp_filter(void **state)
{
	struct facts *f = way_router();

	(void)state;
	f->netns[R].s.links[0].rp_filter = 1;
	assert_string_equal(way_end(f, "a", "b"), "back a/eth0 arrives: 10.0.3.10 is here\n");
	f = way_router();
	f->netns[R].s.links[0].rp_filter = 1;
	hand_route(&f->netns[R], 1, "10.0.3.10/32", NULL);
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there r/a rp_filter 1 drops it: the way to its source 10.0.3.10 is "
			    "by b: ip netns exec r sysctl -w net/ipv4/conf/a/rp_filter=2\n");
}

static void test_bridge(void **state)
{
	struct facts *f = way_bridge();

	(void)state;
	assert_string_equal(way_of(f, &(struct explain_request){ .from = "x", .to = "y", .all = true }),
			    "there x 10.0.2.1/24 dev eth0, table main\n"
			    "there x/eth0 to s/p1\n"
			    "there s/br0 bridged from p1 to p2\n"
			    "there y/eth0 arrives: 10.0.2.2 is here\n"
			    "back y 10.0.2.2/24 dev eth0, table main\n"
			    "back y/eth0 to s/p2\n"
			    "back s/br0 bridged from p2 to p1\n"
			    "back x/eth0 arrives: 10.0.2.1 is here\n");
	f = way_bridge();
	f->netns[1].s.links[2].master = 0;
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p2 is not a port of the bridge br0: y/eth0 has 10.0.2.2, and "
			    "is behind it: ip -n s link set p2 master br0\n");
	f = way_bridge();
	f->netns[1].s.links[1].master = 0;
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p1 is not a port of the bridge br0: y/eth0 has 10.0.2.2, and "
			    "is behind it: ip -n s link set p1 master br0\n");
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = { "br0", "p1", "p2" };
		char want[80];

		f = way_bridge();
		f->netns[1].s.links[i].up = false;
		snprintf(want, sizeof(want), "BROKEN there s/%s is down: ip -n s link set %s up\n", names[i], names[i]);
		assert_string_equal(way_end(f, "x", "y"), want);
	}
}

/* As many routers as a packet may pass, and one more. */
static void test_far(void **state)
{
	(void)state;
	for (size_t n = EXPLAIN_HOPS_MAX; n <= EXPLAIN_HOPS_MAX + 1; n++) {
		static char names[EXPLAIN_HOPS_MAX + 2][8];
		struct facts *f = hand_facts();
		char text[32], via[32];

		hand_topology(f, "lab");
		for (size_t i = 0; i <= n; i++) {
			struct netns_fact *r;

			snprintf(names[i], sizeof(names[i]), "n%02zu", i);
			r = hand_netns(f, names[i], 0);
			hand_link(r, "left", LINK_PAIR)->forwards4 = true;
			hand_link(r, "right", LINK_PAIR)->forwards4 = true;
			r->s.forwards4 = true;
			snprintf(text, sizeof(text), "10.1.%zu.2/24", i);
			hand_address(r, 0, text);
			hand_route(r, 0, text, NULL);
			snprintf(text, sizeof(text), "10.1.%zu.1/24", i + 1);
			hand_address(r, 1, text);
			hand_route(r, 1, text, NULL);
			snprintf(text, sizeof(text), "10.1.%zu.0/24", n);
			snprintf(via, sizeof(via), "10.1.%zu.2", i + 1);
			if (i + 1 < n)
				hand_route(r, 1, text, via);
			snprintf(via, sizeof(via), "10.1.%zu.1", i);
			hand_route(r, 0, "10.1.1.0/24", via);
		}
		for (size_t i = 0; i < n; i++)
			hand_pair(f, i + 1, 1, i + 2, 0);
		snprintf(text, sizeof(text), "%s/left", names[n]);
		assert_string_equal(way_end(f, "n00/right", text),
				    n == EXPLAIN_HOPS_MAX ? "back n00/right arrives: 10.1.1.1 is here\n"
							  : "BROKEN there n65/left after 64 hops the packet's time to "
							    "live is over\n");
	}
}

/* VLANs of one link reach those of the same number. */
static struct facts *vlans(const uint16_t numbers[2])
{
	struct facts *f = hand_facts();

	hand_topology(f, "lab");
	for (size_t i = 0; i < 2; i++) {
		struct netns_fact *n = hand_netns(f, i ? "y" : "x", 0);

		hand_link(n, "eth0", LINK_PAIR);
		*hand_link(n, "v", LINK_CHILD) = (struct link_fact){ .index = 2,
								     .name = "v",
								     .class = LINK_CHILD,
								     .lower = 1,
								     .lower_nsid = -1,
								     .up = true,
								     .peer_netns = -1,
								     .peer = -1,
								     .vlan = i ? numbers[1] : numbers[0] };
		hand_address(n, 1, i ? "10.1.0.2/24" : "10.1.0.1/24");
		hand_route(n, 1, "10.1.0.0/24", NULL);
	}
	hand_pair(f, 1, 0, 2, 0);
	return f;
}

static void test_vlan(void **state)
{
	(void)state;
	assert_string_equal(way_end(vlans((uint16_t[]){ 10, 10 }), "x", "y"), "back x/v arrives: 10.1.0.1 is here\n");
	assert_string_equal(way_end(vlans((uint16_t[]){ 10, 20 }), "x", "y"),
			    "BROKEN there x/v nobody in this network has 10.1.0.2\n");
}

static void test_loop(void **state)
{
	struct facts *f = way_router();

	(void)state;
	/* a believes in r, and r in a. */
	f->netns[A].s.links[0].forwards4 = true;
	f->netns[A].s.forwards4 = true;
	hand_route(&f->netns[R], 0, "10.9.0.0/16", "10.0.3.10");
	assert_string_equal(way_end(f, "a", "10.9.0.1"),
			    "BROKEN there r/a a loop: the packet has been here before, 2 hops "
			    "ago\n");
}

static void test_twice(void **state)
{
	struct facts *f = way_router();

	(void)state;
	/* The router has the address of b, too. */
	hand_address(&f->netns[R], 0, "10.0.4.10/32");
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there r/a 10.0.4.10 is an address here, too: it never gets to b\n");
}

/* An address that a topology declares here, and that is missing, is not somebody else's. */
static void test_address_missing(void **state)
{
	struct facts *f = way_router();

	(void)state;
	*ARRAY_ADD(&f->topologies[0], drifts) =
		(struct drift_fact){ .kind = "address", .object = "r/lo", .expected = "192.0.2.9/32", .open = true };
	f->netns[R].s.links[0].forwards4 = false;
	assert_string_equal(way_end(f, "a", "192.0.2.9"),
			    "BROKEN there r/lo its address 192.0.2.9 is missing: netnsctl "
			    "up lab\n");
	f = way_router();
	*ARRAY_ADD(&f->topologies[0], drifts) =
		(struct drift_fact){ .kind = "address", .object = "r/a", .expected = "10.0.3.1/24", .open = true };
	f->netns[R].s.addresses[0].address.addr[3] = 9;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there r/a its address 10.0.3.1 is missing: netnsctl up lab\n");
}

static void test_places(void **state)
{
	struct facts *f;

	(void)state;
	assert_string_equal(way_end(way_router(), "a", "z"), "no z\n");
	assert_string_equal(way_end(way_router(), "a/e", "b"), "no a/e\n");
	assert_string_equal(way_end(way_router(), "", "b"), "no \n");
	/* What should be there is said to be gone. */
	f = way_router();
	f->netns[B].there = false;
	assert_string_equal(way_end(f, "a", "b/eth0"), "BROKEN there b/eth0 the namespace is gone: netnsctl up lab\n");
	f = way_router();
	*ARRAY_ADD(&f->topologies[0], links) = (struct declared_link){ .netns = "b", .name = "eth1" };
	assert_string_equal(way_end(f, "a", "b/eth1"), "BROKEN there b/eth1 the interface is gone: netnsctl up lab\n");
	assert_string_equal(way_end(way_router(), "a", "b/"), "no b/\n");
	assert_string_equal(way_end(way_router(), "a", "10.0.4.0/24"), "no 10.0.4.0\n");
}

/* The names of others are for root. */
static void test_foreign(void **state)
{
	struct facts *f = way_router();

	(void)state;
	f->netns[B].place = PLACE_FOREIGN;
	assert_string_equal(way_of(f, &(struct explain_request){ .from = "a", .to = "b" }), "no b\n");
}

static uint32_t next(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % n;
}

static void add_any(struct facts *f, const char *name, uint32_t *seed)
{
	static const char *const names[] = { "l0", "l1", "l2", "l3" };
	struct netns_fact *n = hand_netns(f, name, (int)next(seed, 5) - 1 < 0 ? -1 : 0);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct link_fact *l = hand_link(n, names[i], (enum link_class)next(seed, LINK_VRF + 1));
		char text[32];

		l->up = next(seed, 8);
		l->master = next(seed, 3) ? 0 : next(seed, 6);
		l->lower = next(seed, 6);
		l->vlan = (uint16_t)next(seed, 3);
		l->filters_vlans = !next(seed, 4);
		l->vlan_protocol = 0;
		if (next(seed, 2))
			*ARRAY_ADD(&n->s, vlans) = (struct vlan_fact){ l->index, 1, (uint16_t)(1 + next(seed, 3)),
								       next(seed, 2), next(seed, 2) };
		l->forwards4 = next(seed, 4);
		l->rp_filter = (uint8_t)next(seed, 3);
		snprintf(text, sizeof(text), "10.0.%u.%u/24", next(seed, 2), 1 + next(seed, 6));
		hand_address(n, i, text);
		hand_route(n, i, text, NULL);
		snprintf(text, sizeof(text), "10.0.%u.%u", next(seed, 2), 1 + next(seed, 6));
		hand_route(n, next(seed, 4), next(seed, 2) ? "default" : text, text)->type =
			next(seed, 6) ? RTN_UNICAST : RTN_BLACKHOLE;
	}
	n->s.forwards4 = next(seed, 4);
}

/* Whatever there is, it comes to an end. */
static void test_anything(void **state)
{
	static const char *const names[] = { "n0", "n1", "n2", "n3", "n4" };

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		struct facts *f = hand_facts();
		uint32_t seed = i;

		hand_topology(f, "lab");
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			add_any(f, names[k], &seed);
		for (size_t k = 0; k < 8; k++) {
			size_t a = 1 + next(&seed, 5), b = 1 + next(&seed, 5);

			if (a != b)
				hand_pair(f, a, next(&seed, 4), b, next(&seed, 4));
		}
		assert_true(*way_end(f, names[next(&seed, 5)], names[next(&seed, 5)]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router),        cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_router_broken), cmocka_unit_test(test_rp_filter),
		cmocka_unit_test(test_bridge),        cmocka_unit_test(test_far),
		cmocka_unit_test(test_vlan),          cmocka_unit_test(test_loop),
		cmocka_unit_test(test_twice),         cmocka_unit_test(test_places),
		cmocka_unit_test(test_anything),      cmocka_unit_test(test_address_missing),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
