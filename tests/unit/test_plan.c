/* SPDX-License-Identifier: MIT */
/* test_plan.c - plans as text, one case a folder of tests/plan; and, for random pairs
 * of topologies, that plans run, lead there, and back again from every step.
 * SEED=N runs that seed first, ROUNDS=N so many; UPDATE=1 writes the texts anew. */
#include "change.h"
#include "generator.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TOPOLOGY "lab-1"
enum { CHANGES = 3 }; /* of one chain, and one to nothing */

static char *file_read(const char *path)
{
	_cleanup_(fclosep)
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (f && getdelim(&text, &size, '\0', f) < 0)
		text[0] = '\0';
	return text;
}

static void topology_read(const char *folder, const char *name, struct topology *ret)
{
	_cleanup_(freep)
	char *text = NULL;
	struct problems p = { 0 };
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	text = file_read(path);
	if (load_text(text ? text : "{}", text ? strlen(text) : 2, &all_kinds, ret, &p) < 0)
		fail_msg("%s:%u: %s: %s", path, p.v[0].where.line, p.v[0].where.pointer, p.v[0].message);
	problems_done(&p);
}

static void compare_text(const char *folder, const char *text)
{
	_cleanup_(freep)
	char *expected = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/plan.txt", folder);
	if (getenv("UPDATE")) {
		_cleanup_(fclosep)
		FILE *f = must(fopen(path, "we"));

		fputs(text, f);
		return;
	}
	expected = file_read(path);
	if (!expected || strcmp(expected, text))
		fail_msg("%s: expected\n%sbut the plan is\n%s", path, expected ? expected : "", text);
}

/* From @last to @desired on the kernel; the text of the plan goes to @ret_text. */
static void golden_change(struct fake *kernel, struct model *desired, struct model *last, struct model *saved,
			  char **ret_text)
{
	struct change c;

	if (change_plan(&c, kernel, desired, last, saved) < 0)
		fail_msg("%s", c.problems.v[0].message);
	*ret_text = change_text(&c.plan);
	kernel->noted = &c.noted;
	change_write_down(&c);
	if (change_run(&c, 0) < 0)
		fail_msg("the fake kernel refused a step of\n%s", *ret_text);
	assert_int_equal(change_commit(&c), 0);
	*saved = c.saved;
	c.saved = (struct model){ 0 };
	change_done(&c);
}

static void test_golden(void **state)
{
	_cleanup_(freep)
	char *made = NULL, *text = NULL;
	struct model memory, nothing, saved;
	struct topology before, last, after;
	const char *folder = *state;
	struct fake kernel;

	model_init(&memory, &all_kinds);
	model_init(&nothing, &all_kinds);
	model_init(&saved, &all_kinds);
	fake_init(&kernel, &memory, TOPOLOGY);
	topology_read(folder, "before.json", &before);
	topology_read(folder, "before.json", &last);
	topology_read(folder, "after.json", &after);
	golden_change(&kernel, &before.model, &nothing, &saved, &made);
	golden_change(&kernel, &after.model, &last.model, &saved, &text);
	compare_text(folder, text);
	topology_done(&before);
	topology_done(&last);
	topology_done(&after);
	fake_done(&kernel);
	model_done(&nothing);
	model_done(&saved);
	model_done(&memory);
}

