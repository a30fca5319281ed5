/* SPDX-License-Identifier: MIT */
/* test_doctor.c - the checks of doctor, on facts made by hand. */
#include "facts.h"
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <cmocka.h>

/* Two namespaces on a veth pair, as in everyday.json; a gateway from b to a. */
static struct facts *pair(void)
{
	struct facts *f = hand_facts();

	hand_topology(f, "lab");
	hand_link(hand_netns(f, "a", 0), "e", LINK_PAIR);
	hand_link(hand_netns(f, "b", 0), "e", LINK_PAIR);
	hand_pair(f, 1, 0, 2, 0);
	hand_address(&f->netns[1], 0, "10.0.0.1/24");
	hand_address(&f->netns[2], 0, "10.0.0.2/24");
	hand_route(&f->netns[1], 0, "10.0.0.0/24", NULL);
	hand_route(&f->netns[2], 0, "10.0.0.0/24", NULL);
	hand_route(&f->netns[2], 0, "default", "10.0.0.1");
	return f;
}

/* The n-th link of the n-th namespace of pair(). */
static struct link_fact *end(struct facts *f, size_t netns)
{
	return &f->netns[netns].s.links[0];
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_doctor_checks; i++) {
		const struct check *c = &doctor_checks[i];

		assert_int_equal(strspn(c->id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(c->id));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(c->id, doctor_checks[k].id);
		/* Each group stands together. */
		for (size_t k = 0; i && k + 1 < i; k++)
			assert_true(strcmp(doctor_checks[k].about, c->about) != 0 ||
				    !strcmp(doctor_checks[i - 1].about, c->about));
		assert_non_null(severity_word(c->severity));
		assert_true(strlen(c->sentence) > 10 && strlen(c->why) > 10 && strlen(c->remedy) > 10);
		/* They are parts of a line. */
		assert_null(strpbrk(c->why, ".\n"));
		assert_null(strpbrk(c->sentence, "\n{"));
	}
	assert_null(severity_word(3));
}

static void test_healthy(void **state)
{
	(void)state;
	assert_string_equal(hand_findings(pair()), "");
	assert_string_equal(hand_findings(hand_facts()), "");
}

static void test_down(void **state)
{
	struct facts *f = pair();

	(void)state;
	end(f, 1)->up = end(f, 1)->carrier = end(f, 2)->carrier = false;
	assert_string_equal(hand_findings(f), "link-down a/e\n");
}

/* A peer that is not netnsd's is named where its end of ours has no carrier. */
static void test_no_carrier(void **state)
{
	struct facts *f = pair();

	(void)state;
	f->netns[1].place = PLACE_FOREIGN;
	f->netns[1].topology = -1;
	end(f, 1)->up = end(f, 1)->carrier = end(f, 2)->carrier = false;
	assert_string_equal(hand_findings(f), "no-carrier b/e\n");
}

static void test_gateway(void **state)
{
	struct facts *f = pair();

	(void)state;
	f->netns[2].s.routes[1].via.addr[3] = 9;
	assert_string_equal(hand_findings(f), "gateway-nobody b/e\n");
	/* Not where the network leads somewhere else: who knows what is there. */
	f = pair();
	f->netns[2].s.routes[1].via.addr[3] = 9;
	end(f, 1)->peer_netns = end(f, 1)->peer = -1;
	end(f, 2)->peer_netns = end(f, 2)->peer = -1;
	assert_string_equal(hand_findings(f), "");
	/* Nor through a bridge that filters by VLAN: the facts do not tell which ports it connects. */
	for (int filters = 0; filters < 2; filters++) {
		struct link_fact *bridge;

		f = pair();
		f->netns[2].s.routes[1].via.addr[3] = 9;
		bridge = hand_link(&f->netns[1], "br0", LINK_BRIDGE);
		bridge->filters_vlans = filters;
		end(f, 1)->master = bridge->index;
		assert_string_equal(hand_findings(f), filters ? "" : "gateway-nobody b/e\n");
	}
	f = pair();
	*(struct neighbor_fact *)array_add((void **)&f->netns[2].s.neighbors, &f->netns[2].s.n_neighbors,
					   &f->netns[2].s.room_neighbors, sizeof(struct neighbor_fact)) =
		(struct neighbor_fact){ 1, f->netns[2].s.routes[1].via, NUD_FAILED };
	assert_string_equal(hand_findings(f), "gateway-silent b/e\n");
}

