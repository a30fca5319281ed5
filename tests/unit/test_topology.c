/* SPDX-License-Identifier: MIT */
/* test_topology.c - the stored model of a topology equals what loading its JSON again would give, and
 * a change starts from it without reading any JSON. */
#include "generator.h"
#include "heal/watched.h"
#include "model/kind.h"
#include "model/model.h"
#include "topology/topology.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { TOPOLOGIES = 300 };

static struct env env = { .kinds = &all_kinds };

static struct json_text *generated(uint64_t seed)
{
	struct json_object *json = generate(&(struct generator){ .seed = seed });
	struct json_text *text = json_text_new(json);

	json_object_put(json);
	return text;
}

static void declaration_load(const struct json_text *json, struct declaration *ret)
{
	struct err e;

	if (topology_load(&env, json, NULL, ret, &e) < 0)
		fail_msg("%s", e.text);
}

/* A topology that is up, as the last change has left it: some fields revert, the kernel's numbers are known. */
static struct topology *topology_up(struct json_text *json)
{
	struct topology *t = topology_need(&env, "lab");
	struct netns_set none = { 0 };
	struct declaration d;

	declaration_load(json, &d);
	for (size_t i = 0; i < d.model.n; i++) {
		struct object *o = d.model.objects[i];

		o->handle = 7;
		for (size_t f = 0; f < o->kind->n_fields; f++)
			o->set |= o->kind->fields[f].kernel_default ? UINT64_C(1) << f : 0;
	}
	model_add(&d.model, object_new(&d.model, kinds_find(&all_kinds, "netns", NULL), "returns", NULL), NULL);
	watched_take(&env, t, &d.model, &none, false);
	t->json = json_text_get(json);
	return t;
}

static void topology_down(struct topology *t)
{
	watched_done(&env, t);
	topology_drop(&env, t->name);
}

static void same_object(const struct object *a, const struct object *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->hash, b->hash);
	assert_ptr_equal(a->kind, b->kind);
	assert_int_equal(a->set, b->set);
	assert_int_equal(a->declared, b->declared);
	assert_int_equal(object_diff(a, b), 0);
	assert_int_equal(object_diff(b, a), 0);
	assert_int_equal(a->handle, b->handle);
	assert_true(a->managed == b->managed && a->listed == b->listed);
	assert_int_equal(!a->where.pointer, !b->where.pointer);
	if (a->where.pointer)
		assert_string_equal(a->where.pointer, b->where.pointer);
}

static void test_declared(_unused_ void **state)
{
	for (uint64_t seed = 1; seed <= TOPOLOGIES; seed++) {
		struct json_text *json = generated(seed);
		struct topology *t = topology_up(json);
		struct declaration loaded, kept;
		struct err e;

		declaration_load(json, &loaded);
		assert_int_equal(topology_declared(&env, t, &kept, &e), 0);
		assert_int_equal(loaded.model.n, kept.model.n);
		for (size_t i = 0; i < loaded.model.n; i++) {
			same_object(loaded.model.objects[i], kept.model.objects[i]);
			assert_ptr_equal(model_find(&kept.model, loaded.model.objects[i]->id), kept.model.objects[i]);
		}
		declaration_done(&loaded);
		/* It outlives the topology. */
		topology_down(t);
		for (size_t i = 0; i < kept.model.n; i++)
			assert_true(!kept.model.objects[i]->where.pointer ||
				    *kept.model.objects[i]->where.pointer == '/');
		declaration_done(&kept);
		json_text_put(json);
	}
}

/* The JSON is not read: it may contain anything. */
static void test_no_json(_unused_ void **state)
{
	struct json_object *wrong = json_tokener_parse("{\"no\": 1}");
	struct json_text *json = generated(1);
	struct topology *t = topology_up(json);
	struct declaration d;
	struct err e;

	json_text_put(t->json);
	t->json = json_text_new(wrong);
	json_object_put(wrong);
	assert_int_equal(topology_declared(&env, t, &d, &e), 0);
	declaration_done(&d);
	watched_done(&env, t);
	assert_int_equal(topology_declared(&env, t, &d, &e), -EINVAL);
	topology_drop(&env, t->name);
	json_text_put(json);
}

static void test_declares(_unused_ void **state)
{
	static const struct {
		const char *json, *netns;
		bool declares;
	} cases[] = {
		{ "{\"namespaces\": {\"ns1\": {}, \"ns2\": {}}}", "ns2", true },
		{ "{\"namespaces\": {\"ns1\": {}, \"ns2\": {}}}", "ns", false },
		{ "{\"namespaces\": {\"ns1\": {\"interfaces\": {\"ns3\": {\"kind\": \"dummy\"}}}}}", "ns3", false },
		{ "{\"description\": \"host\"}", "host", false },
		{ "{\"host\": {}}", "host", true },
		{ "{\"host\": {}}", "ns1", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json_object *json = json_tokener_parse(cases[i].json);
		struct topology t = { .json = json_text_new(json) };

		if (topology_declares(&t, cases[i].netns) != cases[i].declares)
			fail_msg("case %zu", i);
		json_text_put(t.json);
		json_object_put(json);
	}
	assert_false(topology_declares(&(struct topology){ 0 }, "ns1"));
}

static int teardown(_unused_ void **state)
{
	free(env.topologies);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_declared),
		cmocka_unit_test(test_no_json),
		cmocka_unit_test(test_declares),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
