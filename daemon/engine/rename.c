/* SPDX-License-Identifier: MIT */
/* rename.c - gives a topology another name.  The record of the new name says what the former one was until nothing is left
 * under that: the record, the copy for boot, the events.  It is then known, so a crash in between changes nothing. */
#include "rename.h"
#include "base/json.h"
#include "base/log.h"
#include "begin.h"
#include "boot.h"
#include "heal/watched.h"
#include "model/owner.h"
#include "settle.h"
#include "transaction/rename.h"

static struct json_text *text_renamed(const struct json_text *text, const char *name)
{
	_cleanup_(json_putp) struct json_object *json = json_text_parse(text);

	topology_put_name(json, name);
	return json_text_new(json);
}

/* What a rollback leads to gets the name, too. */
static struct json_text *previous_renamed(const struct json_text *text, const char *name)
{
	struct previous p = { 0 };
	struct json_text *json, *ret;
	struct err e;

	if (!text || previous_read(text, &p, &e) < 0)
		return NULL;
	json = text_renamed(p.topology, name);
	json_text_put(p.topology);
	p.topology = json;
	ret = previous_text(&p);
	previous_done(&p);
	return ret;
}

/* ---- what is refused ---- */

/* Whether @t, which is up, has rules in the namespace of the object @id. */
static bool has_rules(const struct engine *g, const struct topology *t, const char *id)
{
	struct declaration d = { 0 };
	struct err e;
	bool has;

	if (!topology_is_up(t) || t->declared.n)
		return topology_is_up(t) && model_find(&t->declared, id);
	/* What cannot be loaded is not known to be in order: it counts. */
	if (topology_load(&g->env, t->json, t->names, &d, &e) < 0)
		return true;
	has = model_find(&d.model, id);
	declaration_done(&d);
	return has;
}

/* Rules of several topologies in one namespace take effect in order of their names (nft_table.h), which must stay. */
static int check_order(const struct engine *g, const struct model *m, const char *from, const char *to, struct err *e)
{
	for (size_t i = 0; i < g->env.n_topologies; i++) {
		const struct topology *t = g->env.topologies[i];

		if (!strcmp(t->name, from) || (strcmp(t->name, from) < 0) == (strcmp(t->name, to) < 0))
			continue;
		for (size_t k = 0; k < m->n; k++)
			if (object_is(m->objects[k], "nft") && has_rules(g, t, m->objects[k]->id))
				return err_set(e, EINVAL,
					       "%s and %s both have rules in %s, which take effect in the order of the "
					       "topologies' names: choose a name that sorts %s %s, as %s does",
					       from, t->name, m->objects[k]->netns,
					       strcmp(from, t->name) < 0 ? "before" : "after", t->name, from);
	}
	return 0;
}

/* Two topologies whose marks are the same in the kernel must not be up together. */
static int check_hash(const struct engine *g, const char *from, const char *to, struct err *e)
{
	for (size_t i = 0; i < g->env.n_topologies && g->env.marks[topology_hash(to) % MARK_BUCKETS]; i++) {
		const char *name = g->env.topologies[i]->name;

		if (strcmp(name, from) && strcmp(name, to) && topology_hash(name) == topology_hash(to))
			return err_set(e, EEXIST, "the names %s and %s have the same mark; choose another name", to,
				       name);
	}
	return 0;
}

/* The new name must be free, but for a file that is that of @t and has got the new name already. */
static int check_free(const struct engine *g, const struct topology *t, const char *to, struct err *e)
{
	const struct topology *other = topology_find(&g->env, to, NULL);
	const struct boot_file *f = other && other->unapplied && g->boot ? boot_files_find(boot_files(g), to) : NULL;

	if (!other || (f && f->dir == BOOT_TOPOLOGIES && !strcmp(f->source, t->source)))
		return 0;
	if (other->unapplied && other->boot_file)
		return err_set(e, EEXIST, "there is already a topology %s, in %s", other->name, other->boot_file);
	return err_set(e, EEXIST, "there is already a topology %s; netnsctl down --forget %s deletes it", other->name,
		       other->name);
}

