/* SPDX-License-Identifier: MIT */
/* test_scope.c - what a heal observes: what events were about, in order, once, and not more at a time than is
 * bearable. */
#include "heal/scope.h"
#include "toy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { NAMESPACES = 20, LINKS = 40 };

/* A topology with many namespaces, each with many links; in those with an even number links are observed one by one. */
struct fixture {
	struct model model;
	struct topology *m;
	struct scope scope;
};

static int setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));
	char netns[16], link[16];

	model_init(&f->model, &toy_kinds);
	f->m = must(calloc(1, sizeof(*f->m)));
	f->m->n_watched = NAMESPACES;
	f->m->watched = must(calloc(NAMESPACES, sizeof(*f->m->watched)));
	for (unsigned i = 0; i < NAMESPACES; i++) {
		struct watched *k = &f->m->watched[i];

		snprintf(netns, sizeof(netns), "n%02u", i);
		*k = (struct watched){ .topology = f->m, .fd = -1, .by_link = i % 2 == 0, .n_links = LINKS };
		memcpy(k->name, netns, sizeof(netns));
		k->links = must(calloc(LINKS, sizeof(*k->links)));
		for (unsigned n = 0; n < LINKS; n++) {
			snprintf(link, sizeof(link), "l%u", n);
			k->links[n] = object_new(&f->model, kinds_find(&toy_kinds, "link", "switch"), netns, link);
			assert_int_equal(model_add(&f->model, k->links[n], NULL), 0);
		}
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	scope_done(&f->scope);
	for (size_t i = 0; i < NAMESPACES; i++) {
		watched_clear(&f->m->watched[i]);
		free(f->m->watched[i].links);
	}
	free(f->m->watched);
	free(f->m);
	model_done(&f->model);
	free(f);
	return 0;
}

static void take(struct fixture *f)
{
	scope_done(&f->scope);
	scope_take(&f->scope, NULL, f->m);
}

/* "n00 all, n02 a b": the parts, each with its links. */
static const char *text(const struct fixture *f)
{
	static char ret[4096];
	size_t n = 0;

	*ret = '\0';
	for (size_t i = 0; i < f->scope.n; i++) {
		const struct scope_part *part = &f->scope.parts[i];

		n += (size_t)snprintf(ret + n, sizeof(ret) - n, "%s%s%s", i ? ", " : "", part->watched->name,
				      part->all ? " all" : "");
		for (size_t l = 0; l < part->n; l++)
			n += (size_t)snprintf(ret + n, sizeof(ret) - n, " %s", part->only[l]);
		/* A list of names ends with a NULL. */
		assert_true(!part->n || !part->only[part->n]);
	}
	return ret;
}

static void test_nothing(void **state)
{
	struct fixture *f = *state;

	take(f);
	assert_string_equal(text(f), "");
	assert_null(scope_find(&f->scope, "n00"));
}

static void test_what_was_heard(void **state)
{
	struct fixture *f = *state;
	struct watched *k = f->m->watched;

	watched_mark(&k[4], "l3");
	watched_mark(&k[4], "strange");
	watched_mark(&k[4], "l3");
	watched_mark(&k[2], NULL);
	watched_mark(&k[1], "l0");
	strcpy(k[4].by, "pid 7 (ip)");
	strcpy(k[2].by, "pid 7 (ip)");
	k[2].several = true;
	k[4].unrouted = true;
	k[2].crowded = true;
	take(f);
	/* Observing all links at once is cheap. */
	assert_string_equal(text(f), "n01 all, n02, n04 l3 strange");
	assert_string_equal(scope_find(&f->scope, "n04")->by, "pid 7 (ip)");
	assert_string_equal(scope_find(&f->scope, "n02")->by, "");
	assert_true(scope_find(&f->scope, "n04")->unrouted);
	assert_false(scope_find(&f->scope, "n04")->crowded);
	assert_true(scope_find(&f->scope, "n02")->crowded);
	assert_null(scope_find(&f->scope, "n03"));
	/* Taken once. */
	assert_false(watched_is_marked(f->m));
	assert_int_equal(k[4].n_names, 0);
	assert_string_equal(k[4].by, "");
	take(f);
	assert_string_equal(text(f), "");
}

