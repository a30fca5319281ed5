/* SPDX-License-Identifier: MIT */
/* test_explain_network.c - what a packet meets on the way to its next hop: who answers for it, ports of bridges, rules of other
 * programs. */
#include "way.h"
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_ports(void **state)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct facts *f = way_bridge();

	(void)state;
	f->netns[1].s.links[2].port_state = BR_STATE_BLOCKING;
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p2 is a port that the spanning tree of its bridge blocks\n");
	f = way_bridge();
	f->netns[1].s.links[1].port_state = BR_STATE_LEARNING;
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p1 is a port that the spanning tree of its bridge does not let send yet\n");
	/* Down, without a carrier or with its bridge down it is disabled by that. */
	for (size_t n = 0; n < 2; n++) {
		f = way_bridge();
		f->netns[1].s.links[2].port_state = BR_STATE_DISABLED;
		f->netns[1].s.links[2].carrier = !n;
		assert_string_equal(
			way_end(f, "x", "y"),
			n ? "back x/eth0 arrives: 10.0.2.1 is here\n"
			  : "BROKEN there s/p2 is a port that is disabled in its bridge br0: ip netns exec s "
			    "bridge link set dev p2 state 3\n");
	}
	f = way_bridge();
	for (size_t n = 2; n < 4; n++) {
		f->netns[n].s.links[0].has_mac = true;
		memcpy(f->netns[n].s.links[0].mac, mac, sizeof(mac));
	}
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there y/eth0 has the MAC address 02:00:00:00:00:09, as x/eth0: a bridge "
			    "between them cannot tell them apart\n");
	f = way_bridge();
	f->netns[1].s.links[1].isolated = true;
	assert_string_equal(way_end(f, "x", "y"), "back x/eth0 arrives: 10.0.2.1 is here\n");
	f = way_bridge();
	f->netns[1].s.links[1].isolated = f->netns[1].s.links[2].isolated = true;
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p2 is an isolated port, as p1: they do not reach each other: ip netns exec "
			    "s bridge link set dev p2 isolated off\n");
	for (size_t known = 0; known < 2; known++) {
		f = way_bridge();
		f->netns[1].s.links[1].locked = true;
		f->netns[2].s.links[0].has_mac = true;
		memcpy(f->netns[2].s.links[0].mac, mac, sizeof(mac));
		*ARRAY_ADD(&f->netns[1].s, stations) = (struct station_fact){ known ? 2 : 3, { 2, 0, 0, 0, 0, 9 } };
		assert_string_equal(way_end(f, "x", "y"),
				    known ? "back x/eth0 arrives: 10.0.2.1 is here\n"
					  : "BROKEN there s/p1 is a locked port, and 02:00:00:00:00:09 is not in its "
					    "forwarding entries\n");
	}
}

/* The tag of VLAN 10, and those of which ports carry what. */
static const uint32_t DOT1Q = 0x8100U << 16;

static void carries(struct facts *f, uint32_t link, uint16_t number, bool pvid, bool untagged)
{
	*ARRAY_ADD(&f->netns[1].s, vlans) = (struct vlan_fact){ link, number, number, pvid, untagged };
}

static struct facts *filtering(void)
{
	struct facts *f = way_bridge();

	f->netns[1].s.links[0].filters_vlans = true;
	f->netns[1].s.links[0].vlan_protocol = DOT1Q;
	return f;
}

