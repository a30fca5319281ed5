/* SPDX-License-Identifier: MIT */
/* test_rename.c - for random topologies: that a rename changes the marks and nothing else, and that after a refusal, or an
 * interruption, at any step all marks are those of one of the two names.  SEED=N runs that seed first. */
#include "fake_machine.h"
#include "generator.h"
#include "transaction/rename.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define FROM "lab-1"
#define TO "web"
enum { ROUNDS = 150 };

struct fixture {
	uint64_t seed;
	struct model memory, saved;
	struct fake kernel, before, after; /* now, with the marks of FROM, with those of TO */
	struct job built;                  /* the objects of the kernel refer to its models */
	struct json_object *json;
};

static void mark_all(struct fake *k, const char *topology)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].o->sign.topology)
			assert_int_equal(fake_mark(k, k->v[i].o, topology), 0);
}

/* A topology is up, and perhaps somebody has removed one of its objects. */
static void build(struct fixture *f, uint64_t seed, bool drifts)
{
	const struct generator d = { .seed = seed, .other = seed, .change = 100 };
	struct fake_machine m;

	*f = (struct fixture){ .seed = seed, .json = generate(&d) };
	model_init(&f->memory, &all_kinds);
	model_init(&f->saved, &all_kinds);
	fake_init(&f->kernel, &f->memory, FROM);
	fake_machine_init(&m, &f->kernel, &f->saved);
	fake_job(&f->built, &m, f->json, NULL);
	while (job_step(&f->built))
		;
	assert_int_equal(f->built.result, 0);
	fake_machine_done(&m);
	for (size_t i = 0, at = generator_roll(&d, (unsigned)f->kernel.n, "drift"); drifts && i < f->kernel.n; i++) {
		const struct object *o = f->kernel.v[(i + at) % f->kernel.n].o;

		if (!o->sign.hash || is_loopback(o->name) || object_is(o, "netns"))
			continue;
		fake_remove(&f->kernel, o->id);
		break;
	}
	f->kernel.topology = TO;
	fake_copy(&f->before, &f->kernel, &f->memory);
	fake_copy(&f->after, &f->kernel, &f->memory);
	mark_all(&f->after, TO);
}

static void done(struct fixture *f)
{
	fake_done(&f->before);
	fake_done(&f->after);
	fake_done(&f->kernel);
	job_done(&f->built);
	model_done(&f->saved);
	model_done(&f->memory);
	json_object_put(f->json);
}

static void expect(struct fixture *f, const struct fake *k, size_t step)
{
	const char *what = fake_diff(k, &f->kernel, &f->memory.arena);

	if (what)
		fail_msg("SEED=%llu step %zu: %s", (unsigned long long)f->seed, step, what);
}

static void make(struct fixture *f, struct job *j, struct fake_machine *m)
{
	fake_job(j, m, f->json, NULL);
	snprintf(j->next.renames, sizeof(j->next.renames), FROM);
}

/* Starts from the marks of FROM again. */
static void restore(struct fixture *f, struct fake_machine *m)
{
	fake_done(&f->kernel);
	fake_copy(&f->kernel, &f->before, &f->memory);
	fake_machine_init(m, &f->kernel, &f->saved);
}

/* How many marks there are. */
static size_t whole(struct fixture *f)
{
	struct fake_machine m;
	struct job j;
	size_t n;

	restore(f, &m);
	make(f, &j, &m);
	while (rename_step(&j))
		;
	assert_int_equal(j.result, 0);
	assert_int_equal(j.problems.n, 0);
	n = j.changed;
	assert_int_equal(m.steps, n);
	expect(f, &f->after, n);
	job_done(&j);
	fake_machine_done(&m);
	return n;
}

/* The kernel refuses step @at; or the disk the commit. */
static void refuse(struct fixture *f, size_t at, bool commit)
{
	struct fake_machine m;
	struct job j;

	restore(f, &m);
	m.fails[0] = commit ? NEVER : at;
	m.commit_fails = commit;
	make(f, &j, &m);
	while (rename_step(&j))
		;
	assert_int_equal(j.result, -EIO);
	assert_int_equal(j.outcome, OUTCOME_DONE);
	expect(f, &f->before, at);
	job_done(&j);
	fake_machine_done(&m);
}

