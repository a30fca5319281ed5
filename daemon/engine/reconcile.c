/* SPDX-License-Identifier: MIT */
/* reconcile.c - turns one change after the other into a job, and answers questions in between. */
#include "reconcile.h"
#include "settle.h"
#include "start.h"
#include "outcome.h"
#include "confirm.h"
#include "usec.h"
#include "transaction/adopt.h"
#include "transaction/rename.h"
#include "rename.h"
#include "await.h"
#include "begin.h"
#include "boot.h"
#include "heal/heal.h"
#include "heal/watched.h"
#include "base/log.h"
#include "kernel/netns_etc.h"
#include "model/owner.h"

enum { LARGE_MODELS = 1024 }; /* objects */

static void finish(struct engine *g, struct outcome *o)
{
	struct entry *entry = queue_pop(&g->queue);
	struct topology *t;

	g->env.changing = NULL;
	o->duration_usec = usec_now(CLOCK_MONOTONIC) - g->began_usec;
	t = topology_find(&g->env, entry->change.name, NULL);
	if (t)
		heal_say_left_alone(&g->env, t);
	g->env.marked |= t && watched_is_marked(t);
	boot_settle(g, &entry->change, o);
	if (o->code != OUTCOME_DONE)
		boot_failed(g, &entry->change, o);
	if (!o->superseded)
		outcome_tell(g, &entry->change, o);
	if (entry->change.done)
		entry->change.done(entry->change.arg, o);
	json_object_put(entry->change.topology);
	free(entry);
	outcome_done(o);
}

/* Events up to now are covered by the observation that is about to be made. */
static void before_observing(struct engine *g, struct job *j)
{
	struct topology *t = topology_find(&g->env, j->next.name, NULL);

	watched_listen(&g->env);
	watched_hear(&g->env, &j->pass.set);
	if (t && t->forgot)
		topology_number(t, &j->last.model);
	for (size_t i = 0; t && i < t->n_watched; i++) {
		struct watched *k = &t->watched[i];
		bool unrouted = k->unrouted, crowded = k->crowded;

		watched_clear(k);
		/* That observation does not cover them. */
		k->all = k->unrouted = unrouted;
		k->crowded = crowded;
		k->dirty = unrouted || crowded;
	}
}

/* The change is not refused, but put off until everything is there. */
static void wait_for(struct engine *g, const struct change *c, struct outcome *o)
{
	struct err e;
	int r = await_take(g, &g->job, &e);

	outcome_from(o, &g->job);
	o->code = OUTCOME_WAITING;
	o->superseded = c->awaited;
	if (r < 0) {
		problems_done(&o->problems);
		outcome_refuse(o, OUTCOME_REFUSED, &e);
	}
}

/* What the kernel refuses to create, or to remove, may depend on another topology that is
 * about to come up, or go down. */
static bool may_go_again(const struct change *c, const struct job *j)
{
	if (j->result >= 0 || j->outcome != OUTCOME_DONE || problems_await(&j->problems))
		return false;
	return c->type == CHANGE_DOWN || c->type == CHANGE_UP;
}

/* Takes a step of the running change, and does what belongs to its pauses; false when it is done. */
static bool job_go(struct engine *g, struct job *j, const struct change *c)
{
	bool more = true;

	do {
		const char *what;
		struct err e;

		if (j->phase == JOB_OBSERVE)
			before_observing(g, j);
		if (j->phase == JOB_COMMIT && !j->rolling_back && claims_transfer(&g->env, j, &e) < 0) {
			job_refuse(j, &e);
			continue;
		}
		more = job_step(j);
		what = job_waits_for(j);
		if (what)
			await_kernel(g, j, what);
		if (j->taken.done > j->taken.first && c->progress)
			c->progress(c->arg, &j->pass.plan, j->taken.first, j->taken.done);
	} while (j->phase == JOB_OBSERVE || j->phase == JOB_COMMIT);
	return more;
}

static void adopt(struct engine *g, struct job *j)
{
	if (!adopt_open(j))
		return;
	before_observing(g, j);
	adopt_run(j);
}

/* Whether its models took so much memory that what they leave free is worth giving back. */
static bool is_large(const struct job *j)
{
	return j->desired.model.n + j->last.model.n + j->pass.observed.n >= LARGE_MODELS;
}