static void test_sizes(void **state)
{
	struct facts *f = pair();
	struct link_fact *l;

	(void)state;
	/* Of two ends of ours the larger one is named. */
	end(f, 1)->mtu = 1400;
	assert_string_equal(hand_findings(f), "mtu-pair b/e\n");
	f = pair();
	l = hand_link(&f->netns[1], "t", LINK_TUNNEL);
	l->lower = 1;
	l->overhead = 50;
	l->mtu = 1450;
	assert_string_equal(hand_findings(f), "");
	f = pair();
	l = hand_link(&f->netns[1], "t", LINK_TUNNEL);
	l->lower = 1;
	l->overhead = 50;
	l->mtu = 1451;
	assert_string_equal(hand_findings(f), "mtu-lower a/t\n");
}

static void test_forwarding(void **state)
{
	static struct declared_netns router = { .name = "a", .existing = false, .forwards4 = true };
	static struct port_forward to = { .to = { AF_INET, 32, { 10, 0, 0, 9 } } };
	static struct declared_netns nat = { .name = "a", .masquerades = true };
	struct facts *f = pair();

	(void)state;
	*ARRAY_ADD(&f->topologies[0], netns) = router;
	assert_string_equal(hand_findings(f), "forwarding-off a\n");
	f = pair();
	*ARRAY_ADD(&f->topologies[0], netns) = nat;
	assert_string_equal(hand_findings(f), "nat-without-forwarding a\n");
	f = pair();
	f->netns[1].s.forwards4 = true;
	*ARRAY_ADD(&f->topologies[0], netns) = router;
	f->topologies[0].netns[0].port_forwards = must(calloc(1, sizeof(to)));
	f->topologies[0].netns[0].port_forwards[0] = to;
	f->topologies[0].netns[0].n_port_forwards = 1;
	assert_string_equal(hand_findings(f), "port-forward-nobody a\n");
}

static struct chain_fact *hand_chain(struct netns_fact *n, uint32_t hook, const char *how)
{
	struct chain_fact *c = ARRAY_ADD(&n->s, chains);

	*c = (struct chain_fact){ .family = "ip", .table = "t", .chain = "c;d", .hook = hook, .how = how };
	return c;
}

static void test_firewalls(void **state)
{
	static const struct declared_netns router = { .name = "a", .forwards4 = true };
	struct facts *f = pair();

	(void)state;
	hand_chain(&f->netns[1], NF_INET_FORWARD, "policy drop");
	assert_string_equal(hand_findings(f), ""); /* it forwards nothing */
	f = pair();
	f->netns[1].s.forwards4 = true;
	*ARRAY_ADD(&f->topologies[0], netns) = router;
	hand_chain(&f->netns[1], NF_INET_FORWARD, "policy drop");
	assert_string_equal(hand_findings(f), "firewall-forward a\n");
	f = pair();
	f->netns[1].s.forwards4 = true;
	*ARRAY_ADD(&f->topologies[0], netns) = router;
	hand_chain(&f->netns[1], NF_INET_FORWARD, NULL);
	f->netns[1].s.legacy_tables = true;
	assert_string_equal(hand_findings(f), "legacy-tables a\n");
}

/* The same address twice matters on one network only. */
static void test_twice(void **state)
{
	struct facts *f = pair();

	(void)state;
	hand_address(&f->netns[1], 0, "10.0.0.2/24");
	assert_string_equal(hand_findings(f), "address-twice a/e\n");
	f = pair();
	hand_address(&f->netns[1], 0, "10.0.0.2/24");
	end(f, 1)->peer_netns = end(f, 1)->peer = -1;
	end(f, 2)->peer_netns = end(f, 2)->peer = -1;
	assert_string_equal(hand_findings(f), "");
	/* A VLAN and its link, and another that has what both have. */
	for (int other = 0; other < 2; other++) {
		f = pair();
		hand_link(&f->netns[1], "e.10", LINK_CHILD)->lower = 1;
		hand_address(&f->netns[1], 0, "fe80::1/64")->scope = RT_SCOPE_LINK;
		hand_address(&f->netns[1 + other], (size_t)!other, "fe80::1/64")->scope = RT_SCOPE_LINK;
		assert_string_equal(hand_findings(f), other ? "address-twice a/e\n" : "");
	}
}

static void test_overlap(void **state)
{
	struct facts *f = pair();

	(void)state;
	f->netns[1].s.forwards4 = true;
	hand_link(&f->netns[1], "f", LINK_PLAIN);
	hand_address(&f->netns[1], 1, "10.0.0.129/25");
	assert_string_equal(hand_findings(f), "overlap a/f\n");
	/* VRFs have tables of their own. */
	f = pair();
	f->netns[1].s.forwards4 = true;
	hand_link(&f->netns[1], "f", LINK_PLAIN)->master = 3;
	hand_link(&f->netns[1], "v", LINK_VRF);
	hand_address(&f->netns[1], 1, "10.0.0.129/25");
	assert_string_equal(hand_findings(f), "");
}

