/* SPDX-License-Identifier: MIT */
/* test_revert.c - former values are saved once, restored, and then forgotten; objects of
 * ours revert to the kernel's default. */
#include "fake_machine.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct host {
	struct model memory, saved;
	struct fake kernel;
	struct declaration loaded[16];
	size_t n;
	const char *last;
	struct job jobs[16]; /* the kernel's objects refer to their models */
	size_t n_jobs;
};

static int host_init(void **state)
{
	struct host *m = must(calloc(1, sizeof(*m)));

	model_init(&m->memory, &all_kinds);
	model_init(&m->saved, &all_kinds);
	fake_init(&m->kernel, &m->memory, "lab-1");
	m->last = "{}";
	*state = m;
	return 0;
}

static int host_done(void **state)
{
	struct host *m = *state;

	for (size_t i = 0; i < m->n; i++)
		declaration_done(&m->loaded[i]);
	for (size_t i = 0; i < m->n_jobs; i++)
		job_done(&m->jobs[i]);
	fake_done(&m->kernel);
	model_done(&m->saved);
	model_done(&m->memory);
	free(m);
	return 0;
}

static struct model *load(struct host *m, const char *text)
{
	struct problems p = { 0 };

	if (load_text(text, strlen(text), &all_kinds, &m->loaded[m->n], &p) < 0)
		fail_msg("%s: %s", p.v[0].where.pointer, p.v[0].message);
	return &m->loaded[m->n++].model;
}

static struct job *job_of(struct host *m, const struct fake_machine *machine, const char *text)
{
	struct json_object *desired = json_tokener_parse(text), *last = json_tokener_parse(m->last);
	struct job *j = &m->jobs[m->n_jobs++];

	fake_job(j, machine, desired, last);
	json_object_put(desired);
	json_object_put(last);
	return j;
}

/* Applies @text after what was applied last; its plan must be @says. */
static void apply(struct host *m, const char *text, const char *says)
{
	struct fake_machine machine;
	struct job *j;
	char *plan;

	fake_machine_init(&machine, &m->kernel, &m->saved);
	j = job_of(m, &machine, text);
	fake_job_plan(j);
	plan = fake_plan_text(&j->pass.plan);
	assert_string_equal(plan, says);
	free(plan);
	while (job_step(j))
		;
	assert_int_equal(j->result, 0);
	model_done(&m->saved);
	m->saved = machine.saved;
	machine.saved = (struct model){ 0 };
	m->last = text;
	fake_machine_done(&machine);
}

/* The saved value of a field, as JSON; NULL if there is none. */
static void original(const struct host *m, const char *id, const char *field, const char *value)
{
	const struct object *o = model_find(&m->saved, id);
	int i = o ? kind_field(o->kind, field) : -1;
	struct json_object *v;

	if (!value) {
		assert_false(o && object_has(o, (size_t)i));
		return;
	}
	assert_non_null(o);
	assert_true(object_has(o, (size_t)i));
	v = o->kind->fields[i].type->format(&o->kind->fields[i], o->netns, object_at(o, (size_t)i));
	assert_string_equal(json_object_to_json_string(v), value);
	json_object_put(v);
}

#define ETH0 "link host/eth0"
#define HOST(what) "{\"host\": {" what "}}"
#define IN_ETH0(what) HOST("\"interfaces\": {\"eth0\": {" what "}}")

static void test_once(void **state)
{
	struct host *m = *state;

	apply(m, IN_ETH0("\"mtu\": 1400"), "~ link host/eth0 mtu 1500 → 1400 [in_place]\n");
	original(m, ETH0, "mtu", "1500");
	apply(m, IN_ETH0("\"mtu\": 1300"), "~ link host/eth0 mtu 1400 → 1300 [in_place]\n");
	original(m, ETH0, "mtu", "1500");
	apply(m, IN_ETH0("\"mtu\": 1300, \"txqlen\": 5"), "~ link host/eth0 txqlen 1000 → 5 [in_place]\n");
	original(m, ETH0, "mtu", "1500");
	original(m, ETH0, "txqlen", "1000");
	apply(m, IN_ETH0("\"txqlen\": 5"), "~ link host/eth0 mtu 1300 → 1500 [in_place]\n");
	original(m, ETH0, "mtu", NULL);
	original(m, ETH0, "txqlen", "1000");
	apply(m, "{}", "~ link host/eth0 txqlen 5 → 1000 [in_place]\n");
	assert_int_equal(m->saved.n, 0);
}

