/* SPDX-License-Identifier: MIT */
/* test_doctor.c - the checks of doctor, on facts made by hand. */
#include "facts.h"
#include <linux/neighbour.h>
#include <setjmp.h>
#include <stdarg.h>
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
	f = pair();
	*(struct neighbor_fact *)facts_add((void **)&f->netns[2].s.neighbors, &f->netns[2].s.n_neighbors,
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
	facts_unref(f);
}

/* A command is one that can be pasted, whatever others call their interfaces. */
static void test_words(void **state)
{
	struct facts *f = pair();
	struct diagnosis d;

	(void)state;
	end(f, 1)->name = "a;id'$";
	end(f, 1)->up = false;
	facts_connect(f);
	doctor_begin(f, &d);
	while (doctor_step(&d))
		;
	assert_string_equal(d.v[0].command, "ip -n a link set 'a;id'\\''$' up");
	diagnosis_done(&d);
	facts_unref(f);
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
	facts_unref(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),    cmocka_unit_test(test_healthy), cmocka_unit_test(test_down),
		cmocka_unit_test(test_gateway), cmocka_unit_test(test_sizes),   cmocka_unit_test(test_no_carrier),
		cmocka_unit_test(test_others),  cmocka_unit_test(test_words),   cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