static void test_vlans(void **state)
{
	struct facts *f = filtering();

	(void)state;
	carries(f, 2, 10, true, true);
	carries(f, 3, 10, true, true);
	assert_string_equal(way_end(f, "x", "y"), "back x/eth0 arrives: 10.0.2.1 is here\n");
	f = filtering();
	carries(f, 3, 10, true, true);
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p1 has no VLAN for frames without a tag (a PVID), and drops them: "
			    "ip netns exec s bridge vlan add vid 10 dev p1 pvid untagged\n");
	f = filtering();
	carries(f, 2, 10, true, true);
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p2 does not carry VLAN 10, in which it comes from "
			    "p1: ip netns exec s bridge vlan add vid 10 dev p2 pvid untagged\n");
	/* With its tag, nobody takes it. */
	f = filtering();
	carries(f, 2, 10, true, true);
	carries(f, 3, 10, true, false);
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p2 sends VLAN 10 with its tag, which y/eth0 does not take: ip netns exec s "
			    "bridge vlan add vid 10 dev p2 pvid untagged\n");
	/* Two that belong together, and the one that the packet is in. */
	f = filtering();
	carries(f, 2, 20, true, true);
	carries(f, 3, 10, true, true);
	assert_string_equal(way_end(f, "x", "y"),
			    "BROKEN there s/p1 puts frames without a tag into VLAN 20, and y/eth0 is in VLAN 10: "
			    "ip netns exec s bridge vlan add vid 10 dev p1 pvid untagged\n");
	/* What could not be read is not judged. */
	f = filtering();
	f->netns[1].s.cut |= 1U << SURVEY_VLANS;
	assert_string_equal(way_end(f, "x", "y"), "UNKNOWN there s/p1 leads to 10.0.2.2, beyond what netnsd sees\n");
	/* A tag of the other protocol is in a VLAN like what has none, and keeps it. */
	f = filtering();
	carries(f, 2, 10, true, true);
	carries(f, 3, 10, true, true);
	f->netns[1].s.links[0].vlan_protocol = 0x88a8U << 16;
	assert_string_equal(way_end(f, "x", "y"), "back x/eth0 arrives: 10.0.2.1 is here\n");
}

/* What is blocked is no obstacle where the spanning tree goes another way. */
static void test_another_way(void **state)
{
	struct facts *f = way_bridge();
	struct netns_fact *s = &f->netns[1];

	(void)state;
	/* br0 and br1 are connected twice; y is behind br1. */
	hand_link(s, "br1", LINK_BRIDGE);
	s->s.links[2].master = 4;
	for (size_t i = 0; i < 4; i++)
		hand_link(s, (const char *[]){ "a0", "a1", "b0", "b1" }[i], LINK_PAIR)->master = i % 2 ? 4 : 1;
	hand_pair(f, 1, 4, 1, 5);
	hand_pair(f, 1, 6, 1, 7);
	s->s.links[4].port_state = BR_STATE_BLOCKING;
	assert_string_equal(way_of(f, &(struct explain_request){ .from = "x", .to = "y", .all = true }),
			    "there x 10.0.2.1/24 dev eth0, table main\n"
			    "there x/eth0 to s/p1\n"
			    "there s/br0 bridged from p1 to b0\n"
			    "there s/br1 bridged from b1 to p2\n"
			    "there y/eth0 arrives: 10.0.2.2 is here\n"
			    "back y 10.0.2.2/24 dev eth0, table main\n"
			    "back y/eth0 to s/p2\n"
			    "back s/br1 bridged from p2 to b1\n"
			    "back s/br0 bridged from b0 to p1\n"
			    "back x/eth0 arrives: 10.0.2.1 is here\n");
}

/* Who answers for an address that is elsewhere. */
static void test_proxy(void **state)
{
	struct facts *f;

	(void)state;
	for (size_t on = 0; on < 3; on++) {
		f = way_router();
		/* a believes that b is beside it. */
		hand_route(&f->netns[A], 0, "10.0.4.0/24", NULL);
		f->netns[R].s.links[0].proxy_arp = on == 1;
		if (on == 2)
			*ARRAY_ADD(&f->netns[R].s, neighbors) = (struct neighbor_fact){
				.link = 1, .address = { AF_INET, 32, { 10, 0, 4, 10 } }, .proxy = true
			};
		assert_string_equal(way_end(f, "a", "b"),
				    on ? "back a/eth0 arrives: 10.0.3.10 is here\n"
				       : "BROKEN there a/eth0 nobody in this network has 10.0.4.10\n");
	}
}

static void test_fixed_neighbour(void **state)
{
	struct facts *f;

	(void)state;
	for (uint8_t last = 1; last < 3; last++) {
		f = way_router();
		f->netns[R].s.links[0].has_mac = true;
		f->netns[R].s.links[0].mac[5] = 1;
		*ARRAY_ADD(&f->netns[A].s, neighbors) =
			(struct neighbor_fact){ .link = 1,
						.address = { AF_INET, 32, { 10, 0, 3, 1 } },
						.state = NUD_PERMANENT,
						.mac = { 0, 0, 0, 0, 0, last },
						.has_mac = true };
		assert_string_equal(way_end(f, "a", "b"),
				    last == 1 ? "back a/eth0 arrives: 10.0.3.10 is here\n"
					      : "BROKEN there a/eth0 its permanent neighbour entry sends to "
						"00:00:00:00:00:02 for 10.0.3.1: nobody in this network has that: "
						"ip -n a neigh del 10.0.3.1 dev eth0\n");
	}
}

