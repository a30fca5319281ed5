/* SPDX-License-Identifier: MIT */
/* status.c - what netnsd has and the kernel has, in the shapes of the interface text. */
#include "reconcile.h"
#include "confirm.h"
#include "view.h"
#include "drifted.h"
#include "shape.h"
#include "status.h"
#include "boot.h"
#include "model/kind.h"
#include "model/model.h"
#include <json-c/json.h>

static void add(struct json_object *o, const char *key, struct json_object *v)
{
	json_object_object_add(o, key, v);
}

static void add_text(struct json_object *o, const char *key, const char *s)
{
	if (s)
		add(o, key, json_object_new_string(s));
}

static void add_number(struct json_object *o, const char *key, uint64_t n)
{
	add(o, key, json_object_new_int64((int64_t)n));
}

static void add_drifted(struct engine *g, const char *name, struct json_object *to)
{
	struct json_object *list = json_object_new_array();
	struct drifted d;

	for (size_t i = 0; engine_drifted(g, name, &i, &d);)
		json_object_array_add(list, shape_drifted(&d));
	if (json_object_array_length(list))
		add(to, "drift", list);
	else
		json_object_put(list);
}

static struct json_object *topology_json(struct engine *g, const struct topology *t)
{
	static const char *const words[] = {
		[STATE_UP] = "up", [STATE_DOWN] = "down", [STATE_FAILED] = "failed", [STATE_WAITING] = "waiting"
	};
	static const char *const disk_words[] = {
		[ON_DISK_SAME] = NULL,     [ON_DISK_NEW] = "new",         [ON_DISK_CHANGED] = "changed",
		[ON_DISK_OTHER] = "other", [ON_DISK_INVALID] = "invalid",
	};
	struct json_object *o = json_object_new_object();

	add_text(o, "name", t->name);
	add_text(o, "state", words[t->state]);
	add_number(o, "namespaces", t->namespaces);
	add_number(o, "links", t->links);
	add_number(o, "healed", t->healed);
	add_number(o, "since_usec", t->since_usec);
	add_text(o, "source", t->source);
	add(o, "boot", json_object_new_boolean(t->boot));
	add_text(o, "boot_file", t->boot_file);
	add_text(o, "on_disk", disk_words[t->on_disk]);
	if (t->confirm_usec)
		add_number(o, "confirm_usec", confirm_left(t->confirm_usec));
	if (t->problems.n)
		add(o, "problem", shape_problem(&t->problems.v[0]));
	else if (t->on_disk_problem)
		add(o, "problem", shape_problem(t->on_disk_problem));
	add_text(o, "reason", why_not_word(engine_left_alone(g, t->name)));
	add_drifted(g, t->name, o);
	return o;
}

static void add_value(struct json_object *to, const struct object *o, const char *name)
{
	struct json_object *v = object_value(o, name);

	if (v)
		add(to, name, v);
}

static struct json_object *interface_json(const struct object *o)
{
	static const char *const fields[] = { "up", "carrier", "mtu", "mac", "peer", "master" };
	struct json_object *i = json_object_new_object();

	add_text(i, "namespace", o->netns);
	add_text(i, "name", o->name);
	add_text(i, "kind", o->kind->name);
	for (size_t f = 0; f < ARRAY_SIZE(fields); f++)
		add_value(i, o, fields[f]);
	add(i, "addresses", json_object_new_array());
	return i;
}

/* In the daemon's own namespace, only what the topology is about; in others, everything. */
static bool is_shown(const struct model *desired, const struct object *netns, const struct object *link)
{
	return !link->alias_of && (netns->owner == OWNER_OURS || model_find(desired, link->id));
}

static const char *condition(const struct object *o)
{
	return o->kind->condition ? o->kind->condition(o) : NULL;
}

/* The link-local and loopback addresses of IPv6 are everywhere and say nothing. */
static bool is_everywhere(const struct object *address)
{
	struct json_object *v = object_value(address, "address");
	const char *s = json_object_get_string(v);
	const char *word = condition(address);
	bool everywhere = address->managed && !(word && !strcmp(word, "duplicate")) &&
			  (!strncmp(s, "fe80:", 5) || !strcmp(s, "::1"));

	json_object_put(v);
	return everywhere;
}

static void add_condition(struct json_object *interface, const struct object *address)
{
	struct json_object *one = json_object_new_object(), *all = json_object_object_get(interface, "conditions");

	if (!all)
		add(interface, "conditions", all = json_object_new_array());
	add(one, "address", object_value(address, "address"));
	add_text(one, "condition", condition(address));
	json_object_array_add(all, one);
}

/* Adds it to the @interface that it is on. */
static void add_address(struct json_object *interface, const struct object *address)
{
	json_object_array_add(json_object_object_get(interface, "addresses"), object_value(address, "address"));
	if (condition(address))
		add_condition(interface, address);
}

/* Adds a list for each kind of them, in the words of ip(8). */
static void add_lists(struct json_object *to, const struct model *desired, const struct object *netns)
{
	struct arena a = { 0 };

	for (size_t i = 0; i < desired->kinds->n; i++)
		if (kind_is_listed(desired->kinds->v[i]))
			add(to, desired->kinds->v[i]->section, json_object_new_array());
	for (const struct object *o = netns->first; o; o = o->next)
		/* The kernel has a scope for every route: it would only repeat what the rest says. */
		if (kind_is_listed(o->kind) && !o->beside && !o->foreign &&
		    (netns->owner == OWNER_OURS || model_find(desired, o->id)))
			json_object_array_add(
				json_object_object_get(to, o->kind->section),
				json_object_new_string(object_describe(&a, o, NULL, ~field_bit(o->kind, "scope"))));
	arena_done(&a);
}

