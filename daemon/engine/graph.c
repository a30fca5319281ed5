/* SPDX-License-Identifier: MIT */
/* graph.c - what topologies declare and the kernel has, as a graph: namespaces with their interfaces, and the cables
 * between these.  Everything is in the order of the file. */
#include "graph.h"
#include "reconcile.h"
#include "drifted.h"
#include "view.h"
#include "base/json_struct.h"
#include "model/kind.h"
#include "model/model.h"

static const char *condition_word(unsigned i)
{
	static const char *const words[] = { "up", "no_carrier", "down", "missing" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const char *cable_word(unsigned i)
{
	static const char *const words[] = { "pair", "port", "base" };

	return i < ARRAY_SIZE(words) ? words[i] : NULL;
}

static const struct json_member interface_members[] = {
	JSON_MEMBER(graph_interface, name, TEXT),
	JSON_MEMBER(graph_interface, kind, TEXT),
	JSON_MEMBER(graph_interface, topology, TEXT, .optional = true),
	JSON_MEMBER(graph_interface, state, WORD, .word = condition_word),
	JSON_MEMBER(graph_interface, drifted, FLAG),
	JSON_MEMBER(graph_interface, foreign, FLAG),
	JSON_MEMBER(graph_interface, mtu, U32, .optional = true),
	JSON_MEMBER(graph_interface, addresses, LIST),
	JSON_MEMBER(graph_interface, shaping, LIST),
};
static const struct json_struct interface_shape = JSON_STRUCT(graph_interface, interface_members);

static const struct json_member namespace_members[] = {
	JSON_MEMBER(graph_namespace, name, TEXT),     JSON_MEMBER(graph_namespace, topology, TEXT, .optional = true),
	JSON_MEMBER(graph_namespace, missing, FLAG),  JSON_MEMBER(graph_namespace, drifted, FLAG),
	JSON_MEMBER(graph_namespace, foreign, FLAG),  JSON_MEMBER(graph_namespace, interfaces, LIST),
	JSON_MEMBER(graph_namespace, gateways, LIST),
};
static const struct json_struct namespace_shape = JSON_STRUCT(graph_namespace, namespace_members);

static const struct json_member cable_members[] = {
	JSON_MEMBER(graph_cable, type, WORD, .word = cable_word),
	JSON_MEMBER(graph_cable, source, TEXT),
	JSON_MEMBER(graph_cable, to, TEXT, .optional = true),
};
static const struct json_struct cable_shape = JSON_STRUCT(graph_cable, cable_members);

struct json_object *graph_interface_json(const struct graph_interface *i)
{
	return json_encode(&interface_shape, i);
}

struct json_object *graph_namespace_json(const struct graph_namespace *n)
{
	return json_encode(&namespace_shape, n);
}

struct json_object *graph_cable_json(const struct graph_cable *c)
{
	return json_encode(&cable_shape, c);
}

/* What is made of one topology after the other.  The indexes are sets of texts. */
struct build {
	struct json_object *namespaces, *cables; /* the answer */
	struct json_object *places;              /* "NS", "NS/IF" → its JSON in the answer */
	struct json_object *told;                /* "pair NS/IF", "NS/IF 10.0.0.1/24": it is in the answer already */
	struct json_object *drifted;             /* "NS", "NS/IF": of the present topology */
	const char *topology;
	const struct model *declared, *observed; /* observed NULL: it is down */
};

static bool index_has(struct json_object *index, const char *key)
{
	return json_object_object_get_ex(index, key, NULL);
}

/* Whether it is the first time that "@what @about" is told. */
static bool is_news(struct build *b, const char *what, const char *about)
{
	struct arena a = { 0 };
	const char *key = arena_fmt(&a, "%s %s", what, about);
	bool is = !index_has(b->told, key);

	if (is)
		json_object_object_add(b->told, key, NULL);
	arena_done(&a);
	return is;
}

static bool is_true(const struct object *o, const char *name)
{
	struct json_object *v = object_value(o, name);
	bool is = json_object_get_boolean(v);

	json_object_put(v);
	return is;
}

static uint32_t number(const struct object *o, const char *name)
{
	struct json_object *v = object_value(o, name);
	uint32_t n = (uint32_t)json_object_get_int64(v);

	json_object_put(v);
	return n;
}

static enum link_condition condition(const struct object *seen)
{
	if (!seen)
		return CONDITION_MISSING;
	if (!is_true(seen, "up"))
		return CONDITION_DOWN;
	return is_true(seen, "carrier") ? CONDITION_UP : CONDITION_NO_CARRIER;
}

static void add_interface(struct build *b, struct json_object *list, const struct object *declared,
			  const struct object *seen)
{
	const struct object *o = declared ?: seen;
	struct graph_interface i = {
		.name = o->name,
		.kind = (seen ?: o)->kind->name,
		.topology = declared ? b->topology : NULL,
		.state = condition(seen),
		.drifted = index_has(b->drifted, o->place),
		.foreign = seen && seen->owner == OWNER_FOREIGN,
		.mtu = number(seen ?: o, "mtu"),
		.addresses = must(json_object_new_array()),
		.shaping = must(json_object_new_array()),
	};
	struct json_object *json = graph_interface_json(&i);

	json_object_put(i.addresses);
	json_object_put(i.shaping);
	json_object_array_add(list, json);
	json_object_object_add(b->places, o->place, json_object_get(json));
}

/* The list @key of what is at the place of @o; NULL: that is not drawn. */
static struct json_object *list_of(struct build *b, const char *place, const char *key)
{
	struct json_object *at = json_object_object_get(b->places, place);

	return at ? json_object_object_get(at, key) : NULL;
}

/* The link-local addresses of IPv6 are everywhere, and say nothing. */
static void add_address(struct build *b, const struct object *o)
{
	struct json_object *list = list_of(b, o->place, "addresses"), *v = object_value(o, "address");
	const char *s = json_object_get_string(v);

	if (list && s && strncmp(s, "fe80:", 5) && is_news(b, o->place, s))
		json_object_array_add(list, json_object_get(v));
	json_object_put(v);
}

/* "netem delay 10ms": what the file says of @o, in the words of a plan. */
static void add_words(struct json_object *list, const struct object *o)
{
	struct arena a = { 0 };
	const char *words = object_describe(&a, o, NULL, o->declared & ~kind_mask(o->kind, HIDDEN));

	if (list)
		json_object_array_add(list, json_object_new_string(words));
	arena_done(&a);
}

static bool is_gateway(const struct object *o)
{
	struct json_object *to = object_is(o, "route") ? object_value(o, "to") : NULL;
	bool is = to && !strcmp(json_object_get_string(to), "default");

	json_object_put(to);
	return is;
}

static void add_cable(struct build *b, enum cable_type type, const char *from, const char *to)
{
	const struct graph_cable c = { type, from, to };

	if (type == CABLE_PAIR ? is_news(b, "pair", from) : is_news(b, from, to))
		json_object_array_add(b->cables, graph_cable_json(&c));
	if (type == CABLE_PAIR && to)
		(void)is_news(b, "pair", to);
}

/* What the interface @o creates is its other end; what it refers to, its master or its base. */
static void add_cables(struct build *b, const struct object *o)
{
	struct ref r;

	for (size_t i = 0; object_ref(o, true, &i, &r);)
		if (!strcmp(r.class, "link"))
			add_cable(b, CABLE_PAIR, o->place, r.to);
	for (size_t i = 0; object_ref(o, false, &i, &r);)
		if (!strcmp(r.class, "link"))
			add_cable(b, strcmp(o->kind->fields[r.field].name, "master") ? CABLE_BASE : CABLE_PORT,
				  o->place, r.to);
}

static bool has_other_end(const struct kind *k)
{
	for (size_t i = 0; i < k->n_fields; i++)
		if (k->fields[i].gives && !strcmp(k->fields[i].gives, "link"))
			return true;
	return false;
}

static void add_declared(struct build *b, struct json_object *namespace, const struct object *netns)
{
	struct json_object *list = json_object_object_get(namespace, "interfaces");

	for (const struct object *o = netns->first; o; o = o->next)
		if (object_is(o, "link") && !index_has(b->places, o->place))
			add_interface(b, list, o, b->observed ? model_find(b->observed, o->id) : NULL);
	for (const struct object *o = netns->first; o; o = o->next) {
		if (object_is(o, "link"))
			add_cables(b, o);
		else if (object_is(o, "address"))
			add_address(b, o);
		else if (!strcmp(o->kind->label, "qdisc"))
			add_words(list_of(b, o->place, "shaping"), o);
		else if (is_gateway(o))
			add_words(json_object_object_get(namespace, "gateways"), o);
	}
}

/* What others put into a namespace of ours. */
static void add_observed(struct build *b, struct json_object *namespace, const struct object *netns)
{
	struct json_object *list = json_object_object_get(namespace, "interfaces");

	for (const struct object *o = netns->first; o; o = o->next)
		if (object_is(o, "link") && !o->alias_of && netns->owner == OWNER_OURS &&
		    !index_has(b->places, o->place)) {
			add_interface(b, list, NULL, o);
			add_cables(b, o);
			/* Where it leads nobody knows: only the ends of declared pairs are looked for. */
			if (has_other_end(o->kind))
				add_cable(b, CABLE_PAIR, o->place, NULL);
		}
	for (const struct object *o = netns->first; o; o = o->next)
		if (object_is(o, "address"))
			add_address(b, o);
}

static void add_namespace(struct build *b, const struct object *declared)
{
	const struct object *seen = b->observed ? model_netns(b->observed, declared->netns) : NULL;
	struct json_object *json = json_object_object_get(b->places, declared->netns);
	struct graph_namespace n = {
		.name = declared->netns,
		.topology = declared->managed ? NULL : b->topology,
		.missing = !seen && strcmp(declared->netns, "host") != 0,
		.drifted = index_has(b->drifted, declared->netns),
		.foreign = declared->managed,
	};

	if (!json) {
		n.interfaces = must(json_object_new_array());
		n.gateways = must(json_object_new_array());
		json = graph_namespace_json(&n);
		json_object_put(n.interfaces);
		json_object_put(n.gateways);
		json_object_array_add(b->namespaces, json);
		json_object_object_add(b->places, declared->netns, json_object_get(json));
	}
	add_declared(b, json, declared);
	if (seen)
		add_observed(b, json, seen);
}

static void add_model(struct build *b)
{
	for (size_t i = 0; i < b->declared->n; i++) {
		const struct object *o = b->declared->objects[i];

		/* The host that nothing is declared of is in each model, too. */
		if (object_is(o, "netns") && (!o->managed || o->first))
			add_namespace(b, o);
	}
}

static int add_topology(struct build *b, struct engine *g, const struct topology *t, struct err *e)
{
	struct declaration d = { 0 };
	struct drifted drift;
	struct view v = { 0 };
	int r;

	b->topology = t->name;
	b->drifted = must(json_object_new_object());
	for (size_t i = 0; engine_drifted(g, t->name, &i, &drift);)
		if (drift.open)
			json_object_object_add(b->drifted, drift.object, NULL);
	if (topology_is_up(t)) {
		r = engine_observe(g, t->name, &v, e);
		b->declared = v.declared;
		b->observed = v.observed;
	} else {
		r = t->json ? topology_load(&g->env, t->json, t->names, &d, e) : 0;
		model_link(&d.model);
		b->declared = &d.model;
		b->observed = NULL;
	}
	if (r == 0)
		add_model(b);
	view_done(&v);
	declaration_done(&d);
	json_object_put(b->drifted);
	return r;
}

static bool is_asked_for(struct json_object *names, const struct topology *t)
{
	for (size_t i = 0; names && i < json_object_array_length(names); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(names, i)), t->name))
			return true;
	return !names;
}

int graph_answer(struct engine *g, struct json_object *names, struct json_object **ret, const char **ret_missing,
		 struct err *e)
{
	struct build b = { .namespaces = must(json_object_new_array()),
			   .cables = must(json_object_new_array()),
			   .places = must(json_object_new_object()),
			   .told = must(json_object_new_object()) };
	const struct topology *const *all;
	size_t n = engine_topologies(g, &all);
	int r = 0;

	for (size_t i = 0; names && i < json_object_array_length(names) && r == 0; i++) {
		*ret_missing = json_object_get_string(json_object_array_get_idx(names, i));
		if (!engine_find(g, *ret_missing))
			r = err_set(e, ENOENT, "there is no topology %s", *ret_missing);
	}
	for (size_t i = 0; i < n && r == 0; i++)
		if (is_asked_for(names, all[i]))
			r = add_topology(&b, g, all[i], e);
	json_object_put(b.places);
	json_object_put(b.told);
	if (r < 0) {
		json_object_put(b.namespaces);
		json_object_put(b.cables);
		return r;
	}
	*ret = must(json_object_new_object());
	json_object_object_add(*ret, "namespaces", b.namespaces);
	json_object_object_add(*ret, "cables", b.cables);
	return 0;
}
