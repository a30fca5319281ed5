/* SPDX-License-Identifier: MIT */
/* boot_persist.c - the effect of a change on the boot directories: saves what is to come up
 * at boot, and removes what is not, but never before the change itself is done. */
#include "boot.h"
#include "store/boot_file.h"
#include "engine.h"
#include "base/json.h"
#include "base/log.h"
#include "store/persist.h"
#include <limits.h>

static const char *persisted_dir(const struct engine *g)
{
	return boot_files(g)->dirs[BOOT_PERSISTED];
}

/* The place where netnsd itself saves the topology. */
static void own_path(const struct engine *g, const char *name, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s.json", persisted_dir(g), name);
}

/* Removes another saved file of that name, which would be read at boot. */
static void others_remove(struct engine *g, const char *name)
{
	const struct boot_files *b = boot_files(g);
	char own[PATH_MAX];
	bool removed = false;

	own_path(g, name, own);
	for (size_t i = boot_files_first(b, name); i < b->n && !strcmp(b->by_name[i]->name, name); i++) {
		const struct boot_file *f = b->by_name[i];

		if (f->dir != BOOT_PERSISTED || f->gone || !strcmp(f->path, own))
			continue;
		removed = true;
		if (unlink(f->path) < 0)
			log_warning("%s: %s", f->path, strerror(errno));
	}
	if (removed)
		boot_refresh(g);
}

/* Notes netnsd's own writing or removal, so that it is not taken for a change by others. */
static void note(struct engine *g, const char *name)
{
	char own[PATH_MAX];

	own_path(g, name, own);
	boot_note(g, name, BOOT_PERSISTED, own);
}

int boot_may_persist(struct engine *g, const char *name, struct err *e)
{
	const struct boot_file *f;

	if (!g->boot)
		return err_set(e, ENOTSUP, "--persist needs the running daemon");
	boot_refresh_one(g, name);
	f = boot_files_find(boot_files(g), name);
	if (f && f->dir == BOOT_TOPOLOGIES)
		return err_set(e, EEXIST,
			       "%s is used at boot and is not netnsd's: change that file, and omit --persist", f->path);
	return 0;
}

int boot_prepare(struct engine *g, const struct change *c, struct err *e)
{
	if (boot_may_persist(g, c->name, e) < 0)
		return e->code;
	if (persist_prepare(persisted_dir(g), c->name, c->topology, c->source, e) < 0)
		return e->code;
	note(g, c->name);
	return 0;
}

int boot_persist(struct engine *g, struct topology *t, struct err *e)
{
	_cleanup_(json_putp) struct json_object *json = json_text_parse(t->json);
	const char *dir = persisted_dir(g), *name = t->name;

	boot_refresh_one(g, name);
	if (persist_prepare(dir, name, json, t->source, e) < 0)
		return e->code;
	if (persist_commit(dir, name, e) < 0)
		return e->code;
	note(g, name);
	others_remove(g, name);
	return 0;
}

static void not_persisted(struct outcome *o, const struct err *e)
{
	o->code = OUTCOME_NOT_PERSISTED;
	problems_done(&o->problems);
	problem_add_err(&o->problems, e, NULL, NULL);
}

static void apply_settle(struct engine *g, const struct change *c, struct outcome *o)
{
	struct topology *t = topology_find(&g->env, c->name, NULL);
	bool taken = o->code == OUTCOME_DONE || o->code == OUTCOME_WAITING;
	struct err e;

	boot_refresh_one(g, c->name);
	if (!taken || !t || t->confirm_usec) {
		persist_abandon(persisted_dir(g), c->name);
		note(g, c->name);
		return;
	}
	/* If it fails the record still says so: the next start tries again. */
	if (persist_commit(persisted_dir(g), c->name, &e) < 0) {
		not_persisted(o, &e);
		return;
	}
	note(g, c->name);
	others_remove(g, c->name);
	t->persist = false;
	o->persisted = true;
	if (topology_store(&g->env, t, &e) < 0)
		log_warning("%s: %s", c->name, e.text);
}

static void down_settle(struct engine *g, const struct change *c, struct outcome *o)
{
	const struct boot_file *f;
	struct err e;

	if (o->code != OUTCOME_DONE)
		return;
	boot_refresh_one(g, c->name);
	others_remove(g, c->name);
	if (persist_remove(persisted_dir(g), c->name, &e) < 0) {
		not_persisted(o, &e);
		return;
	}
	note(g, c->name);
	f = boot_files_find(boot_files(g), c->name);
	o->boot_file = f ? f->path : NULL;
}

void boot_settle(struct engine *g, const struct change *c, struct outcome *o)
{
	if (g->boot && c->persist)
		apply_settle(g, c, o);
	if (g->boot && c->unpersist)
		down_settle(g, c, o);
}

/* The file that netnsd saved for @name; NULL: there is none. */
static int saved_file(struct engine *g, const char *name, const struct boot_file **ret, struct err *e)
{
	const struct boot_file *f;
	int code;

	*ret = NULL;
	if (!g->boot)
		return 0;
	boot_refresh(g);
	code = boot_files(g)->failed[BOOT_PERSISTED];
	if (code < 0)
		return err_set(e, code, "%s cannot be read: %s", persisted_dir(g), strerror(-code));
	f = boot_files_find(boot_files(g), name);
	if (!f || f->dir != BOOT_PERSISTED)
		return 0;
	if (!f->json)
		return err_set(e, EINVAL, "what is saved for boot cannot be used: %s; mend or remove %s",
			       f->problems.v[0].message, f->path);
	*ret = f;
	return 0;
}

int boot_rename_prepare(struct engine *g, const char *from, const char *to, struct err *e)
{
	_cleanup_(json_putp) struct json_object *json = NULL;
	const struct boot_file *f;

	if (saved_file(g, from, &f, e) < 0)
		return e->code;
	if (!f)
		return 0;
	json = json_text_parse(f->json);
	topology_put_name(json, to);
	return persist_prepare(persisted_dir(g), to, json, f->source, e);
}

int boot_rename(struct engine *g, const char *from, const char *to, struct err *e)
{
	const struct boot_file *f;

	if (!g->boot)
		return err_set(e, ENOTSUP, "what is saved for boot gets its new name from the running daemon");
	if (saved_file(g, from, &f, e) < 0)
		return e->code;
	if (!f && boot_files_find(boot_files(g), from))
		return 0;
	/* Without a file only its source may be left, of a rename that was interrupted. */
	if (f && persist_commit_over(persisted_dir(g), to, f->path, e) < 0)
		return e->code;
	/* The file of the former name may be that of the new one now. */
	boot_refresh(g);
	others_remove(g, from);
	return persist_remove(persisted_dir(g), from, e);
}

void boot_rename_abandon(struct engine *g, const char *to)
{
	if (g->boot)
		persist_abandon(persisted_dir(g), to);
}

void boot_unpersist(struct engine *g, const char *name)
{
	struct err e;

	if (g->boot && persist_remove(persisted_dir(g), name, &e) < 0)
		log_warning("%s: %s", name, e.text);
}

void boot_forget(struct engine *g, struct change *c)
{
	const struct boot_file *f;

	if (!g->boot || !c->forget)
		return;
	boot_refresh_one(g, c->name);
	f = boot_files_find(boot_files(g), c->name);
	c->unpersist = true;
	if (f && f->dir == BOOT_TOPOLOGIES)
		c->forget = false;
}