static int check_former(const struct engine *g, const struct topology *t, const char *to, struct err *e)
{
	const struct boot_file *f = g->boot ? boot_files_find(boot_files(g), t->name) : NULL;

	if (!strcmp(t->name, to))
		return err_set(e, EEXIST, "that is its name already");
	if (f && f->dir == BOOT_TOPOLOGIES)
		return err_set(e, EEXIST,
			       "%s is used at boot and is not netnsd's: set \"name\": \"%s\" in that file first, then "
			       "repeat netnsctl rename %s %s",
			       f->path, to, t->name, to);
	if (t->unapplied)
		return err_set(e, ENOENT, "it was never applied: netnsctl up %s first", t->name);
	if (t->broken || !t->json)
		return err_set(e, EBUSY, "its last change could not be completed: netnsctl status %s says why",
			       t->name);
	return 0;
}

/* What a file says of either name has to be known. */
static int check_files(const struct engine *g, struct err *e)
{
	int code = g->boot ? boot_files(g)->failed[BOOT_TOPOLOGIES] : 0;

	return code < 0 ? err_set(e, code, "%s cannot be read: %s", boot_files(g)->dirs[BOOT_TOPOLOGIES],
				  strerror(-code))
			: 0;
}

static int check(const struct engine *g, const struct topology *t, const char *to, struct err *e)
{
	if (check_files(g, e) < 0 || check_former(g, t, to, e) < 0 || check_free(g, t, to, e) < 0)
		return e->code;
	return check_hash(g, t->name, to, e);
}

/* ---- a change ---- */

/* What the record says of the topology that is not in the job of any change. */
static void record_fill(struct record *r, const struct topology *t, const char *to)
{
	struct json_text *previous = previous_renamed(t->previous, to);

	snprintf(r->macs, sizeof(r->macs), "%s", strcmp(topology_macs(t), to) ? topology_macs(t) : "");
	snprintf(r->renames, sizeof(r->renames), "%s", t->name);
	snprintf(r->name, sizeof(r->name), "%s", to);
	r->state = topology_is_up(t) ? STATE_UP : t->awaiting ? STATE_WAITING : STATE_DOWN;
	r->since_usec = t->since_usec;
	r->topology = text_renamed(t->json, to);
	r->names = json_text_get(t->names);
	r->persist = t->persist;
	json_text_put(r->previous);
	r->previous = previous;
}

/* What was applied last is what there is, and is to be. */
static void desire_last(struct job *j)
{
	const struct kinds *kinds = j->pass.machine->kinds;

	declaration_done(&j->desired);
	j->desired = j->last;
	j->last = (struct declaration){ 0 };
	model_init(&j->last.model, kinds);
}

bool rename_begin(struct engine *g, struct job *j, const struct change *c, struct outcome *o)
{
	const struct topology *t;
	struct err e;
	int r;

	boot_refresh(g);
	t = topology_find(&g->env, c->name, NULL);
	if (!t) {
		outcome_refuse(o, OUTCOME_NO_SUCH_TOPOLOGY, NULL);
		return false;
	}
	r = check(g, t, c->to, &e);
	if (r == 0)
		r = topology_job(g, j, c->name, &e);
	if (r == 0) {
		desire_last(j);
		*j->pins = '\0'; /* nothing is unlinked */
		record_fill(&j->next, t, c->to);
		r = check_order(g, &j->desired.model, c->name, c->to, &e);
	}
	if (r == 0) {
		r = boot_rename_prepare(g, c->name, c->to, &e);
		if (r < 0)
			boot_rename_abandon(g, c->to);
	}
	if (r < 0)
		outcome_refuse(o, OUTCOME_REFUSED, &e);
	return r == 0;
}

/* The topology stays where it is: what is watched refers to it. */
static struct topology *take_name(struct engine *g, struct record *r)
{
	struct topology *t = topology_find(&g->env, r->renames, NULL);

	/* There was only a file of it. */
	topology_drop(&g->env, r->name);
	topology_rename(&g->env, t, r->name);
	snprintf(t->macs, sizeof(t->macs), "%s", r->macs);
	snprintf(t->renames, sizeof(t->renames), "%s", r->renames);
	json_text_put(t->json);
	t->json = json_text_get(r->topology);
	json_text_put(t->previous);
	t->previous = TAKE(r->previous);
	return t;
}

/* Removes what is left under the former name.  Until that has been done the record says so, and it is tried again by the
 * next change of that name, and the next start. */
static int finish(struct engine *g, struct topology *t, struct err *e)
{
	char from[sizeof(t->renames)];

	memcpy(from, t->renames, sizeof(from));
	events_rename(g->env.events, from, t->name);
	if (state_forget(&g->env.state, from, e) < 0 || boot_rename(g, from, t->name, e) < 0)
		return e->code;
	boot_refresh(g);
	*t->renames = '\0';
	if (topology_store(&g->env, t, e) == 0)
		return 0;
	memcpy(t->renames, from, sizeof(from));
	return e->code;
}

