/* SPDX-License-Identifier: MIT */
/* test_owner.c - marks, and the owner of an object that carries one, or none. */
#include "fake.h"
#include "format/load.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TOPOLOGY "lab-1"

static void test_hash(_unused_ void **state)
{
	uint32_t seen = topology_hash("");

	for (unsigned i = 0; i < 100000; i++) {
		char name[32];
		uint32_t h;

		snprintf(name, sizeof(name), "topology-%u", i);
		h = topology_hash(name);
		assert_int_not_equal(h, 0);
		assert_int_equal(h & ~(uint32_t)GROUP_HASH, 0);
		assert_int_equal(h, topology_hash(name));
		assert_int_not_equal(h, seen);
		seen = h;
	}
}

static void test_sign(_unused_ void **state)
{
	static const struct {
		uint32_t group;
		const char *alias;
		uint32_t hash;
		const char *topology;
	} rows[] = {
		{ 0, NULL, 0, NULL },
		{ 7, "netnsd:lab", 0, NULL },
		{ GROUP_OURS | 7, NULL, 7, NULL },
		{ GROUP_OURS | 7, "netnsd:lab", 7, "lab" },
		{ GROUP_OURS | 7, "uplink to the lab", 7, NULL },
		{ GROUP_OURS | GROUP_LOOPBACK | 7, "netnsd:lab", 7, "lab" },
		{ GROUP_OURS | GROUP_HASH, "netnsd:", GROUP_HASH, "" },
		{ GROUP_LOOPBACK | 7, "netnsd:lab", 0, NULL },
		{ UINT32_MAX, "netnsd:lab", 0, NULL },
		{ UINT32_C(1) << 31 | GROUP_OURS | 7, "netnsd:lab", 0, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct sign s = sign_of_link(rows[i].group, rows[i].alias);

		assert_int_equal(s.hash, rows[i].hash);
		assert_int_equal(!s.topology, !rows[i].topology);
		if (s.topology)
			assert_string_equal(s.topology, rows[i].topology);
	}
}

static void test_mac(_unused_ void **state)
{
	uint8_t mac[6], again[6], other[6];
	static const char *const others[][3] = {
		{ "machine", "lab", "ns1/b" },  { "machine", "lab", "ns2/a" }, { "machine", "labs", "ns1/a" },
		{ "machines", "lab", "ns1/a" }, { "machin", "elab", "ns1/a" },
	};

	mac_derive("machine", "lab", "ns1/a", mac);
	mac_derive("machine", "lab", "ns1/a", again);
	assert_memory_equal(mac, again, 6);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		mac_derive(others[i][0], others[i][1], others[i][2], other);
		assert_memory_not_equal(mac, other, 6);
		assert_int_equal(other[0] & 3, 2); /* locally administered, and not multicast */
	}
	assert_int_equal(mac[0] & 3, 2);
}

/* One observed machine, the mark of each of its objects, and its owner. */
enum mark { NONE, OURS, OURS_UNNAMED, OURS_HALF, OTHER, OTHER_UNNAMED, COLLIDING, ANYONE };
struct row {
	const struct kind *kind;
	const char *netns, *name, *field, *value;
	enum mark mark;
	enum owner owner;
	const char *id;
};

