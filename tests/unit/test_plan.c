/* SPDX-License-Identifier: MIT */
/* test_plan.c - plans as text, one case per folder of tests/plan, executed on the fake kernel.
 * UPDATE=1 rewrites the texts. */
#include "fake_machine.h"
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TOPOLOGY "lab-1"

static char *file_read(const char *path)
{
	_cleanup_(fclosep) FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (f && getdelim(&text, &size, '\0', f) < 0)
		text[0] = '\0';
	return text;
}

static void compare_text(const char *folder, const char *text)
{
	_cleanup_(freep) char *expected = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/plan.txt", folder);
	if (getenv("UPDATE")) {
		_cleanup_(fclosep) FILE *f = must(fopen(path, "we"));

		fputs(text, f);
		return;
	}
	expected = file_read(path);
	if (!expected || strcmp(expected, text))
		fail_msg("%s: expected\n%sbut the plan is\n%s", path, expected ? expected : "", text);
}

static struct json_object *json_read(const char *folder, const char *name)
{
	_cleanup_(freep) char *text = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	text = file_read(path);
	return json_tokener_parse(text ? text : "{}");
}

/* From @last to @desired on the kernel; the text of the plan goes to @ret_text. */
static void golden_change(struct job *j, struct fake *kernel, struct json_object *desired, struct json_object *last,
			  struct model *saved, char **ret_text)
{
	struct fake_machine m;

	fake_machine_init(&m, kernel, saved);
	fake_job(j, &m, desired, last);
	fake_job_plan(j);
	*ret_text = fake_plan_text(&j->pass.plan);
	while (job_step(j))
		;
	if (j->result < 0)
		fail_msg("%s: of\n%s", j->problems.v[0].message, *ret_text);
	model_done(saved);
	*saved = m.saved;
	m.saved = (struct model){ 0 };
	fake_machine_done(&m);
}

static void test_golden(void **state)
{
	_cleanup_(freep) char *made = NULL, *text = NULL;
	const char *folder = *state;
	struct json_object *before = json_read(folder, "before.json"), *after = json_read(folder, "after.json");
	struct model memory, saved;
	struct job jobs[2]; /* the kernel's objects refer to their models */
	struct fake kernel;

	model_init(&memory, &all_kinds);
	model_init(&saved, &all_kinds);
	fake_init(&kernel, &memory, TOPOLOGY);
	golden_change(&jobs[0], &kernel, before, NULL, &saved, &made);
	golden_change(&jobs[1], &kernel, after, before, &saved, &text);
	compare_text(folder, text);
	fake_done(&kernel);
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		job_done(&jobs[i]);
	model_done(&saved);
	model_done(&memory);
	json_object_put(before);
	json_object_put(after);
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

/* An object of others in the place of a desired one is named, and left alone. */
static void conflict(const struct kind *kind, const char *name, const char *says)
{
	static const char text[] =
		"{\"host\": {\"interfaces\": {\"v0\": {\"addresses\": [\"10.0.0.1/24\"]}},"
		"\"routes\": [{\"to\": \"10.5.0.0/16\", \"dev\": \"v0\"}]},\"namespaces\": {\"a\": {\"interfaces\": {\"v1\": {\"kind\": \"veth\", \"peer\": \"host/v0\"}}}}}";
	struct json_object *json = json_tokener_parse(text);
	struct fake_machine m;
	struct model memory;
	struct fake kernel;
	struct job j;

	model_init(&memory, &all_kinds);
	fake_init(&kernel, &memory, TOPOLOGY);
	fake_machine_init(&m, &kernel, NULL);
	fake_job(&j, &m, json, NULL);
	for (size_t i = 0; i < j.desired.model.n && kind == &kind_route; i++)
		if (j.desired.model.objects[i]->kind == kind)
			fake_intrude(&kernel, j.desired.model.objects[i]);
	if (kind != &kind_route)
		fake_add(&kernel, kind, name ? "host" : "a", name, NULL);
	while (job_step(&j))
		;
	assert_int_equal(j.result, -EEXIST);
	assert_int_equal(j.outcome, OUTCOME_CONFLICT);
	assert_int_equal(m.steps, 0);
	assert_string_equal(j.problems.v[0].message, says);
	fake_done(&kernel);
	job_done(&j);
	fake_machine_done(&m);
	model_done(&memory);
	json_object_put(json);
}

static void test_conflict(_unused_ void **state)
{
	conflict(
		&kind_bridge, "v0",
		"link host/v0 already exists and belongs to another program; netnsd leaves it alone; netnsctl adopt takes it "
		"over if it is as declared, and netnsctl export shows how it is");
	conflict(
		&kind_veth, "v0",
		"link host/v0 already exists and belongs to another program; netnsd leaves it alone; netnsctl adopt takes it "
		"over if it is as declared, and netnsctl export shows how it is");
	conflict(
		&kind_netns, NULL,
		"namespace a already exists and belongs to another program; netnsd leaves it alone; netnsctl adopt takes it "
		"over if it is as declared, and netnsctl export shows how it is");
	conflict(
		&kind_route, NULL,
		"route host 10.5.0.0/16: a route of proto dhcp already exists, and netnsd leaves it alone; use another \"metric\"");
}

/* Creating the route that the kernel created with an address of ours, and that is gone, is a step
 * like any other, if it could exist at all; one for all addresses of a network. */
static void test_derive(_unused_ void **state)
{
	static const char text[] =
		"{\"host\": {\"interfaces\": {\"br0\": {\"kind\": \"bridge\", \"addresses\": [\"fd00::1/64\", \"fd00::2/64\"]}}}}";
	struct json_object *json = json_tokener_parse(text);
	struct model memory;
	struct fake_machine m;
	struct fake kernel;
	struct job made, j;
	struct object *link;

	model_init(&memory, &all_kinds);
	fake_init(&kernel, &memory, TOPOLOGY);
	fake_machine_init(&m, &kernel, NULL);
	fake_job(&made, &m, json, NULL);
	while (job_step(&made))
		;
	fake_job(&j, &m, json, json);
	assert_int_equal(job_plan(&j), 0);
	assert_int_equal(j.pass.plan.n, 0);
	link = model_find(&j.pass.observed, "link host/br0");
	for (size_t i = 0; i < j.pass.observed.n; i++)
		if (j.pass.observed.objects[i]->kind == &kind_address)
			((struct address *)j.pass.observed.objects[i])->missing[0] = true;
	for (int up = 0; up <= 1; up++) {
		_cleanup_(freep) char *plan = NULL;

		((struct link *)link)->up = up;
		plan_done(&j.pass.plan);
		assert_int_equal(pass_plan(&j.pass), 0);
		plan = fake_plan_text(&j.pass.plan);
		assert_string_equal(plan, up ? "+ route host/br0 fd00::/64 metric 256\n"
					     : "~ link host/br0 down → up [in_place]\n");
	}
	job_done(&j);
	job_done(&made);
	fake_machine_done(&m);
	fake_done(&kernel);
	model_done(&memory);
	json_object_put(json);
}

int main(void)
{
	struct arena names = { 0 };
	struct CMUnitTest *tests;
	size_t n = golden_cases(&tests, &names);
	int r;

	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_conflict);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_derive);
	r = _cmocka_run_group_tests("plan", tests, n, NULL, NULL);
	free(tests);
	arena_done(&names);
	return r;
}