/* A value that was the same before is nobody's change, and stays when the file no longer sets it. */
static void test_same(void **state)
{
	struct host *m = *state;

	apply(m, IN_ETH0("\"mtu\": 1500, \"up\": true"), "");
	assert_int_equal(m->saved.n, 0);
	apply(m, IN_ETH0("\"mtu\": 1400"), "~ link host/eth0 mtu 1500 → 1400 [in_place]\n");
	original(m, ETH0, "up", NULL);
	apply(m, "{}", "~ link host/eth0 mtu 1400 → 1500 [in_place]\n");
	assert_int_equal(m->saved.n, 0);
}

static void test_sysctl(void **state)
{
	struct host *m = *state;

	apply(m, HOST("\"sysctl\": {\"net.core.somaxconn\": 1}, \"forwarding\": true"),
	      "~ namespace host forwarding false → true [in_place]\n~ sysctl host net.core.somaxconn 4096 → 1 [in_place]\n");
	original(m, "sysctl host net.core.somaxconn", "value", "\"4096\"");
	original(m, "netns host", "forwarding", "false");
	apply(m, HOST("\"forwarding\": true"), "~ sysctl host net.core.somaxconn 1 → 4096 [in_place]\n");
	assert_int_equal(m->saved.n, 1);
	apply(m, "{}", "~ namespace host forwarding true → false [in_place]\n");
	assert_int_equal(m->saved.n, 0);
}

/* The former value in a namespace that the same change creates is read during the change. */
static void test_noted(void **state)
{
	struct host *m = *state;

	apply(m, "{\"namespaces\": {\"a\": {\"sysctl\": {\"net.core.somaxconn\": 1}}}}",
	      "+ namespace a\n+ sysctl a net.core.somaxconn = 1\n");
	original(m, "sysctl a net.core.somaxconn", "value", "\"0\"");
	apply(m, "{\"namespaces\": {\"a\": {}}}", "~ sysctl a net.core.somaxconn 1 → 0 [in_place]\n");
	assert_int_equal(m->saved.n, 0);
}

static void test_default(void **state)
{
	struct host *m = *state;

	apply(m,
	      HOST("\"interfaces\": {\"br0\": {\"kind\": \"bridge\", \"up\": false, \"mtu\": 1400, \"txqlen\": 5,"
		   "\"addrgen\": \"none\", \"stp_state\": true, \"ageing_time\": 100, \"forward_delay\": 200, \"priority\": 0}}"),
	      "+ link host/br0 bridge, down, mtu 1400, txqlen 5, addrgen none, stp_state true, ageing_time 100, "
	      "forward_delay 200, priority 0\n");
	assert_int_equal(m->saved.n, 0);
	apply(m, HOST("\"interfaces\": {\"br0\": {\"kind\": \"bridge\"}}"),
	      "~ link host/br0 down → up, mtu 1400 → 1500, txqlen 5 → 1000, addrgen none → eui64, stp_state true → false, "
	      "ageing_time 100 → 30000, forward_delay 200 → 1500, priority 0 → 32768 [in_place]\n");
}

/* What no file sets has its default, whatever its size; anything else is saved before a
 * step, and that is all. */
static void test_usual(void **state)
{
	struct host *m = *state;
	const struct model *plain = load(m, HOST("\"interfaces\": {\"br0\": {\"kind\": \"bridge\"}}"));
	const struct model *set =
		load(m, HOST("\"interfaces\": {\"br0\": {\"kind\": \"bridge\", \"mcast_snooping\": false,"
			     "\"priority\": 4096, \"ageing_time\": 100}}"));
	struct object *a = model_find(plain, "link host/br0"), *b = model_find(set, "link host/br0");
	uint64_t usual = kind_mask(a->kind, USUAL), changed = 0;
	static const char *const names[] = { "mcast_snooping", "priority", "ageing_time" };
	struct op op = { .before = b, .after = a, .diff = object_diff(a, b) };
	struct plan plan = { .ops = &op,
			     .n = 1,
			     .desired = (struct model *)(uintptr_t)plain,
			     .observed = (struct model *)(uintptr_t)set };
	struct model delta;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		changed |= field_bit(a->kind, names[i]);
	assert_int_equal(a->set & usual, usual);
	assert_int_equal(object_unusual(a), 0);
	assert_int_equal(object_unusual(b), changed);
	assert_int_equal(object_diff(a, b), changed);
	model_init(&delta, &all_kinds);
	revert_delta(&delta, &plan);
	assert_int_equal(delta.objects[0]->set & usual, changed);
	model_done(&delta);
}