static const struct row rows[] = {
	{ &kind_netns, "host", NULL, NULL, NULL, NONE, OWNER_FOREIGN, "netns host" },
	{ &kind_interface, "host", "lo", NULL, NULL, NONE, OWNER_FOREIGN, "link host/lo" },
	{ &kind_interface, "host", "eth0", NULL, NULL, NONE, OWNER_FOREIGN, "link host/eth0" },
	{ &kind_address, "host", "eth0", "address", "\"192.0.2.1/24\"", NONE, OWNER_FOREIGN,
	  "address host/eth0 192.0.2.1/24" },
	{ &kind_address, "host", "eth0", "address", "\"192.0.2.2/24\"", ANYONE, OWNER_FOREIGN,
	  "address host/eth0 192.0.2.2/24" },
	{ &kind_address, "host", "eth0", "address", "\"192.0.2.3/24\"", NONE, OWNER_FOREIGN,
	  "address host/eth0 192.0.2.3/24" },
	{ &kind_address, "host", "eth0", "address", "\"192.0.2.4/24\"", NONE, OWNER_OURS,
	  "address host/eth0 192.0.2.4/24" },
	{ &kind_address, "host", "eth0", "address", "\"192.0.2.5/24\"", ANYONE, OWNER_FOREIGN,
	  "address host/eth0 192.0.2.5/24" },
	{ &kind_bridge, "host", "br0", NULL, NULL, OURS, OWNER_OURS, "link host/br0" },
	{ &kind_bridge, "host", "br1", NULL, NULL, OURS_HALF, OWNER_OURS, "link host/br1" },
	/* With the name of one of ours, and its group: anybody can have that. */
	{ &kind_bridge, "host", "br6", NULL, NULL, OURS_UNNAMED, OWNER_FOREIGN, "link host/br6" },
	/* A copy of our mark on an undeclared object. */
	{ &kind_bridge, "host", "br7", NULL, NULL, OURS, OWNER_FOREIGN, "link host/br7" },
	{ &kind_interface, "host", "eth1", NULL, NULL, OURS, OWNER_FOREIGN, "link host/eth1" },
	{ &kind_bridge, "host", "br2", NULL, NULL, OTHER, OWNER_OTHER_TOPOLOGY, "link host/br2" },
	{ &kind_bridge, "host", "br3", NULL, NULL, OTHER_UNNAMED, OWNER_OTHER_TOPOLOGY, "link host/br3" },
	{ &kind_bridge, "host", "br4", NULL, NULL, COLLIDING, OWNER_OTHER_TOPOLOGY, "link host/br4" },
	{ &kind_bridge, "host", "br5", NULL, NULL, OURS_UNNAMED, OWNER_OTHER_TOPOLOGY, "link host/br5" },
	{ &kind_address, "host", "br0", "address", "\"10.0.0.1/24\"", ANYONE, OWNER_OURS,
	  "address host/br0 10.0.0.1/24" },
	{ &kind_address, "host", "br0", "address", "\"10.0.0.9/24\"", NONE, OWNER_OURS,
	  "address host/br0 10.0.0.9/24" },
	{ &kind_address, "host", "br1", "address", "\"10.1.0.9/24\"", NONE, OWNER_FOREIGN,
	  "address host/br1 10.1.0.9/24" },
	{ &kind_address, "host", "br1", "address", "\"10.1.0.8/24\"", ANYONE, OWNER_OURS,
	  "address host/br1 10.1.0.8/24" },
	{ &kind_address, "host", "br2", "address", "\"10.2.0.9/24\"", ANYONE, OWNER_FOREIGN,
	  "address host/br2 10.2.0.9/24" },
	{ &kind_netns, "ns1", NULL, NULL, NULL, OURS, OWNER_OURS, "netns ns1" },
	{ &kind_interface, "ns1", "lo", NULL, NULL, OURS, OWNER_OURS, "link ns1/lo" },
	{ &kind_address, "ns1", "lo", "address", "\"198.18.0.1/32\"", NONE, OWNER_OURS, "address ns1/lo 198.18.0.1" },
	{ &kind_bridge, "ns1", "x0", NULL, NULL, NONE, OWNER_FOREIGN, "link ns1/x0" },
	{ &kind_address, "ns1", "x0", "address", "\"10.3.0.1/24\"", NONE, OWNER_FOREIGN, "address ns1/x0 10.3.0.1/24" },
	{ &kind_netns, "ns2", NULL, NULL, NULL, NONE, OWNER_FOREIGN, "netns ns2" },
};

static void sign(struct object *o, enum mark mark)
{
	uint32_t hash = topology_hash(TOPOLOGY);
	const struct sign signs[] = {
		[NONE] = { 0, NULL },
		[OURS] = { hash, TOPOLOGY },
		[OURS_UNNAMED] = { hash, NULL },
		[OURS_HALF] = { .hash = hash, .half = true },
		[OTHER] = { hash ^ 1, "other" },
		[OTHER_UNNAMED] = { hash ^ 1, NULL },
		[COLLIDING] = { hash, "other" },
		[ANYONE] = { SIGN_ANY, NULL },
	};

	o->sign = signs[mark];
}

static void observe(struct model *m, bool kernels)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct object *o = object_new(m, rows[i].kind, rows[i].netns, rows[i].name);
		struct err e;

		if (rows[i].field)
			object_set(m, o, rows[i].field, rows[i].value);
		if (o->kind->check)
			assert_int_equal(o->kind->check(o, &e) == 0 || is_loopback(o->name), true);
		o->managed = kernels && o->kind == &kind_address;
		sign(o, rows[i].mark);
		assert_int_equal(model_add(m, o, NULL), 0);
		assert_string_equal(o->id, rows[i].id);
	}
	model_link(m);
}

static void topology_of(const char *text, struct declaration *ret)
{
	struct problems p = { 0 };

	if (load_text(text, strlen(text), &all_kinds, ret, &p) < 0)
		fail_msg("%s: %s", p.v[0].where.pointer, p.v[0].message);
}

static const char desired_text[] =
	"{\"host\": {\"interfaces\": {\"eth0\": {\"addresses\": [\"192.0.2.2/24\", \"192.0.2.3/24\"]}, \"eth1\": {},"
	"  \"br6\": {\"kind\": \"bridge\"}, \"br0\": {\"kind\": \"bridge\", \"addresses\": [\"10.0.0.1/24\"]}}},"
	" \"namespaces\": {\"ns1\": {\"interfaces\": {\"lo\": {\"addresses\": [\"198.18.0.2/32\"]}}}}}";
