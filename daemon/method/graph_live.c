/* SPDX-License-Identifier: MIT */
/* graph_live.c - adds to an answer of Graph what no topology declares: namespaces of others, interfaces of the host, and
 * the other ends of veth pairs. */
#include "graph_live.h"
#include "base/utf8.h"
#include "engine/graph.h"

struct graph_live {
	const struct facts *f;
	struct json_object *answer;
	struct json_object *places; /* "NS", "NS/IF" → its JSON in the answer */
	struct json_object *pairs;  /* "NS/IF": an end of a pair → its cable */
	struct json_object *ports;  /* "NS/IF": its master is in the answer */
	size_t at;                  /* the namespaces, then those again for their cables */
};

static struct json_object *list_of(struct json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

/* The kernel lets a name have any bytes; an answer is UTF-8. */
static const char *name_of(struct arena *a, const struct link_fact *l)
{
	char *name = arena_strdup(a, l->name);

	utf8_repair(name);
	return name;
}

static const char *place_of(struct arena *a, const struct netns_fact *n, const struct link_fact *l)
{
	return arena_fmt(a, "%s/%s", n->name, name_of(a, l));
}

struct graph_live *graph_live_begin(const struct facts *f, struct json_object *answer)
{
	struct graph_live *g = must(calloc(1, sizeof(*g)));
	struct json_object *namespaces = list_of(answer, "namespaces"), *cables = list_of(answer, "cables");
	struct arena a = { 0 };

	*g = (struct graph_live){ .f = f,
				  .answer = answer,
				  .places = must(json_object_new_object()),
				  .pairs = must(json_object_new_object()),
				  .ports = must(json_object_new_object()) };
	for (size_t i = 0; i < json_object_array_length(namespaces); i++) {
		struct json_object *n = json_object_array_get_idx(namespaces, i), *list = list_of(n, "interfaces");

		json_object_object_add(g->places, text_of(n, "name"), json_object_get(n));
		for (size_t k = 0; k < json_object_array_length(list); k++) {
			struct json_object *o = json_object_array_get_idx(list, k);

			json_object_object_add(g->places,
					       arena_fmt(&a, "%s/%s", text_of(n, "name"), text_of(o, "name")),
					       json_object_get(o));
		}
	}
	for (size_t i = 0; i < json_object_array_length(cables); i++) {
		struct json_object *c = json_object_array_get_idx(cables, i);

		if (!strcmp(text_of(c, "type"), "port"))
			json_object_object_add(g->ports, text_of(c, "source"), NULL);
		if (strcmp(text_of(c, "type"), "pair") != 0)
			continue;
		json_object_object_add(g->pairs, text_of(c, "source"), json_object_get(c));
		if (text_of(c, "to"))
			json_object_object_add(g->pairs, text_of(c, "to"), json_object_get(c));
	}
	arena_done(&a);
	return g;
}

/* The namespace in the answer: one that no topology declares is new. */
static struct json_object *namespace_of(struct graph_live *g, const struct netns_fact *n)
{
	struct json_object *o = json_object_object_get(g->places, n->name);
	struct graph_namespace new = { .name = n->name, .foreign = true };

	if (o || (n->place != PLACE_FOREIGN && n->place != PLACE_HOST))
		return o;
	new.interfaces = must(json_object_new_array());
	new.gateways = must(json_object_new_array());
	o = graph_namespace_json(&new);
	json_object_put(new.interfaces);
	json_object_put(new.gateways);
	json_object_array_add(list_of(g->answer, "namespaces"), o);
	json_object_object_add(g->places, n->name, json_object_get(o));
	return o;
}

static void add_link(struct graph_live *g, struct json_object *list, const struct link_fact *l, const char *place)
{
	struct graph_interface i = {
		.name = strchr(place, '/') + 1,
		.kind = *l->kind      ? l->kind
			: l->loopback ? "loopback"
				      : "interface",
		.state = !l->up       ? CONDITION_DOWN
			 : l->carrier ? CONDITION_UP
				      : CONDITION_NO_CARRIER,
		.foreign = true,
		.mtu = l->mtu,
		.addresses = must(json_object_new_array()),
		.shaping = must(json_object_new_array()),
	};
	struct json_object *o = graph_interface_json(&i);

	json_object_put(i.addresses);
	json_object_put(i.shaping);
	json_object_array_add(list, o);
	json_object_object_add(g->places, place, json_object_get(o));
}

/* Adds the links of a namespace that are in no topology, with their addresses. */
static void add_netns(struct graph_live *g, const struct netns_fact *n)
{
	struct json_object *o = namespace_of(g, n);
	struct arena a = { 0 };
	bool *new = arena_alloc(&a, (n->s.n_links + 1) * sizeof(*new));

	for (size_t i = 0; o && i < n->s.n_links; i++) {
		const struct link_fact *l = &n->s.links[i];
		const char *place = place_of(&a, n, l);

		/* What another topology declares is not asked for. */
		if (json_object_object_get_ex(g->places, place, NULL) || (n->owners && n->owners[i] >= 0))
			continue;
		new[i] = true;
		add_link(g, list_of(o, "interfaces"), l, place);
	}
	for (size_t i = 0; o && i < n->s.n_addresses; i++) {
		const struct address_fact *address = &n->s.addresses[i];
		const struct link_fact *l = survey_link(&n->s, address->link);
		char text[64];

		if (!l || !new[l - n->s.links] || inet_is_link_local(&address->address))
			continue;
		json_object_array_add(list_of(json_object_object_get(g->places, place_of(&a, n, l)), "addresses"),
				      json_object_new_string(inet_text(&address->address, false, text)));
	}
	arena_done(&a);
}

/* Adds the cable, or its other end to the one that has it not. */
static void add_pair(struct graph_live *g, const char *from, const char *to)
{
	struct json_object *c = json_object_object_get(g->pairs, from);
	const struct graph_cable cable = { CABLE_PAIR, from, to };

	if (c && to && !text_of(c, "to") && !json_object_object_get_ex(g->pairs, to, NULL)) {
		json_object_object_add(c, "to", json_object_new_string(to));
		json_object_object_add(g->pairs, to, json_object_get(c));
	}
	if (c || (to && json_object_object_get_ex(g->pairs, to, NULL)))
		return;
	c = graph_cable_json(&cable);
	json_object_array_add(list_of(g->answer, "cables"), c);
	json_object_object_add(g->pairs, from, json_object_get(c));
	if (to)
		json_object_object_add(g->pairs, to, json_object_get(c));
}

static void add_cables(struct graph_live *g, const struct netns_fact *n)
{
	struct arena a = { 0 };

	for (size_t i = 0; i < n->s.n_links; i++) {
		const struct link_fact *l = &n->s.links[i], *master = l->master ? survey_link(&n->s, l->master) : NULL,
				       *peer;
		const char *from = place_of(&a, n, l);
		struct json_object *o = json_object_object_get(g->places, from);
		const struct netns_fact *other = NULL;

		if (!o)
			continue;
		peer = l->class == LINK_PAIR ? facts_peer(g->f, l, &other) : NULL;
		if (l->class == LINK_PAIR)
			add_pair(g, from, peer ? place_of(&a, other, peer) : NULL);
		/* That of a declared one is as declared. */
		if (master && !text_of(o, "topology") && !json_object_object_get_ex(g->ports, from, NULL)) {
			const struct graph_cable port = { CABLE_PORT, from, place_of(&a, n, master) };

			json_object_array_add(list_of(g->answer, "cables"), graph_cable_json(&port));
		}
	}
	arena_done(&a);
}

bool graph_live_step(struct graph_live *g)
{
	size_t n = g->f->n_netns;
	const struct netns_fact *now = n ? &g->f->netns[g->at % n] : NULL;

	if (g->at >= 2 * n)
		return false;
	if (now->there && !now->stale)
		(g->at < n ? add_netns : add_cables)(g, now);
	return ++g->at < 2 * n;
}

struct json_object *graph_live_take(struct graph_live *g)
{
	struct json_object *answer = g->answer;

	g->answer = NULL;
	return answer;
}

void graph_live_end(struct graph_live *g)
{
	if (!g)
		return;
	json_object_put(g->answer);
	json_object_put(g->places);
	json_object_put(g->pairs);
	json_object_put(g->ports);
	free(g);
}
