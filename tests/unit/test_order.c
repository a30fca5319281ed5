/* SPDX-License-Identifier: MIT */
/* test_order.c - what is shown comes in the order of the file, and what no file declares stays where it is. */
#include "loading.h"
#include "format/export.h"
#include "model/order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define DECLARED                                                                                   \
	"{\"version\": 1, \"namespaces\": {"                                                       \
	"\"zz\": {\"interfaces\": {\"z0\": {\"kind\": \"dummy\"}, \"a0\": {\"kind\": \"dummy\"}, " \
	"\"m0\": {\"kind\": \"dummy\"}}}, \"aa\": {}, \"mm\": {}}}"

/* As the kernel has it after z0 was healed, and somebody added x0 and the namespace kk. */
#define OBSERVED                                                                                           \
	"{\"version\": 1, \"namespaces\": {\"aa\": {}, \"kk\": {}, \"mm\": {}, \"zz\": {\"interfaces\": {" \
	"\"lo\": {\"mtu\": 65000}, \"a0\": {\"kind\": \"dummy\"}, "                                        \
	"\"x0\": {\"kind\": \"dummy\"}, \"m0\": {\"kind\": \"dummy\"}, \"z0\": {\"kind\": \"dummy\", \"addresses\": [\"10.0.0.1/24\"]}}}}}"

struct two {
	struct declaration declared, observed;
	struct object *netns[8];
	size_t n;
	char text[512];
};

static void two_init(struct two *t, const char *declared, const char *observed)
{
	*t = (struct two){ 0 };
	t->declared = loading_accepted(&all_kinds, declared);
	t->observed = loading_accepted(&all_kinds, observed);
	model_link(&t->observed.model);
	for (size_t i = 0; i < t->observed.model.n; i++)
		if (object_is(t->observed.model.objects[i], "netns"))
			t->netns[t->n++] = t->observed.model.objects[i];
}

static void two_done(struct two *t)
{
	declaration_done(&t->declared);
	declaration_done(&t->observed);
}

static const char *names(struct two *t)
{
	t->text[0] = '\0';
	for (size_t i = 0; i < t->n; i++)
		snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text), "%s%s", i ? " " : "",
			 t->netns[i]->netns);
	return t->text;
}

static const char *chain(struct two *t, const char *netns)
{
	const struct object *in = model_netns(&t->observed.model, netns);

	t->text[0] = '\0';
	for (const struct object *o = in->first; o; o = o->next)
		if (o->name)
			snprintf(t->text + strlen(t->text), sizeof(t->text) - strlen(t->text), "%s%s%s",
				 t->text[0] ? " " : "", object_is(o, "link") ? "" : "@", o->name);
	return t->text;
}

static void test_namespaces(_unused_ void **state)
{
	struct two t;

	two_init(&t, DECLARED, OBSERVED);
	assert_string_equal(names(&t), "aa kk mm zz host");
	order_objects(t.netns, t.n, order_declared, &t.declared.model);
	assert_string_equal(names(&t), "host kk zz aa mm");
	/* Once more, nothing changes. */
	order_objects(t.netns, t.n, order_declared, &t.declared.model);
	assert_string_equal(names(&t), "host kk zz aa mm");
	two_done(&t);
}

static void test_links(_unused_ void **state)
{
	struct two t;

	two_init(&t, DECLARED, OBSERVED);
	assert_string_equal(chain(&t, "zz"), "lo a0 x0 m0 z0 @z0");
	order_links(model_netns(&t.observed.model, "zz"), order_declared, &t.declared.model);
	/* lo, x0 and what is no interface are where they were. */
	assert_string_equal(chain(&t, "zz"), "lo z0 x0 a0 m0 @z0");
	order_links(model_netns(&t.observed.model, "aa"), order_declared, &t.declared.model);
	assert_string_equal(chain(&t, "aa"), "lo");
	two_done(&t);
}

