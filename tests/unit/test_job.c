/* SPDX-License-Identifier: MIT */
/* test_job.c - for random pairs of topologies: that jobs lead from one to the other, and roll back from every step.
 * SEED=N runs that seed first, ROUNDS=N so many. */
#include "fake_machine.h"
#include "generator.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TOPOLOGY "lab-1"
enum { CHANGES = 3 }; /* of one chain, and one to nothing */

/* A chain of topologies, each derived from the one before, and their kernel. */
struct chain {
	uint64_t seed;
	struct fake kernel;
	struct model memory, saved;
	struct job jobs[CHANGES + 1]; /* the kernel's objects refer to their models */
	size_t n_jobs;
	struct json_object *json; /* of what is up; NULL: nothing */
	struct json_object *next; /* of what is to be up */
	bool drifted;             /* the state is not what was applied */
	size_t steps;
};

static void complain(const struct chain *h, const struct job *j, const char *what, size_t step)
{
	_cleanup_(freep) char *text = fake_plan_text(&j->pass.plan);

	fprintf(stderr, "SEED=%llu step %zu: %s\n", (unsigned long long)h->seed, step, what);
	for (size_t i = 0; i < j->problems.n; i++)
		fprintf(stderr, "problem: %s\n", j->problems.v[i].message);
	fprintf(stderr, "from %s\n", h->json ? json_object_to_json_string(h->json) : "nothing");
	fprintf(stderr, "to %s\n", h->next ? json_object_to_json_string(h->next) : "nothing");
	fprintf(stderr, "plan%s:\n%s\n", h->drifted ? " after a drift" : "", text);
	fail_msg("%s", what);
}

/* During the change, another program adds a route of its own next to one that existed before, the one from number @from
 * on; also to @before, with which the state after the rollback is compared. */
static void intrude(const struct model *last, struct fake *kernel, struct fake *before, size_t from)
{
	for (size_t i = 0; i < last->n; i++) {
		const struct object *o = last->objects[(from + i) % last->n];
		char netns[80];

		snprintf(netns, sizeof(netns), "netns %s", o->netns);
		if (o->kind != &kind_route || !fake_find(before, o->id) || !fake_find(kernel, netns))
			continue;
		fake_intrude(kernel, o);
		fake_intrude(before, o);
		return;
	}
}

/* The change from @first on, in which step @at fails, or the commit; some of the steps after it in its namespace may
 * have been in the same batch, others interfere, netnsd may be interrupted, and the rollback may be refused once.  It
 * ends at @first again. */
static void break_at(const struct chain *h, const struct fake *first, const struct model *saved, size_t at, bool commit)
{
	const struct generator d = { .seed = h->seed, .change = 100 };
	struct fake_machine m;
	struct fake kernel, before;
	struct model memory;
	struct job forth, back, *last = &forth;
	const char *what;
	bool intrudes = generator_roll(&d, 2, "intrudes %zu", at);

	model_init(&memory, &all_kinds);
	fake_copy(&kernel, first, &memory);
	fake_copy(&before, first, &memory);
	fake_machine_init(&m, &kernel, saved);
	m.fails[0] = commit ? NEVER : at;
	m.commit_fails = commit;
	m.more = generator_roll(&d, 4, "more %zu", at);
	m.cuts_off = !h->drifted && generator_roll(&d, 2, "crash %zu", at);
	fake_job(&forth, &m, h->next, h->json);
	while (!m.cut_off && !forth.rolling_back && job_step(&forth))
		;
	if (intrudes)
		intrude(&forth.last.model, &kernel, &before, generator_roll(&d, 1000, "intrudes beside %zu", at));
	if (m.cut_off) {
		last = &back;
		fake_job_recover(&back, &m, h->json);
	}
	if (generator_roll(&d, 4, "refused again %zu", at) == 0)
		m.fails[1] = m.steps + generator_roll(&d, 5, "refused again at %zu", at);
	while (job_step(last))
		;
	if (last->outcome == OUTCOME_ROLLBACK_FAILED ||
	    (last == &back ? back.problems.n != 0 && m.fails[1] == NEVER : forth.result != -EIO))
		complain(h, last, "the way back", at);
	what = fake_diff(&before, &kernel, &memory.arena);
	if (what)
		complain(h, last, what, at);
	job_done(&forth);
	if (last == &back)
		job_done(&back);
	fake_machine_done(&m);
	fake_done(&before);
	fake_done(&kernel);
	model_done(&memory);
}

static void check_owners(const struct chain *h, const struct job *j)
{
	for (size_t i = 0; i < j->pass.plan.n; i++) {
		const struct op *op = &j->pass.plan.ops[i];

		if (op->before && op->before->owner != OWNER_OURS && !(op->after && op->after->managed))
			complain(h, j, "touches what is not ours", i);
	}
}

/* Changes from what is up to @json, which is taken; and rolls back from each step. */
static void chain_to(struct chain *h, struct json_object *json)
{
	struct job *j = &h->jobs[h->n_jobs++];
	struct fake_machine m;
	struct model memory;
	struct fake first;
	size_t n;

	h->next = json;
	model_init(&memory, &all_kinds);
	fake_copy(&first, &h->kernel, &memory);
	fake_machine_init(&m, &h->kernel, &h->saved);
	fake_job(j, &m, h->next, h->json);
	fake_job_plan(j);
	check_owners(h, j);
	n = j->pass.plan.n;
	while (job_step(j))
		;
	if (j->result < 0)
		complain(h, j, j->problems.v[0].message, m.steps);
	/* Once the first plan is lost, the rollback creates what was missing before as well. */
	for (size_t i = 0; i < (h->drifted ? n : m.steps); i++)
		break_at(h, &first, &h->saved, i, false);
	if (!h->drifted)
		break_at(h, &first, &h->saved, m.steps, true);
	h->steps += m.steps;
	model_done(&h->saved);
	h->saved = m.saved;
	m.saved = (struct model){ 0 };
	fake_machine_done(&m);
	fake_done(&first);
	model_done(&memory);
	json_object_put(h->json);
	h->json = json;
	h->drifted = false;
}

/* Adds objects of other programs, in namespaces of ours. */
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

/* Somebody removes an object of ours. */
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
	fake_done(&h->kernel);
	for (size_t i = 0; i < h->n_jobs; i++)
		job_done(&h->jobs[i]);
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
	print_message("# %llu pairs, %zu steps, a rollback from each\n", (unsigned long long)rounds * (CHANGES + 1),
		      steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