void rename_settle(struct engine *g, struct job *j, struct outcome *o)
{
	char from[sizeof(j->next.renames)];
	struct topology *t;
	struct err e;

	memcpy(from, j->next.renames, sizeof(from));
	outcome_from(o, j);
	if (j->result < 0) {
		boot_rename_abandon(g, j->next.name);
		t = topology_find(&g->env, from, NULL);
		if (j->outcome == OUTCOME_ROLLBACK_FAILED) {
			t->state = STATE_FAILED;
			t->broken = true;
			problems_done(&t->problems);
			for (size_t i = 0; i < o->problems.n; i++)
				problem_copy(&t->problems, &o->problems.v[i]);
		}
		watched_mark_all(t);
		g->env.marked = true;
		return;
	}
	t = take_name(g, &j->next);
	snprintf(o->name, sizeof(o->name), "%s", t->name);
	snprintf(o->source, sizeof(o->source), "%s", from);
	/* What comes next sees whether all is as declared under this name. */
	watched_mark_all(t);
	g->env.marked = true;
	if (finish(g, t, &e) < 0) {
		o->code = OUTCOME_NOT_PERSISTED;
		err_append(&e, "; it is tried again by: netnsctl rename %s %s", from, t->name);
		problem_add_err(&o->problems, &e, NULL, NULL);
	}
}

/* ---- the start ---- */

int rename_recover(struct engine *g, struct record *r, struct err *e)
{
	struct job *j = &g->job;
	bool up = r->state == STATE_UP;
	int result;

	*j = (struct job){ 0 };
	job_init(j, &g->env.machine, &g->env.store);
	snprintf(j->next.name, sizeof(j->next.name), "%s", r->name);
	snprintf(j->next.renames, sizeof(j->next.renames), "%s", r->renames);
	if (up) {
		declaration_done(&j->desired);
		if (topology_load(&g->env, r->topology, r->names, &j->desired, e) < 0) {
			model_init(&j->desired.model, g->env.kinds);
			job_done(j);
			return e->code;
		}
	}
	rename_resume(j);
	result = j->result;
	if (result < 0)
		err_set(e, -result, "%s", j->problems.v[0].message);
	else
		topology_take(&g->env, r, up ? &j->desired.model : NULL);
	job_done(j);
	return result;
}

void rename_drop_former(struct engine *g)
{
	for (size_t i = 0; i < g->env.n_topologies; i++) {
		struct topology *t = g->env.topologies[i];

		if (!*t->renames)
			continue;
		topology_drop(&g->env, t->renames);
		/* The list may have moved. */
		i = 0;
		while (i < g->env.n_topologies && g->env.topologies[i] != t)
			i++;
	}
}

int rename_finish(struct engine *g, const char *name, struct err *e)
{
	for (size_t i = 0; i < g->env.n_topologies; i++) {
		struct topology *t = g->env.topologies[i];

		if (!*t->renames || (strcmp(t->renames, name) != 0 && strcmp(t->name, name) != 0))
			continue;
		if (boot_rename_prepare(g, t->renames, t->name, e) < 0 || finish(g, t, e) < 0)
			return err_prefix(e, "%s was renamed to %s, which is not finished", t->renames, t->name);
		return 1;
	}
	return 0;
}

bool rename_repeats(struct engine *g, const struct change *c, struct outcome *o)
{
	const struct topology *t = c->type == CHANGE_RENAME ? topology_find(&g->env, c->to, NULL) : NULL;

	if (!t || !*t->renames || strcmp(t->renames, c->name) != 0)
		return false;
	snprintf(o->source, sizeof(o->source), "%s", c->name);
	return true;
}

void rename_finish_all(struct engine *g)
{
	_cleanup_(freep) char(*names)[sizeof(((struct topology *)0)->renames)] =
		must(calloc(g->env.n_topologies + 1, sizeof(*names)));
	size_t n = 0;

	/* The list changes with the files. */
	for (size_t i = 0; i < g->env.n_topologies; i++)
		if (*g->env.topologies[i]->renames)
			memcpy(names[n++], g->env.topologies[i]->renames, sizeof(*names));
	for (size_t i = 0; i < n; i++) {
		struct err e;

		if (rename_finish(g, names[i], &e) < 0)
			log_warning("%s: %s", names[i], e.text);
	}
}