/* A change that is only planned. */
static void preview_step(struct engine *g, struct entry *entry)
{
	struct change *c = &entry->change;
	const struct plan *plan = NULL;
	struct outcome o;

	engine_plan(g, c, &plan, &o);
	boot_place(g, c, &o);
	(void)queue_pop(&g->queue);
	if (plan && c->progress)
		c->progress(c->arg, plan, 0, plan->n);
	c->done(c->arg, &o);
	json_object_put(c->topology);
	free(entry);
	outcome_done(&o);
}

static bool begin(struct engine *g, struct change *c, struct outcome *o)
{
	bool repeats = rename_repeats(g, c, o);
	struct err e;

	/* Nothing of another topology must be left under that name. */
	if (rename_finish(g, c->name, &e) < 0) {
		snprintf(o->name, sizeof(o->name), "%s", c->name);
		outcome_refuse(o, OUTCOME_REFUSED, &e);
		return false;
	}
	if (repeats)
		snprintf(o->name, sizeof(o->name), "%s", c->to);
	if (repeats || !change_admit(g, c, o))
		return false;
	return c->type == CHANGE_RENAME ? rename_begin(g, &g->job, c, o) : change_begin(g, &g->job, c, o);
}

/* What a change that has ended leaves. */
static void settle(struct engine *g, const struct change *c, struct outcome *o)
{
	if (c->type == CHANGE_RENAME) {
		rename_settle(g, &g->job, o);
		return;
	}
	o->down = confirm_takes_down(&g->job, c);
	topology_settle(g, &g->job, c->forget);
	outcome_from(o, &g->job);
	o->forgotten = c->forget && !topology_find(&g->env, c->name, NULL);
	await_failed(g, c, o);
}

static void change_step(struct engine *g, struct entry *entry, bool begins)
{
	struct outcome o = { 0 };
	bool large;

	if (entry->change.preview) {
		preview_step(g, entry);
		return;
	}
	if (begins) {
		g->began_usec = usec_now(CLOCK_MONOTONIC);
		if (!begin(g, &entry->change, &o)) {
			await_failed(g, &entry->change, &o);
			job_done(&g->job);
			if (!o.user || !queue_defer(&g->queue, o.user, g->env.n_topologies))
				finish(g, &o);
			outcome_done(&o);
			return;
		}
		g->env.changing = &g->job;
		g->job.wait.ends = g->queue.leaving ? STOPPING : NULL;
	}
	if (g->job.adopt)
		adopt(g, &g->job);
	else if (job_renames(&g->job) ? rename_step(&g->job) : job_go(g, &g->job, &entry->change))
		return;
	if (may_go_again(&entry->change, &g->job) && queue_again(&g->queue)) {
		topology_unsettled(g, &g->job);
		g->env.changing = NULL;
		job_done(&g->job);
		return;
	}
	snprintf(o.name, sizeof(o.name), "%s", entry->change.name);
	large = is_large(&g->job);
	if (await_may(g, &entry->change, &g->job)) {
		wait_for(g, &entry->change, &o);
	} else {
		settle(g, &entry->change, &o);
	}
	o.confirm_usec = g->job.next.confirm_usec;
	job_done(&g->job);
	finish(g, &o);
	if (large)
		memory_give_back();
}

/* Takes a step of a change, or NULL; the time that users take is followed by a pause. */
static void queue_step(struct engine *g, bool healing)
{
	bool begins = !g->queue.at;
	struct entry *entry = queue_take(&g->queue, healing);
	bool of_user = entry && entry->change.of_user;
	uint64_t began = of_user ? usec_now(CLOCK_MONOTONIC) : 0;

	if (!entry)
		return;
	change_step(g, entry, begins);
	if (of_user)
		queue_spent(&g->queue, usec_now(CLOCK_MONOTONIC) - began);
}

/* Whether the running change waits for the kernel. */
static bool is_waiting(const struct engine *g)
{
	return g->queue.at && job_waits(&g->job);
}