static void test_all_links(void **state)
{
	struct fixture *f = *state;
	struct scope_part *part;

	f->m->watched[0].dirty = f->m->watched[0].all = true;
	f->m->watched[3].dirty = f->m->watched[3].all = true;
	take(f);
	part = scope_find(&f->scope, "n00");
	assert_false(part->all);
	assert_int_equal(part->n, LINKS);
	assert_string_equal(part->only[LINKS - 1], "l39");
	assert_true(scope_find(&f->scope, "n03")->all);
}

/* Events go before an audit, which has time; what could not be healed goes along with either. */
static void test_order(void **state)
{
	struct fixture *f = *state;
	struct watched *k = f->m->watched;

	k[1].due = k[3].due = k[5].due = true;
	k[7].retry = true;
	watched_mark(&k[9], NULL);
	take(f);
	assert_string_equal(text(f), "n07 all, n09 all");
	assert_true(watched_is_marked(f->m));
	k[7].retry = true;
	take(f);
	assert_string_equal(text(f), "n01 all, n03 all, n05 all, n07 all");
	assert_false(watched_is_marked(f->m));
	/* Alone it is no reason to observe. */
	k[7].retry = true;
	assert_false(watched_is_marked(f->m));
}

static void test_not_too_much_at_once(void **state)
{
	struct fixture *f = *state;

	watched_mark_all(f->m);
	f->m->watched[19].retry = true;
	take(f);
	assert_int_equal(f->scope.n, 16);
	assert_string_equal(f->scope.parts[15].watched->name, "n15");
	assert_true(f->m->watched[19].retry);
	take(f);
	assert_int_equal(f->scope.n, 4);
	assert_non_null(scope_find(&f->scope, "n19"));
	take(f);
	assert_int_equal(f->scope.n, 0);
}

static const struct object *object_at_place(struct fixture *f, const char *netns, const char *link)
{
	return object_new(&f->model, kinds_find(&toy_kinds, "link", "switch"), netns, link);
}

static void test_widened(void **state)
{
	struct fixture *f = *state;
	const struct object *netns = object_new(&f->model, kinds_find(&toy_kinds, "netns", "namespace"), "n04", NULL);

	watched_mark(&f->m->watched[4], "l1");
	take(f);
	assert_false(scope_add(&f->scope, object_at_place(f, "n04", "l1"), false));
	assert_true(scope_add(&f->scope, object_at_place(f, "n04", "l2"), false));
	assert_false(scope_add(&f->scope, object_at_place(f, "n04", "l2"), false));
	assert_true(scope_add(&f->scope, object_at_place(f, "n02", "x"), false));
	assert_true(scope_add(&f->scope, object_at_place(f, "n05", "x"), false));
	assert_false(scope_add(&f->scope, object_at_place(f, "n05", "y"), false));
	assert_string_equal(text(f), "n02 x, n04 l1 l2, n05 all");
	/* The namespace itself is in with any of its links. */
	assert_false(scope_add(&f->scope, netns, false));
	/* Not ours to watch. */
	assert_false(scope_add(&f->scope, object_at_place(f, "elsewhere", "l1"), true));
	assert_true(scope_add(&f->scope, netns, true));
	assert_false(scope_add(&f->scope, netns, true));
	/* Each once, including those that were in already. */
	assert_int_equal(scope_find(&f->scope, "n04")->n, LINKS);
	for (size_t i = 0; i < LINKS; i++)
		for (size_t n = 0; n < i; n++)
			assert_string_not_equal(scope_find(&f->scope, "n04")->only[i],
						scope_find(&f->scope, "n04")->only[n]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_heard, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_too_much_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_widened, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