/* The loopback is implied, unless the file says something of it. */
static void test_loopback(_unused_ void **state)
{
	static const struct {
		const char *lo, *chain;
	} cases[] = {
		{ "", "lo a0 x0 m0 z0 @z0" },
		{ ", \"lo\": {\"up\": true}", "lo a0 x0 m0 z0 @z0" },
		{ ", \"lo\": {\"mtu\": 65000}", "a0 lo x0 m0 z0 @z0" },
		{ ", \"lo\": {\"addresses\": [\"10.0.0.9/32\"]}", "a0 lo x0 m0 z0 @z0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char declared[256];
		struct two t;

		snprintf(
			declared, sizeof(declared),
			"{\"version\": 1, \"namespaces\": {\"zz\": {\"interfaces\": {\"a0\": {\"kind\": \"dummy\"}%s}}}}",
			cases[i].lo);
		two_init(&t, declared, OBSERVED);
		order_links(model_netns(&t.observed.model, "zz"), order_declared, &t.declared.model);
		assert_string_equal(chain(&t, "zz"), cases[i].chain);
		two_done(&t);
	}
}

/* A record has the order of the file, so that it is the same after a restart. */
static void test_record(_unused_ void **state)
{
	struct two t;
	struct json_object *saved;
	struct model restored;
	struct err e;

	two_init(&t, DECLARED, OBSERVED);
	saved = model_save(&t.declared.model);
	model_init(&restored, &all_kinds);
	assert_int_equal(model_restore(&restored, saved, &e), 0);
	order_objects(t.netns, t.n, order_declared, &restored);
	assert_string_equal(names(&t), "host kk zz aa mm");
	order_links(model_netns(&t.observed.model, "zz"), order_declared, &restored);
	assert_string_equal(chain(&t, "zz"), "lo z0 x0 a0 m0 @z0");
	model_done(&restored);
	json_object_put(saved);
	two_done(&t);
}

static void test_nothing_declared(_unused_ void **state)
{
	struct two t;

	two_init(&t, "{\"version\": 1}", OBSERVED);
	order_objects(t.netns, t.n, order_declared, &t.declared.model);
	order_links(model_netns(&t.observed.model, "zz"), order_declared, &t.declared.model);
	assert_string_equal(names(&t), "aa kk mm zz host");
	assert_string_equal(chain(&t, "zz"), "lo a0 x0 m0 z0 @z0");
	two_done(&t);
}

static void export(struct two *t, const char *expected)
{
	struct unsaid u = { 0 };
	const struct export x = { .observed = &t->observed.model, .unsaid = &u };
	struct json_object *topology = export_begin();

	order_objects(t->netns, t->n, order_declared, &t->declared.model);
	for (size_t i = 0; i < t->n; i++)
		order_links(t->netns[i], order_declared, &t->declared.model);
	for (size_t i = 0; i < t->n; i++)
		for (struct object *at = t->netns[i]; at;)
			export_add(&x, topology, &at, 1);
	export_order(topology, t->netns, t->n);
	assert_string_equal(json_object_to_json_string_ext(topology, JSON_C_TO_STRING_NOSLASHESCAPE), expected);
	json_object_put(topology);
	unsaid_done(&u);
}

static void test_export(_unused_ void **state)
{
	struct two t;

	two_init(&t, DECLARED, OBSERVED);
	export(&t,
	       "{\"namespaces\":{\"kk\":{},\"zz\":{\"interfaces\":{\"lo\":{\"mtu\":65000},\"z0\":{\"kind\":\"dummy\",\"addresses\":[\"10.0.0.1/24\"]},"
	       "\"x0\":{\"kind\":\"dummy\"},\"a0\":{\"kind\":\"dummy\"},"
	       "\"m0\":{\"kind\":\"dummy\"}}},\"aa\":{},\"mm\":{}}}");
	two_done(&t);
}

/* The VLAN link v0 refers to e1 of the host, which exists already, before the turn of e1 has come. */
static void test_export_referred(_unused_ void **state)
{
#define HOST                                                                                                         \
	"{\"version\": 1, \"host\": {\"interfaces\": {%s\"v0\": {\"kind\": \"vlan\", \"id\": 5, \"link\": \"e1\"}, " \
	"\"e1\": {}, \"d0\": {\"kind\": \"dummy\"}}}}"
	char text[512];
	struct two t;

	snprintf(text, sizeof(text), HOST, "\"e0\": {\"mtu\": 1400}, ");
	two_init(&t, text, text);
	export(&t,
	       "{\"host\":{\"interfaces\":{\"e0\":{\"mtu\":1400},\"v0\":{\"kind\":\"vlan\",\"link\":\"e1\",\"id\":5},"
	       "\"e1\":{},\"d0\":{\"kind\":\"dummy\"}}}}");
	two_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_namespaces),       cmocka_unit_test(test_links),
		cmocka_unit_test(test_loopback),         cmocka_unit_test(test_record),
		cmocka_unit_test(test_nothing_declared), cmocka_unit_test(test_export),
		cmocka_unit_test(test_export_referred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