static const char last_text[] =
	"{\"host\": {\"interfaces\": {\"eth0\": {\"addresses\": [\"192.0.2.4/24\"]},"
	"  \"br1\": {\"kind\": \"bridge\"}}}}";

static void test_resolve(_unused_ void **state)
{
	struct declaration desired, last;
	struct model observed;

	model_init(&observed, &all_kinds);
	topology_of(desired_text, &desired);
	topology_of(last_text, &last);
	observe(&observed, false);
	owner_resolve(&observed, TOPOLOGY, &desired.model, &last.model, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (observed.objects[i]->owner != rows[i].owner)
			fail_msg("%s: %d, expected %d", rows[i].id, observed.objects[i]->owner, rows[i].owner);
	assert_string_equal(model_find(&observed, "link host/br2")->owner_name, "other");
	assert_string_equal(model_find(&observed, "link host/br4")->owner_name, "other");
	model_done(&observed);
	declaration_done(&desired);
	declaration_done(&last);
}

/* What the kernel creates by itself belongs to nobody. */
static void test_kernels_own(_unused_ void **state)
{
	struct declaration desired, last;
	struct model observed;

	model_init(&observed, &all_kinds);
	topology_of(desired_text, &desired);
	topology_of(last_text, &last);
	observe(&observed, true);
	owner_resolve(&observed, TOPOLOGY, &desired.model, &last.model, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].kind == &kind_address)
			assert_int_equal(observed.objects[i]->owner, OWNER_FOREIGN);
	model_done(&observed);
	declaration_done(&desired);
	declaration_done(&last);
}

/* In a rollback, what the failed change created on others' interfaces is recognised by
 * its mark and its name. */
static void test_tried(_unused_ void **state)
{
	struct model observed, nothing;
	struct declaration tried;

	model_init(&observed, &all_kinds);
	model_init(&nothing, &all_kinds);
	topology_of(desired_text, &tried);
	observe(&observed, false);
	owner_resolve(&observed, TOPOLOGY, &nothing, &nothing, &tried.model);
	assert_int_equal(model_find(&observed, "address host/eth0 192.0.2.2/24")->owner, OWNER_OURS);
	assert_int_equal(model_find(&observed, "address host/eth0 192.0.2.3/24")->owner, OWNER_FOREIGN);
	assert_int_equal(model_find(&observed, "address host/eth0 192.0.2.4/24")->owner, OWNER_FOREIGN);
	assert_int_equal(model_find(&observed, "address host/eth0 192.0.2.5/24")->owner, OWNER_FOREIGN);
	model_done(&observed);
	model_done(&nothing);
	declaration_done(&tried);
}

/* One link in a namespace: its name, number, group and alias, whether it is declared
 * under that name, and its owner then. */
struct seen {
	const char *what, *name;
	uint32_t handle;
	bool group, alias;
	uint64_t cookie;
	enum owner owner;
	bool damaged;
};

static struct object *observe_one(struct model *m, const struct seen *row)
{
	struct object *o = object_new(m, &kind_bridge, "ns1", row->name),
		      *netns = object_new(m, &kind_netns, "ns1", NULL);

	netns->cookie = row->cookie;
	netns->sign = sign_of_link(GROUP_OURS | GROUP_LOOPBACK | topology_hash(TOPOLOGY), ALIAS_PREFIX TOPOLOGY);
	model_add(m, netns, NULL);
	o->handle = row->handle;
	o->managed = false;
	o->sign = sign_of_link(row->group ? group_of_link(TOPOLOGY, row->name) : 7,
			       row->alias ? ALIAS_PREFIX TOPOLOGY : "customer 5");
	model_add(m, o, NULL);
	model_link(m);
	return o;
}