static int is_case(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static size_t golden_cases(struct CMUnitTest **ret, struct arena *names)
{
	char *root = arena_fmt(names, "%.*s../plan", (int)(strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__);
	struct dirent **v;
	int n = scandir(root, &v, is_case, alphasort);

	if (n < 0)
		n = 0;
	*ret = must(calloc((size_t)n + 8, sizeof(**ret)));
	for (int i = 0; i < n; i++) {
		(*ret)[i] = (struct CMUnitTest){
			.name = arena_fmt(names, "plan %s", v[i]->d_name),
			.test_func = test_golden,
			.initial_state = arena_fmt(names, "%s/%s", root, v[i]->d_name),
		};
		free(v[i]);
	}
	if (n > 0)
		free(v);
	return (size_t)n;
}

/* A chain of topologies, each from the one before, and the kernel they are in. */
struct chain {
	uint64_t seed;
	struct fake kernel;
	struct model memory, saved;
	struct topology loaded[2 * (CHANGES + 1)]; /* the kernel's objects refer to them */
	size_t n_loaded;
	struct json_object *json; /* of what is up; NULL: nothing */
	struct json_object *next; /* of what is to be up */
	bool drifted;             /* what is there is not what was applied */
	size_t steps;
};

static void complain(const struct chain *h, const struct change *c, const char *what, size_t step)
{
	_cleanup_(freep)
	char *text = change_text(&c->plan);
	struct arena a = { 0 };
	struct step s = { .action = "", .kind = "", .object = "", .detail = "" };

	if (c->refused)
		plan_step(c->refused, &a, &s);
	fprintf(stderr, "SEED=%llu step %zu: %s: %s %s %s %s\n", (unsigned long long)h->seed, step, what, s.action,
		s.kind, s.object, s.detail);
	fprintf(stderr, "from %s\n", h->json ? json_object_to_json_string(h->json) : "nothing");
	fprintf(stderr, "to %s\n", h->next ? json_object_to_json_string(h->next) : "nothing");
	fprintf(stderr, "plan%s:\n%s%s\n", h->drifted ? " after a drift" : "", text,
		c->problems.n ? c->problems.v[0].message : "");
	arena_done(&a);
	fail_msg("%s", what);
}

/* Step @at fails; some of those after it in its namespace may have been in the same batch. */
static void break_at(const struct chain *h, const struct change *c, const struct fake *first, size_t at)
{
	const struct generator d = { .seed = h->seed, .change = 100 };
	size_t more = generator_roll(&d, 4, "more %zu", at);
	struct change back;
	struct fake kernel, before;
	struct model memory;
	const char *what;
	int r;

	model_init(&memory, &all_kinds);
	fake_copy(&kernel, c->kernel, &memory);
	fake_copy(&before, first, &memory);
	for (size_t i = at + 1; i < c->plan.n && i <= at + more; i++) {
		const struct op *one = &c->plan.ops[at], *op = &c->plan.ops[i];

		if (strcmp((op->after ? op->after : op->before)->netns,
			   (one->after ? one->after : one->before)->netns) ||
		    fake_step(&kernel, &c->plan, op) < 0)
			break;
	}
	if (generator_roll(&d, 2, "intrudes %zu", at))
		change_intrude(c, &kernel, &before, generator_roll(&d, 1000, "intrudes beside %zu", at));
	r = change_back(c, &kernel, !h->drifted && generator_roll(&d, 2, "crash %zu", at), &back);
	if (r < 0)
		complain(h, &back, strerror(-r), at);
	what = fake_diff(&before, &kernel, &memory.arena);
	if (what)
		complain(h, c, what, at);
	change_done(&back);
	fake_done(&before);
	fake_done(&kernel);
	model_done(&memory);
}

static void check_owners(const struct chain *h, const struct change *c)
{
	for (size_t i = 0; i < c->plan.n; i++) {
		const struct op *op = &c->plan.ops[i];

		if (op->before && op->before->owner != OWNER_OURS && !(op->after && op->after->managed))
			complain(h, c, "touches what is not ours", i);
	}
}

/* The changes of one pair: every step, and a way back from each. */
static void run_change(struct chain *h, struct change *c)
{
	struct model memory;
	struct fake first;
	int r = 0;

	model_init(&memory, &all_kinds);
	fake_copy(&first, &h->kernel, &memory);
	h->kernel.noted = &c->noted;
	check_owners(h, c);
	change_write_down(c);
	for (size_t i = 0; i < c->plan.n && r == 0; i++) {
		break_at(h, c, &first, i);
		r = fake_step(&h->kernel, &c->plan, &c->plan.ops[i]);
		c->refused = &c->plan.ops[i];
		if (r < 0 && (c->plan.ops[i].after || (r != -ESRCH && r != -EADDRNOTAVAIL)))
			complain(h, c, strerror(-r), i);
		r = 0;
		h->steps++;
	}
	r = change_run(c, c->plan.n);
	if (r < 0)
		complain(h, c, strerror(-r), c->plan.n);
	break_at(h, c, &first, c->plan.n);
	r = change_commit(c);
	if (r < 0)
		complain(h, c, r == -EBUSY ? "a cable leads from a namespace that goes" : strerror(-r), c->plan.n);
	h->kernel.noted = NULL;
	fake_done(&first);
	model_done(&memory);
}

static void load(const struct chain *h, struct json_object *json, struct topology *ret)
{
	struct problems p = { 0 };

	if (!json)
		model_init(&ret->model, &all_kinds);
	else if (load_json(json, &all_kinds, ret, &p) < 0)
		fail_msg("SEED=%llu %s: %s\n%s", (unsigned long long)h->seed, p.v[0].where.pointer, p.v[0].message,
			 json_object_to_json_string(json));
	problems_done(&p);
}

/* From what is up to @json, which is taken. */
static void chain_to(struct chain *h, struct json_object *json)
{
	struct topology *desired = &h->loaded[h->n_loaded++], *last = &h->loaded[h->n_loaded++];
	struct change c;

	h->next = json;
	load(h, json, desired);
	load(h, h->json, last);
	if (change_plan(&c, &h->kernel, &desired->model, &last->model, &h->saved) < 0)
		complain(h, &c, "is refused", 0);
	run_change(h, &c);
	h->saved = c.saved;
	c.saved = (struct model){ 0 };
	change_done(&c);
	json_object_put(h->json);
	h->json = json;
	h->drifted = false;
}

/* Other programs' things, in namespaces of ours. */
static void sprinkle(struct chain *h)
{
	static const char *const names[] = { "a", "c" };
	char id[32];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(id, sizeof(id), "netns %s", names[i]);
		if (!fake_find(&h->kernel, id))
			continue;
		fake_add(&h->kernel, &kind_bridge, names[i], "x0", "up", "true", NULL);
		fake_add(&h->kernel, &kind_address, names[i], "x0", "address", "\"198.51.100.1/24\"", NULL);
	}
}

/* Somebody takes away a thing of ours. */
static void drift(struct chain *h, const struct generator *d)
{
	struct fake *k = &h->kernel;
	unsigned at = generator_roll(d, (unsigned)k->n, "drift");

	for (size_t i = 0; i < k->n; i++) {
		const struct object *o = k->v[(i + at) % k->n].o;

		if (!o->sign.hash || is_loopback(o->name) || !strcmp(o->kind->class, "netns"))
			continue;
		fake_remove(k, o->id);
		h->drifted = true;
		return;
	}
}

static void chain_init(struct chain *h, uint64_t seed)
{
	*h = (struct chain){ .seed = seed };
	model_init(&h->memory, &all_kinds);
	model_init(&h->saved, &all_kinds);
	fake_init(&h->kernel, &h->memory, TOPOLOGY);
	fake_add(&h->kernel, &kind_bridge, "host", "x1", "up", "true", NULL);
	fake_add(&h->kernel, &kind_address, "host", "eth0", "address", "\"198.51.100.7/24\"", NULL);
	fake_add(&h->kernel, &kind_netns, "x2", NULL, NULL);
	fake_add(&h->kernel, &kind_interface, "x2", "lo", "up", "true", NULL);
}

static void chain_done(struct chain *h)
{
	for (size_t i = 0; i < h->n_loaded; i++)
		topology_done(&h->loaded[i]);
	fake_done(&h->kernel);
	model_done(&h->saved);
	model_done(&h->memory);
	json_object_put(h->json);
}

/* Nothing, three topologies, nothing; returns the number of steps. */
static size_t chain_walk(uint64_t seed)
{
	struct generator d = { .seed = seed, .other = seed, .change = 100 };
	const struct generator rolls = d;
	struct model memory;
	struct fake first;
	struct chain h;
	const char *what;
	size_t steps;

	chain_init(&h, seed);
	model_init(&memory, &all_kinds);
	fake_copy(&first, &h.kernel, &memory);
	for (unsigned i = 0; i < CHANGES; i++) {
		chain_to(&h, generate(&d));
		d.other = d.change == 100 ? d.seed : d.other;
		d.seed += 1000003;
		d.change = 5 + generator_roll(&rolls, 70, "change %u", i);
		if (i == 0)
			sprinkle(&h);
		if (generator_roll(&rolls, 3, "drifts %u", i) == 0)
			drift(&h, &d);
	}
	chain_to(&h, NULL);
	what = fake_diff(&first, &h.kernel, &memory.arena);
	if (what || h.saved.n)
		fail_msg("SEED=%llu is not as it was at first: %s", (unsigned long long)seed,
			 what ? what : "originals");
	steps = h.steps;
	chain_done(&h);
	fake_done(&first);
	model_done(&memory);
	return steps;
}

static uint64_t number(const char *name, uint64_t usual)
{
	const char *s = getenv(name);

	return s ? strtoull(s, NULL, 0) : usual;
}

static void test_random(_unused_ void **state)
{
	uint64_t seed = number("SEED", 1), rounds = number("ROUNDS", 2000 / (CHANGES + 1) + 1);
	size_t steps = 0;

	for (uint64_t i = 0; i < rounds; i++)
		steps += chain_walk(seed + i);
	print_message("# %llu pairs, %zu steps, a way back from each\n", (unsigned long long)rounds * (CHANGES + 1),
		      steps);
}

/* Somebody else's object in the place of one that is wanted is named, and left alone. */
static void conflict(const struct kind *kind, const char *name, const char *says)
{
	static const char text[] =
		"{\"host\": {\"interfaces\": {\"v0\": {\"addresses\": [\"10.0.0.1/24\"]}},"
		"\"routes\": [{\"to\": \"10.5.0.0/16\", \"dev\": \"v0\"}]},\"namespaces\": {\"a\": {\"interfaces\": {\"v1\": {\"kind\": \"veth\", \"peer\": \"host/v0\"}}}}}";
	struct model memory, nothing, saved;
	struct problems p = { 0 };
	struct topology t;
	struct fake kernel;
	struct change c;

	model_init(&memory, &all_kinds);
	model_init(&nothing, &all_kinds);
	model_init(&saved, &all_kinds);
	fake_init(&kernel, &memory, TOPOLOGY);
	assert_int_equal(load_text(text, strlen(text), &all_kinds, &t, &p), 0);
	for (size_t i = 0; i < t.model.n && kind == &kind_route; i++)
		if (t.model.objects[i]->kind == kind)
			fake_intrude(&kernel, t.model.objects[i]);
	if (kind != &kind_route)
		fake_add(&kernel, kind, name ? "host" : "a", name, NULL);
	assert_int_equal(change_plan(&c, &kernel, &t.model, &nothing, &saved), -EEXIST);
	assert_string_equal(c.problems.v[0].message, says);
	change_done(&c);
	topology_done(&t);
	fake_done(&kernel);
	model_done(&saved);
	model_done(&nothing);
	model_done(&memory);
}

static void test_conflict(_unused_ void **state)
{
	conflict(&kind_bridge, "v0",
		 "link host/v0 is there already and belongs to another program; netnsd leaves it alone");
	conflict(&kind_veth, "v0",
		 "link host/v0 is there already and belongs to another program; netnsd leaves it alone");
	conflict(&kind_netns, NULL,
		 "namespace a is there already and belongs to another program; netnsd leaves it alone");
	conflict(&kind_route, NULL,
		 "route host 10.5.0.0/16: a route of proto dhcp is there already, and netnsd leaves it alone; say another \"metric\"");
}

int main(void)
{
	struct arena names = { 0 };
	struct CMUnitTest *tests;
	size_t n = golden_cases(&tests, &names);
	int r;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_conflict);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_random);
	r = _cmocka_run_group_tests("plan", tests, n, NULL, NULL);
	free(tests);
	arena_done(&names);
	return r;
}
