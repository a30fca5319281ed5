/* SPDX-License-Identifier: MIT */
/* naming.c - the engine that naming.h describes: its store is on disk, and nothing of it is up. */
#include "naming.h"
#include "base/json.h"
#include "base/log.h"
#include "disk.h"
#include "engine/boot.h"
#include "records.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <json-c/json.h>

static int begin(void *state, const struct record *r, struct err *e)
{
	return state_begin(state, r, e);
}

static int commit(void *state, const char *name, struct err *e)
{
	return state_commit(state, name, e);
}

static int abandon(void *state, const char *name, struct err *e)
{
	return state_abandon(state, name, e);
}

void naming_start(struct fixture *f)
{
	struct engine *g = f->g = must(calloc(1, sizeof(*f->g)));

	g->env.kinds = &all_kinds;
	g->env.machine.kinds = &all_kinds;
	state_opened(&g->env.state, f->dir);
	g->env.store = (struct store){ &g->env.state, begin, commit, abandon };
	g->env.events = events_new(f->dir);
	g->boot = boot_new(&all_kinds, disk_path(f->dir, "etc"), disk_path(f->dir, "var"));
	queue_init(&g->queue);
}

void naming_stop(struct fixture *f)
{
	queue_done(&f->g->queue);
	boot_free(f->g->boot);
	events_free(f->g->env.events);
	while (f->g->env.n_topologies)
		topology_drop(&f->g->env, f->g->env.topologies[0]->name);
	free(f->g->env.topologies);
	state_close(&f->g->env.state);
	free(f->g);
}

int naming_setup(void **state)
{
	struct fixture *f = must(calloc(1, sizeof(*f)));

	disk_setup((void **)&f->dir);
	naming_start(f);
	*state = f;
	return 0;
}

int naming_teardown(void **state)
{
	struct fixture *f = *state;

	naming_stop(f);
	disk_teardown((void **)&f->dir);
	free(f);
	return 0;
}

/* A topology of that name; @rest follows the name. */
static struct json_text *text_of(const char *name, const char *rest)
{
	char text[256];

	snprintf(text, sizeof(text), "{\"name\":\"%s\",%s}", name, rest);
	return json_text(text);
}

/* A topology in memory and on disk. */
struct topology *naming_add(struct fixture *f, const char *name, enum topology_state state, const char *rest)
{
	struct record r = { .state = state, .healed = 3 };
	struct topology *t;
	struct err e;

	r.topology = text_of(name, rest);
	snprintf(r.name, sizeof(r.name), "%s", name);
	snprintf(r.source, sizeof(r.source), "%s/etc/%s.json", f->dir, name);
	model_init(&r.saved, &all_kinds);
	model_init(&r.delta, &all_kinds);
	topology_take(&f->g->env, &r, NULL);
	record_done(&r);
	t = topology_find(&f->g->env, name, NULL);
	assert_int_equal(topology_store(&f->g->env, t, &e), 0);
	events_tell(f->g->env.events,
		    &(struct event){ .type = EVENT_APPLIED, .topology = name, .message = "applied", .quiet = true });
	return t;
}

struct topology *naming_add_down(struct fixture *f, const char *name)
{
	return naming_add(f, name, STATE_DOWN, NAMING_NOTHING);
}

bool naming_prepare(struct fixture *f, const char *from, const char *to, struct outcome *o)
{
	struct change c = { .type = CHANGE_RENAME };

	*o = (struct outcome){ 0 };
	snprintf(c.name, sizeof(c.name), "%s", from);
	snprintf(c.to, sizeof(c.to), "%s", to);
	return rename_begin(f->g, &f->g->job, &c, o);
}

/* Nothing is left under the old name, and all there was has the new one. */
void naming_expect(struct fixture *f, const char *from, const char *to)
{
	struct topology *t = topology_find(&f->g->env, to, NULL);
	struct json_object *list = events_last(f->g->env.events, from, EVENTS_MAX);
	_cleanup_(json_putp) struct json_object *json = NULL;
	char known[80];

	assert_null(topology_find(&f->g->env, from, NULL));
	assert_non_null(t);
	assert_string_equal(t->renames, "");
	assert_string_equal(topology_macs(t), from);
	assert_int_equal(t->healed, 3);
	json = json_text_parse(t->json);
	assert_string_equal(json_object_get_string(json_object_object_get(json, "name")), to);
	assert_int_equal(json_object_array_length(list), 0);
	json_object_put(list);
	list = events_last(f->g->env.events, to, EVENTS_MAX);
	assert_int_equal(json_object_array_length(list), 1);
	json_object_put(list);
	snprintf(known, sizeof(known), "%s.json ", to);
	assert_string_equal(disk_list(disk_path(f->dir, "known")), known);
	assert_string_equal(disk_list(disk_path(f->dir, "pending")), "");
}

void naming_save(struct fixture *f, struct topology *t)
{
	struct err e;

	assert_int_equal(boot_persist(f->g, t, &e), 0);
}