/* A value that another topology still declares stays. */
static void test_share(_unused_ void **state)
{
	struct host *m = *state;
	struct model *desired = load(m, HOST("")), *last = load(m, HOST("\"forwarding\": true"));
	struct model *others = load(m, HOST("\"forwarding\": true")), *was = load(m, HOST("\"forwarding\": false"));
	size_t forwarding = (size_t)kind_field(&kind_netns, "forwarding");
	struct model *observed = load(m, HOST(""));
	struct model given;

	model_init(&given, &all_kinds);
	revert_complete(desired, last, was, observed);
	assert_true(object_has(model_netns(desired, "host"), forwarding));
	revert_shared(desired, others, &given);
	assert_false(object_has(model_netns(desired, "host"), forwarding));
	/* The other one gets to know what it was. */
	assert_true(object_has(model_netns(&given, "host"), forwarding));
	assert_false(object_diff(model_netns(was, "host"), model_netns(&given, "host")));
	/* Nothing of it is left. */
	revert_shared(desired, others, NULL);
	assert_int_equal(given.n, 1);
	model_done(&given);
}

/* An interface of the host that is gone has nothing to restore. */
static void test_gone(void **state)
{
	struct host *m = *state;

	apply(m, IN_ETH0("\"mtu\": 1400"), "~ link host/eth0 mtu 1500 → 1400 [in_place]\n");
	fake_remove(&m->kernel, ETH0);
	apply(m, "{}", "");
	assert_int_equal(m->saved.n, 0);
}

/* The first state has no source address; the rollback removes it again. */
static void test_none(void **state)
{
#define ROUTE(more)                                                                                 \
	HOST("\"interfaces\": {\"br0\": {\"kind\": \"bridge\", \"addresses\": [\"10.0.0.1/24\"]}}," \
	     "\"routes\": [{\"to\": \"10.9.0.0/16\", \"dev\": \"br0\"" more "}]")
	struct host *m = *state;
	struct json_object *last;
	struct fake first, kernel;

	apply(m, ROUTE(""),
	      "+ link host/br0 bridge\n+ address host/br0 10.0.0.1/24\n+ route host 10.9.0.0/16 dev br0\n");
	fake_copy(&first, &m->kernel, &m->memory);
	last = json_tokener_parse(m->last);
	for (int cut_off = 0; cut_off < 2; cut_off++) {
		struct fake_machine machine;
		struct job *j;

		fake_copy(&kernel, &first, &m->memory);
		fake_machine_init(&machine, &kernel, &m->saved);
		machine.commit_fails = true;
		machine.cuts_off = cut_off;
		j = job_of(m, &machine, ROUTE(", \"src\": \"10.0.0.1\", \"mtu\": 1400"));
		while (!machine.cut_off && job_step(j))
			;
		if (cut_off) {
			j = &m->jobs[m->n_jobs++];
			fake_job_recover(j, &machine, last);
			while (job_step(j))
				;
		}
		assert_int_equal(j->result, cut_off ? 0 : -EIO);
		assert_int_not_equal(j->outcome, OUTCOME_ROLLBACK_FAILED);
		assert_null(fake_diff(&first, &kernel, &m->memory.arena));
		fake_machine_done(&machine);
		fake_done(&kernel);
	}
	json_object_put(last);
	fake_done(&first);
}

/* A value that no file may set is saved and loaded all the same. */
static void test_loopback(void **state)
{
	struct host *m = *state;

	apply(m, HOST("\"interfaces\": {\"lo\": {\"mtu\": 1500}}"), "~ link host/lo mtu 65536 → 1500 [in_place]\n");
	original(m, "link host/lo", "mtu", "65536");
	apply(m, "{}", "~ link host/lo mtu 1500 → 65536 [in_place]\n");
}

/* A record of an older netnsd lacks the far network of an address. */
static void test_older_record(_unused_ void **state)
{
	static const char text[] =
		"[{\"class\": \"address\", \"kind\": \"address\", \"netns\": \"host\", \"name\": \"eth0\", "
		"\"any\": false, \"handle\": 2, \"ours\": true, \"fields\": {\"address\": \"10.0.0.1/24\", "
		"\"key\": \"10.0.0.1/24\", \"peer\": \"10.1.0.2/24\"}}]";
	struct json_object *list = json_tokener_parse(text);
	struct model restored;
	struct err e;

	model_init(&restored, &all_kinds);
	assert_int_equal(model_restore(&restored, list, &e), 0);
	assert_string_equal(restored.objects[0]->id, "address host/eth0 10.0.0.1/24 10.1.0.0/24");
	json_object_put(list);
	model_done(&restored);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, host_init, host_done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_once),     TEST(test_same),         TEST(test_sysctl), TEST(test_noted),
		TEST(test_default),  TEST(test_share),        TEST(test_gone),   TEST(test_none),
		TEST(test_loopback), TEST(test_older_record), TEST(test_usual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