bool engine_step(struct engine *g)
{
	bool more = g->env.marked && heal_step(&g->env);

	if (g->env.marked) {
		await_step(g);
		g->env.marked = more || heal_needed(&g->env) || await_needed(g);
	}
	queue_step(g, more);
	return (queue_is_ready(&g->queue) && !is_waiting(g)) || g->env.marked;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t engine_deadline(const struct engine *g)
{
	uint64_t change = is_waiting(g) ? g->job.wait.next : queue_deadline(&g->queue);

	return earlier(earlier(confirm_deadline(g), heal_deadline(&g->env)), change);
}

void engine_rest(const struct engine *g)
{
	if (is_waiting(g))
		job_rest(&g->job);
}

void engine_tick(struct engine *g)
{
	confirm_tick(g);
	heal_tick(&g->env);
	g->env.marked = true;
}

void engine_submit(struct engine *g, const struct change *c)
{
	queue_add(&g->queue, c);
}

struct env *engine_env(struct engine *g)
{
	return &g->env;
}

bool engine_has_netns(const struct engine *g, const char *name, const char *netns)
{
	const struct topology *t = topology_find(&g->env, name, NULL);
	const struct watched *k = t ? watched_find(t, netns) : NULL;

	return k && k->inode;
}

struct events *engine_events(const struct engine *g)
{
	return g->env.events;
}

size_t engine_topologies(const struct engine *g, const struct topology *const **ret)
{
	*ret = (const struct topology *const *)g->env.topologies;
	return g->env.n_topologies;
}

const struct topology *engine_find(const struct engine *g, const char *name)
{
	struct topology *t = topology_find(&g->env, name, NULL);

	return t ? t : NULL;
}

static int store_begin(void *state, const struct record *r, struct err *e)
{
	return state_begin(state, r, e);
}

static int store_commit(void *state, const char *name, struct err *e)
{
	return state_commit(state, name, e);
}

static int store_abandon(void *state, const char *name, struct err *e)
{
	return state_abandon(state, name, e);
}

/* Sets up the kernel and the files that passes and changes are handed. */
static void env_init(struct env *env, const struct kinds *kinds, const struct engine_options *options)
{
	env->kinds = kinds;
	snprintf(env->netns_dir, sizeof(env->netns_dir), "%s", options->netns_dir);
	env->drifts.burst = options->heal_burst ? options->heal_burst : DRIFT_BURST;
	env->drifts.window = (uint64_t)(options->heal_seconds ? options->heal_seconds : DRIFT_WINDOW_SECONDS) * 1000000;
	env->machine = (struct machine){
		.kinds = kinds,
		.identity = env->identity,
		.next_index = &env->next_index,
		.arg = env,
		.open = watched_open,
		.clear = machine_clear,
		.observe = machine_observe,
		.execute = machine_execute,
		.name = machine_name,
	};
	env->store = (struct store){ &env->state, store_begin, store_commit, store_abandon };
}

static bool is_known(const void *engine, const char *topology)
{
	return topology_find(&((const struct engine *)engine)->env, topology, NULL) != NULL;
}

/* What topologies of an earlier boot had outside /run. */
static void clear_old(const struct engine *g)
{
	size_t n = etc_clear_old(is_known, g);

	if (n)
		log_notice("%zu file%s in " ETC_NETNS " of topologies that did not outlive the reboot removed", n,
			   n == 1 ? "" : "s");
}

int engine_new(struct engine **ret, const struct engine_options *options, const struct kinds *kinds, struct err *e)
{
	struct engine *g = must(calloc(1, sizeof(*g)));

	env_init(&g->env, kinds, options);
	queue_init(&g->queue);
	if (state_open(&g->env.state, options->run_dir, e) < 0) {
		engine_free(g);
		return e->code;
	}
	identity_read(g->env.identity, options->state_dir, options->run_dir);
	g->env.events = events_new(options->run_dir);
	g->alive = options->alive;
	if (options->topologies_dir)
		g->boot = boot_new(kinds, options->topologies_dir, options->state_dir);
	if ((options->stay && listener_open(&g->env.listener, kinds, e) < 0) || engine_start(g, e) < 0) {
		engine_free(g);
		return e->code;
	}
	rename_finish_all(g);
	engine_tick(g);
	while (engine_step(g))
		if (g->alive)
			g->alive();
	if (g->boot)
		boot_start(g);
	if (options->stay)
		clear_old(g);
	*ret = g;
	return 0;
}

void engine_free(struct engine *g)
{
	if (!g)
		return;
	if (g->queue.at)
		job_done(&g->job);
	job_done(&g->planned);
	queue_done(&g->queue);
	for (size_t i = 0; i < g->env.n_topologies; i++) {
		watched_done(&g->env, g->env.topologies[i]);
		topology_free(g->env.topologies[i]);
	}
	free(g->env.topologies);
	listener_close(g->env.listener);
	boot_free(g->boot);
	events_free(g->env.events);
	state_close(&g->env.state);
	free(g);
}