static void test_machine(void **state)
{
	struct facts *f = pair();

	(void)state;
	f->userns_blocked = true;
	*ARRAY_ADD(f, limits) = (struct limit_fact){ "neighbours of IPv4", "k", 899, 1000 };
	assert_string_equal(hand_findings(f), "userns-blocked the machine\n");
	f = pair();
	*ARRAY_ADD(f, limits) = (struct limit_fact){ "neighbours of IPv4", "k", 900, 1000 };
	*ARRAY_ADD(f, limits) = (struct limit_fact){ "what is not known", "k", 900, 0 };
	assert_string_equal(hand_findings(f), "limit the machine\n");
	f = pair();
	*ARRAY_ADD(f, limits) = (struct limit_fact){ "descriptors of netnsd", NULL, 900, 1000, "systemctl edit it" };
	assert_string_equal(hand_commands(f), "systemctl edit it\n");
	f = pair();
	f->netns[1].s.conntrack_count = 240;
	f->netns[1].s.conntrack_max = 256;
	assert_string_equal(hand_findings(f), "conntrack a\n");
	f = pair();
	f->topologies[0].failed = true;
	f->topologies[0].problem_code = -EOPNOTSUPP;
	assert_string_equal(hand_findings(f), "module-missing lab\n");
	f = pair();
	f->topologies[0].failed = true;
	f->topologies[0].problem_code = -EINVAL;
	assert_string_equal(hand_findings(f), "not-up lab\n");
	f = pair();
	hand_link(&f->netns[1], "br", LINK_BRIDGE);
	for (int i = 0; i < 920; i++)
		hand_link(&f->netns[1], "p", LINK_PLAIN)->master = 2;
	assert_string_equal(hand_findings(f), "");
	f = pair();
	hand_link(&f->netns[1], "br", LINK_BRIDGE);
	for (int i = 0; i < 921; i++)
		hand_link(&f->netns[1], "p", LINK_PLAIN)->master = 2;
	assert_string_equal(hand_findings(f), "bridge-ports a/br\n");
}

/* What others have is neither judged nor named to those who are not told about it. */
static void test_others(void **state)
{
	struct facts *f = pair();
	struct diagnosis d;

	(void)state;
	f->netns[1].place = f->netns[2].place = PLACE_FOREIGN;
	f->netns[1].topology = f->netns[2].topology = -1;
	end(f, 1)->up = false;
	assert_string_equal(hand_findings(f), "");
	f = pair();
	f->netns[1].place = PLACE_FOREIGN;
	f->netns[1].topology = -1;
	end(f, 1)->mtu = 1400;
	facts_connect(f);
	doctor_begin(f, &d);
	while (doctor_step(&d))
		;
	assert_int_equal(d.n, 1);
	assert_non_null(strstr(d.v[0].message, "a/e"));
	assert_null(strstr(d.v[0].veiled, "a/e"));
	assert_string_equal(d.v[0].command, "ip -n b link set e mtu 1400");
	diagnosis_done(&d);
	facts_free(f);
}

/* A command is one that can be pasted, whatever others call their interfaces. */
static void test_words(void **state)
{
	struct facts *f = pair();

	(void)state;
	end(f, 1)->name = "a;id'$";
	end(f, 1)->up = false;
	assert_string_equal(hand_commands(f), "ip -n a link set 'a;id'\\''$' up\n");
}

/* At most FINDINGS_MAX, and it says that there are more. */
static void test_many(void **state)
{
	struct facts *f = pair();
	struct diagnosis d;

	(void)state;
	for (size_t i = 0; i < FINDINGS_MAX + 5; i++)
		hand_link(&f->netns[1], "x", LINK_PLAIN)->up = false;
	facts_connect(f);
	doctor_begin(f, &d);
	while (doctor_step(&d))
		;
	assert_int_equal(d.n, FINDINGS_MAX);
	assert_true(d.cut);
	diagnosis_done(&d);
	facts_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),       cmocka_unit_test(test_healthy),   cmocka_unit_test(test_down),
		cmocka_unit_test(test_gateway),    cmocka_unit_test(test_sizes),     cmocka_unit_test(test_no_carrier),
		cmocka_unit_test(test_others),     cmocka_unit_test(test_words),     cmocka_unit_test(test_many),
		cmocka_unit_test(test_forwarding), cmocka_unit_test(test_firewalls), cmocka_unit_test(test_twice),
		cmocka_unit_test(test_overlap),    cmocka_unit_test(test_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