/* What a start does then. */
static void resume(struct fixture *f, struct fake_machine *m, size_t at)
{
	struct job j;

	m->cut_off = m->cuts_off = false;
	m->fails[0] = m->fails[1] = NEVER;
	make(f, &j, m);
	rename_resume(&j);
	assert_int_equal(j.result, 0);
	expect(f, &f->after, at);
	job_done(&j);
}

/* It cannot be undone either: the next start goes on. */
static void refuse_twice(struct fixture *f, size_t at)
{
	struct fake_machine m;
	struct job j;

	restore(f, &m);
	m.fails[0] = at;
	m.fails[1] = at + 1;
	make(f, &j, &m);
	while (rename_step(&j))
		;
	assert_int_equal(j.result, -EIO);
	assert_int_equal(j.outcome, OUTCOME_ROLLBACK_FAILED);
	assert_int_equal(j.problems.n, 2);
	job_done(&j);
	resume(f, &m, at);
	fake_machine_done(&m);
}

static void interrupt(struct fixture *f, size_t at, bool commit)
{
	struct fake_machine m;
	struct job j;

	restore(f, &m);
	m.fails[0] = commit ? NEVER : at;
	m.commit_fails = commit;
	m.cuts_off = true;
	make(f, &j, &m);
	while (rename_step(&j))
		;
	job_done(&j);
	assert_true(m.cut_off);
	fake_cut_off(&f->kernel);
	resume(f, &m, at);
	fake_machine_done(&m);
}

static void test_random(_unused_ void **state)
{
	const char *first = getenv("SEED");
	uint64_t seed = first ? strtoull(first, NULL, 0) : 1;
	size_t marks = 0;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct fixture f;
		size_t n;

		build(&f, seed + i, i % 3 == 1);
		n = whole(&f);
		marks += n;
		for (size_t at = 0; at < n; at++) {
			refuse(&f, at, false);
			interrupt(&f, at, false);
			if (at)
				refuse_twice(&f, at);
		}
		refuse(&f, n, true);
		interrupt(&f, n, true);
		done(&f);
	}
	/* Most have some. */
	assert_true(marks > ROUNDS);
}

/* A link that has lost half of its mark is ours, and would not be under the new name. */
static void test_damaged(_unused_ void **state)
{
	size_t damaged = 0;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct fixture f;

		build(&f, seed, false);
		for (size_t i = 0; i < f.before.n; i++) {
			struct object *o = f.before.v[i].o;

			if (!object_is(o, "link") || !o->sign.topology || is_loopback(o->name))
				continue;
			o = fake_edit(&f.before, o->id);
			o->sign.topology = NULL;
			o->sign.half = true;
			damaged++;
			break;
		}
		whole(&f);
		done(&f);
	}
	assert_true(damaged > 0);
}

/* A topology that is down has nothing to be marked, but a record. */
static void test_down(_unused_ void **state)
{
	struct model memory, saved;
	struct fake_machine m;
	struct fake k;
	struct job j;

	model_init(&memory, &all_kinds);
	model_init(&saved, &all_kinds);
	fake_init(&k, &memory, TO);
	fake_machine_init(&m, &k, &saved);
	fake_job(&j, &m, NULL, NULL);
	snprintf(j.next.renames, sizeof(j.next.renames), FROM);
	while (rename_step(&j))
		;
	assert_int_equal(j.result, 0);
	assert_int_equal(m.steps, 0);
	assert_non_null(strstr(m.pending, "\"renames\": \"" FROM "\""));
	job_done(&j);
	fake_machine_done(&m);
	fake_done(&k);
	model_done(&saved);
	model_done(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random), cmocka_unit_test(test_damaged),
					    cmocka_unit_test(test_down) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
