/* SPDX-License-Identifier: MIT */
/* boot.c - makes topologies of the files of the boot directories: one that was never
 * applied is listed like one that is down, or has failed, so that everything that can be
 * done with those can be done with it. */
#include "usec.h"
#include "boot.h"
#include "store/boot_file.h"
#include "engine.h"
#include "base/log.h"
#include "store/persist.h"

struct boot {
	struct boot_files files;
	size_t left; /* changes of the start that are not finished */
	bool leaving;
};

struct boot *boot_new(const struct kinds *kinds, const char *topologies, const char *state_dir)
{
	struct boot *b = must(calloc(1, sizeof(*b)));
	_cleanup_(freep) char *persisted = NULL;

	if (asprintf(&persisted, "%s/topologies", state_dir) < 0)
		abort();
	boot_files_init(&b->files, kinds, topologies, persisted);
	persist_clear(persisted);
	return b;
}

void boot_free(struct boot *b)
{
	if (!b)
		return;
	boot_files_done(&b->files);
	free(b);
}

struct boot_files *boot_files(const struct engine *g)
{
	return &g->boot->files;
}

static void problems_take(struct topology *t, const struct problems *p)
{
	problems_done(&t->problems);
	for (size_t i = 0; i < p->n; i++)
		problem_copy(&t->problems, &p->v[i]);
}

static void json_take(struct topology *t, struct json_text *json)
{
	/* What names stand for in another one is not known until it is applied. */
	if (t->json != json)
		json_text_put(TAKE(t->names));
	json_text_put(t->json);
	t->json = json_text_get(json);
}

/* Shows a topology that was never applied, and its failure until the file changes. */
static void unapplied_show(struct topology *t, const struct boot_file *f)
{
	bool same = f->json && t->json == f->json;

	snprintf(t->source, sizeof(t->source), "%s", f->source);
	t->on_disk = f->json ? ON_DISK_NEW : ON_DISK_INVALID;
	if (!t->since_usec || t->json != f->json)
		t->since_usec = usec_now(CLOCK_REALTIME);
	if (same)
		return;
	json_take(t, f->json);
	t->state = f->json ? STATE_DOWN : STATE_FAILED;
	problems_take(t, &f->problems);
}

static void applied_show(struct topology *t, struct boot_file *f)
{
	if (!f->json)
		t->on_disk = ON_DISK_INVALID;
	else if (json_text_equal(f->json, t->json))
		t->on_disk = ON_DISK_SAME;
	else
		t->on_disk = t->json && strcmp(f->source, t->source) ? ON_DISK_OTHER : ON_DISK_CHANGED;
	t->on_disk_problem = f->problems.n ? &f->problems.v[0] : NULL;
	/* Equal JSON is stored once. */
	if (t->on_disk == ON_DISK_SAME && f->json != t->json) {
		json_text_put(f->json);
		f->json = json_text_get(t->json);
	}
}

static void file_show(struct engine *g, struct boot_file *f)
{
	struct topology *t = topology_find(&g->env, f->name, NULL);

	if (!t) {
		t = topology_need(&g->env, f->name);
		t->unapplied = true;
		t->state = STATE_DOWN;
	}
	t->boot = true;
	t->boot_file = f->path;
	if (t->unapplied)
		unapplied_show(t, f);
	else
		applied_show(t, f);
}

static void file_hide(struct topology *t)
{
	t->boot = false;
	t->boot_file = NULL;
	t->on_disk = ON_DISK_SAME;
	t->on_disk_problem = NULL;
}

/* A file that still has the former name of a topology, as its renaming is not finished, is no topology of its own. */
static void former_drop(struct engine *g)
{
	for (size_t i = g->env.n_topologies; i-- > 0;) {
		const char *renames = g->env.topologies[i]->renames;
		const struct topology *former = *renames ? topology_find(&g->env, renames, NULL) : NULL;

		if (former && former->unapplied)
			topology_drop(&g->env, renames);
	}
}

void boot_refresh(struct engine *g)
{
	if (!g->boot)
		return;
	boot_files_refresh(&g->boot->files);
	for (size_t i = 0; i < g->env.n_topologies; i++)
		file_hide(g->env.topologies[i]);
	for (size_t i = 0; i < g->boot->files.n; i++)
		if (!g->boot->files.v[i]->hidden)
			file_show(g, g->boot->files.v[i]);
	for (size_t i = g->env.n_topologies; i-- > 0;)
		if (g->env.topologies[i]->unapplied && !g->env.topologies[i]->boot)
			topology_drop(&g->env, g->env.topologies[i]->name);
	former_drop(g);
}