/* An address that the kernel does not use yet. */
static void test_unsettled(void **state)
{
	struct facts *f = way_bridge();

	(void)state;
	hand_address(&f->netns[2], 0, "fd00::1/64");
	hand_route(&f->netns[2], 0, "fd00::/64", NULL);
	hand_address(&f->netns[3], 0, "fd00::2/64")->flags = IFA_F_DADFAILED;
	assert_string_equal(way_end(f, "x", "fd00::2"),
			    "BROKEN there y/eth0 does not answer for fd00::2: duplicate address detection goes on, or "
			    "somebody else has it, too\n");
}

static void test_no_echo(void **state)
{
	struct explain_request tcp = { .from = "a", .to = "b", .proto = IPPROTO_TCP, .port = 80, .all = true };
	struct facts *f = way_router();

	(void)state;
	f->netns[B].s.no_echo4 = true;
	assert_string_equal(way_end(f, "a", "b"),
			    "BROKEN there b/eth0 does not answer pings: ip netns exec b sysctl -w "
			    "net.ipv4.icmp_echo_ignore_all=0\n");
	f = way_router();
	f->netns[B].s.no_echo4 = f->netns[A].s.no_echo4 = true;
	assert_non_null(strstr(way_of(f, &tcp), "back a/eth0 arrives"));
	/* The answer is no question. */
	f = way_router();
	f->netns[A].s.no_echo4 = true;
	assert_string_equal(way_end(f, "a", "b"), "back a/eth0 arrives: 10.0.3.10 is here\n");
}

/* Two links in one network, of which the kernel takes the first. */
static void test_two_links(void **state)
{
	struct facts *f = way_router();

	(void)state;
	f->netns[R].s.n_routes = f->netns[R].s.n_addresses = 0;
	hand_address(&f->netns[R], 0, "10.0.4.1/24");
	hand_address(&f->netns[R], 1, "10.0.4.2/24");
	hand_route(&f->netns[R], 0, "10.0.4.0/24", NULL);
	hand_route(&f->netns[R], 1, "10.0.4.0/24", NULL);
	assert_string_equal(
		way_end(f, "r", "10.0.4.10"),
		"BROKEN there r/a nobody in this network has 10.0.4.10: b/eth0, which has it, is behind b: ip "
		"-n r route replace 10.0.4.10 dev b\n");
}

/* What other programs have is said to be there. */
static void test_others(void **state)
{
	struct facts *f = way_router();
	const char *said;

	(void)state;
	*ARRAY_ADD(&f->netns[R].s, chains) = (struct chain_fact){
		.family = "ip", .table = "t", .chain = "c", .hook = NF_INET_FORWARD, .selects = true
	};
	said = way_of(f, &(struct explain_request){ .from = "a", .to = "b", .all = true });
	assert_non_null(strstr(said, "there r/a passes if rules of another program let it: table ip t, chain c\n"));
	assert_non_null(strstr(said, "back a/eth0 arrives: 10.0.3.10 is here\n"));
	/* Without NAT b knows no way back; with that of others it may. */
	for (size_t nat = 0; nat < 2; nat++) {
		f = way_router();
		f->netns[B].s.n_routes = 1;
		if (nat)
			*ARRAY_ADD(&f->netns[R].s, chains) = (struct chain_fact){ .family = "ip",
										  .table = "t",
										  .chain = "c",
										  .hook = NF_INET_POST_ROUTING,
										  .selects = true,
										  .translates = true };
		assert_string_equal(
			way_end(f, "a", "b"),
			nat ? "UNKNOWN back b cannot send to 10.0.3.10, but another program's NAT on the way "
			      "may have put other addresses in\n"
			    : "BROKEN back b there is no route to 10.0.3.10: ip -n b route add 10.0.3.10 via "
			      "10.0.4.1\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),           cmocka_unit_test(test_vlans),
		cmocka_unit_test(test_another_way),     cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_fixed_neighbour), cmocka_unit_test(test_unsettled),
		cmocka_unit_test(test_no_echo),         cmocka_unit_test(test_two_links),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