static bool has_lists(const struct json_object *n, const struct kinds *kinds)
{
	for (size_t i = 0; i < kinds->n; i++)
		if (kind_is_listed(kinds->v[i]) &&
		    json_object_array_length(json_object_object_get(n, kinds->v[i]->section)))
			return true;
	return false;
}

static void add_obstacles(struct json_object *to, const struct view *v, const char *netns)
{
	struct json_object *list = NULL;

	for (size_t i = 0; i < v->n_obstacles; i++) {
		const struct obstacle *o = &v->obstacles[i];
		struct json_object *one;

		if (strcmp(o->netns, netns))
			continue;
		if (!list)
			add(to, "obstacles", list = json_object_new_array());
		one = json_object_new_object();
		add_text(one, "chain", o->chain);
		add_text(one, "how", o->how);
		add_text(one, "command", o->command);
		add(one, "certain", json_object_new_boolean(o->certain));
		json_object_array_add(list, one);
	}
}

/* @shown: of each observed object what shows it, if it is an interface. */
static struct json_object *namespace_json(const char *topology, const struct view *v, const struct object *netns,
					  struct json_object **shown)
{
	const struct model *desired = v->declared;
	struct json_object *n = json_object_new_object(), *interfaces = json_object_new_array();

	for (const struct object *o = netns->first; o; o = o->next)
		if (object_is(o, "link") && is_shown(desired, netns, o))
			json_object_array_add(interfaces, shown[o->seq] = interface_json(o));
	for (const struct object *o = netns->first; o; o = o->next) {
		const struct object *on =
			object_is(o, "address") ? model_find_ref(v->observed, "link", o->place) : NULL;

		if (on && shown[on->seq] && !is_everywhere(o))
			add_address(shown[on->seq], o);
	}
	add_text(n, "topology", topology);
	add_text(n, "name", netns->netns);
	add(n, "interfaces", interfaces);
	add_lists(n, desired, netns);
	add_obstacles(n, v, netns->netns);
	return n;
}

/* @only: that namespace, or NULL: all of them. */
static int add_namespaces(struct engine *g, const char *name, const char *only, struct json_object *list, struct err *e)
{
	struct view v;
	int r = engine_observe(g, name, &v, e);
	_cleanup_(freep) struct json_object **shown =
		must(calloc(r == 0 ? v.observed->n + 1 : 1, sizeof(struct json_object *)));

	for (size_t i = 0; r == 0 && i < v.n_namespaces; i++) {
		const struct object *o = v.namespaces[i];
		struct json_object *n;

		if (only && strcmp(o->netns, only) != 0)
			continue;
		n = namespace_json(name, &v, o, shown);
		if (o->owner != OWNER_OURS && !json_object_array_length(json_object_object_get(n, "interfaces")) &&
		    !has_lists(n, v.observed->kinds) && !json_object_object_get(n, "obstacles"))
			json_object_put(n);
		else
			json_object_array_add(list, n);
	}
	view_done(&v);
	return r;
}

/* Whether it is shown: all are, or it has the name, or declares the namespace of that name. */
static bool is_asked(const struct topology *t, const struct topology *one, const char *name)
{
	return one ? t == one : !name || topology_declares(t, name);
}

static int add_asked(struct engine *g, const struct topology *t, const char *only, struct json_object *to,
		     struct err *e)
{
	int r = topology_is_up(t) ? add_namespaces(g, t->name, only, to, e) : 0;

	/* A failed topology is shown as far as possible. */
	return t->state == STATE_FAILED ? 0 : r;
}

int status_topologies(struct engine *g, const char *name, struct json_object **ret, struct err *e)
{
	struct json_object *topologies = json_object_new_array(), *namespaces = json_object_new_array();
	const struct topology *one;
	const struct topology *const *all;
	size_t n;
	int r = 0;

	boot_refresh(g);
	one = name ? engine_find(g, name) : NULL;
	n = engine_topologies(g, &all);
	for (size_t i = 0; i < n && r == 0; i++) {
		if (!is_asked(all[i], one, name))
			continue;
		json_object_array_add(topologies, topology_json(g, all[i]));
		if (name)
			r = add_asked(g, all[i], one ? NULL : name, namespaces, e);
	}
	if (name && !json_object_array_length(topologies))
		r = err_set(e, ENOENT, "there is no topology %s, and none declares a namespace of that name", name);
	if (r < 0) {
		json_object_put(topologies);
		json_object_put(namespaces);
		return r;
	}
	*ret = json_object_new_object();
	add(*ret, "topologies", topologies);
	add(*ret, "namespaces", namespaces);
	return 0;
}

int status_list(struct engine *g, struct json_object **ret, struct err *e)
{
	struct json_object *namespaces = json_object_new_array();
	const struct topology *const *all;
	size_t n = engine_topologies(g, &all);
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		if (topology_is_up(all[i]))
			r = add_namespaces(g, all[i]->name, NULL, namespaces, e);
	if (r < 0) {
		json_object_put(namespaces);
		return r;
	}
	*ret = json_object_new_object();
	add(*ret, "namespaces", namespaces);
	return 0;
}