void boot_refresh_one(struct engine *g, const char *name)
{
	if (g->boot && !boot_files_is_same(&g->boot->files, name))
		boot_refresh(g);
}

void boot_note(struct engine *g, const char *name, enum boot_dir dir, const char *path)
{
	struct topology *t = topology_find(&g->env, name, NULL);
	struct boot_file *f;

	boot_files_note(&g->boot->files, dir, path);
	f = boot_files_find(&g->boot->files, name);
	if (t)
		file_hide(t);
	if (f)
		file_show(g, f);
	else if (t && t->unapplied)
		topology_drop(&g->env, name);
}

static void on_started(void *arg, _unused_ const struct outcome *o)
{
	struct boot *b = arg;

	b->left--;
}

/* Resumes an interrupted apply --persist, of which only saving for boot is missing. */
static void persist_resume(struct engine *g)
{
	struct err e;

	for (size_t i = 0; i < g->env.n_topologies; i++) {
		struct topology *t = g->env.topologies[i];

		if (!t->persist || t->confirm_usec)
			continue;
		if (boot_persist(g, t, &e) < 0) {
			log_error("%s: %s", t->name, e.text);
			continue;
		}
		t->persist = false;
		if (topology_store(&g->env, t, &e) < 0)
			log_warning("%s: %s", t->name, e.text);
	}
}

void boot_start(struct engine *g)
{
	struct change c = { .type = CHANGE_UP, .by = "the boot directory", .arg = g->boot, .done = on_started };

	persist_resume(g);
	boot_refresh(g);
	for (size_t i = 0; i < g->env.n_topologies; i++) {
		if (!g->env.topologies[i]->unapplied)
			continue;
		snprintf(c.name, sizeof(c.name), "%s", g->env.topologies[i]->name);
		g->boot->left++;
		queue_add(&g->queue, &c);
	}
}

bool boot_is_starting(const struct engine *g)
{
	return g->boot && g->boot->left;
}

/* A topology that is down comes from its file, if that is its source; so does one without a record. */
static struct boot_file *file_of(const struct engine *g, const char *name)
{
	const struct topology *t = topology_find(&g->env, name, NULL);
	struct boot_file *f = g->boot && t ? boot_files_find(&g->boot->files, name) : NULL;

	if (!f || t->unapplied || !t->json || (t->state == STATE_DOWN && !strcmp(t->source, f->source)))
		return f;
	return NULL;
}

void boot_leave(struct engine *g)
{
	g->queue.leaving = true;
	/* A rollback that has begun is finished by the next start if necessary. */
	g->job.wait.ends = g->job.rolling_back ? NULL : STOPPING;
	g->job.wait.next = 0;
	if (g->boot)
		g->boot->leaving = true;
}

bool boot_admit(struct engine *g, struct change *c, struct outcome *o)
{
	struct boot_file *f = file_of(g, c->name);

	o->superseded = g->boot && g->boot->leaving && c->done == on_started;
	if (o->superseded)
		return false;
	if (f && boot_file_has_changed(f)) {
		boot_note(g, c->name, f->dir, f->path);
		/* The file may say another name now. */
		if (strcmp(f->name, c->name) != 0)
			boot_refresh(g);
		f = file_of(g, c->name);
	}
	if (!topology_find(&g->env, c->name, NULL)) {
		o->code = OUTCOME_NO_SUCH_TOPOLOGY;
		return false;
	}
	if (!f)
		return true;
	c->from_boot = true;
	if (f->json) {
		json_take(topology_find(&g->env, c->name, NULL), f->json);
		return true;
	}
	o->code = OUTCOME_INVALID;
	for (size_t i = 0; i < f->problems.n; i++)
		problem_copy(&o->problems, &f->problems.v[i]);
	return false;
}

bool boot_place(const struct engine *g, const struct change *c, struct outcome *o)
{
	struct boot_file *f = c->from_boot ? boot_files_find(&g->boot->files, c->name) : NULL;

	if (!f || !o->problems.n)
		return false;
	if (!o->problems.v[0].file)
		boot_file_place(f, &o->problems);
	return true;
}

void boot_failed(struct engine *g, const struct change *c, struct outcome *o)
{
	struct topology *t = topology_find(&g->env, c->name, NULL);

	if (!boot_place(g, c, o))
		return;
	if (t && o->code == OUTCOME_WAITING)
		problems_take(t, &o->problems);
	if (!t || !t->unapplied)
		return;
	t->since_usec = usec_now(CLOCK_REALTIME);
	t->state = STATE_FAILED;
	problems_take(t, &o->problems);
}