/* A link that was observed with the complete mark is recognised by number and cookie, and by nothing else. */
static void test_seen(_unused_ void **state)
{
	static const struct seen whole = { "whole", "br0", 5, true, true, 77, OWNER_OURS, false };
	static const struct seen all[] = {
		{ "alias changed", "br0", 5, true, false, 77, OWNER_OURS, true },
		{ "group changed", "br0", 5, false, true, 77, OWNER_OURS, true },
		{ "both changed", "br0", 5, false, false, 77, OWNER_OURS, true },
		{ "renamed", "br9", 5, true, true, 77, OWNER_OURS, false },
		{ "another number", "br0", 6, true, false, 77, OWNER_FOREIGN, false },
		{ "another number", "br0", 6, false, true, 77, OWNER_FOREIGN, false },
		{ "another namespace", "br0", 5, true, false, 78, OWNER_FOREIGN, false },
		{ "no cookie", "br0", 5, true, false, 0, OWNER_FOREIGN, false },
		{ "a copy", "br9", 6, true, true, 77, OWNER_FOREIGN, false },
		{ "a copy elsewhere", "br9", 5, true, true, 78, OWNER_FOREIGN, false },
		{ "alias alone, renamed", "br9", 5, false, true, 77, OWNER_FOREIGN, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct declaration t;
		struct model first, then;
		struct object *o, *want;

		topology_of("{\"namespaces\": {\"ns1\": {\"interfaces\": {\"br0\": {\"kind\": \"bridge\"}}}}}", &t);
		want = model_find(&t.model, "link ns1/br0");
		model_init(&first, &all_kinds);
		model_init(&then, &all_kinds);
		o = observe_one(&first, &whole);
		owner_resolve(&first, TOPOLOGY, &t.model, &t.model, NULL);
		assert_int_equal(o->owner, OWNER_OURS);
		assert_int_equal(object_diff(want, o) & kind_mask(want->kind, OF_MARK), 0);
		o = observe_one(&then, &all[i]);
		owner_resolve(&then, TOPOLOGY, &t.model, &t.model, NULL);
		if (o->owner != all[i].owner)
			fail_msg("%s: %d", all[i].what, o->owner);
		assert_int_equal(!(object_diff(want, o) & kind_mask(want->kind, OF_MARK)), !all[i].damaged);
		/* An object that cannot be identified as ours says what is missing, and the remedy. */
		assert_int_equal(!o->damage, all[i].owner == OWNER_OURS || strcmp(o->name, "br0") != 0);
		model_done(&first);
		model_done(&then);
		declaration_done(&t);
	}
}

/* One address on an interface of others: when it was created, whether it has its mark,
 * and what happens to it. */
struct made {
	const char *what;
	uint32_t born;
	bool mark;
	uint64_t cookie;
	bool lost, unknown;
};

static struct object *observe_address(struct model *m, const struct made *row)
{
	struct object *netns = object_new(m, &kind_netns, "host", NULL),
		      *link = object_new(m, &kind_interface, "host", "eth0");
	struct object *o = object_new(m, &kind_address, "host", "eth0");

	netns->cookie = row->cookie;
	model_add(m, netns, NULL);
	model_add(m, link, NULL);
	object_set(m, o, "address", "\"192.0.2.2/24\"");
	kind_address.identify(o);
	o->born = row->born;
	o->sign.hash = row->mark ? SIGN_ANY : 0;
	o->sign.missing = !row->mark;
	model_add(m, o, NULL);
	model_link(m);
	return o;
}

/* An address is recognised by the time of its creation; another of the same value is not,
 * and neither is one that was never observed with a mark. */
static void test_seen_address(_unused_ void **state)
{
	static const struct made whole = { "whole", 500, true, 77, false, false };
	static const struct made all[] = {
		{ "still there", 500, true, 77, false, false },
		{ "stripped", 500, false, 77, true, false },
		{ "recreated", 501, false, 77, false, true },
		{ "another namespace", 500, false, 78, false, true },
		{ "recreated, with a mark", 501, true, 77, false, false },
		{ "a creation that the kernel does not report", 0, false, 77, false, false },
	};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(all); i++) {
		const struct made *row = &all[i / 2];
		bool before = i % 2;
		struct declaration t;
		struct model first, then;
		struct object *o, *want;

		topology_of("{\"host\": {\"interfaces\": {\"eth0\": {\"addresses\": [\"192.0.2.2/24\"]}}}}", &t);
		want = model_find(&t.model, "address host/eth0 192.0.2.2/24");
		model_init(&first, &all_kinds);
		model_init(&then, &all_kinds);
		observe_address(&first, &whole);
		if (before)
			owner_resolve(&first, TOPOLOGY, &t.model, &t.model, NULL);
		o = observe_address(&then, row);
		owner_resolve(&then, TOPOLOGY, &t.model, &t.model, NULL);
		assert_int_equal(o->owner, OWNER_OURS);
		if (!(object_diff(want, o) & kind_mask(want->kind, OF_MARK)) != !(before && row->lost))
			fail_msg("%s, %d", row->what, before);
		if (!o->damage != !((before && row->unknown) || (!before && !row->mark && row->born)))
			fail_msg("%s, %d: %s", row->what, before, o->damage ? o->damage : "nothing said");
		model_done(&first);
		model_done(&then);
		declaration_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),    cmocka_unit_test(test_sign),         cmocka_unit_test(test_mac),
		cmocka_unit_test(test_resolve), cmocka_unit_test(test_tried),        cmocka_unit_test(test_kernels_own),
		cmocka_unit_test(test_seen),    cmocka_unit_test(test_seen_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
