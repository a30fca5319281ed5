/* SPDX-License-Identifier: MIT */
/* graph_read.c - makes a graph of the answer of netnsd: resolves the names in it, and decides what is noteworthy. */
#include "graph.h"
#include "reply.h"
#include "model/type.h"

/* What is needed while reading. */
struct reading {
	struct graph *g;
	struct json_object *numbers; /* "NS/IF" → its number */
	struct json_object *masters; /* "NS/IF" → that of its master */
	struct json_object *bridges; /* "NS/IF" that others are ports of */
};

static const char **read_texts(struct arena *a, struct json_object *o, const char *key, size_t room)
{
	size_t n = reply_size(o, key);
	const char **texts = arena_alloc(a, (n + room + 1) * sizeof(*texts));

	for (size_t i = 0; i < n; i++)
		texts[i] = arena_strdup(a, json_object_get_string(reply_at(o, key, i)) ?: "");
	return texts;
}

static void note(struct graph_interface *i, const char *text)
{
	size_t n = 0;

	while (i->notes[n])
		n++;
	i->notes[n] = text;
}

static enum graph_state worst(enum graph_state a, enum graph_state b)
{
	return a > b ? a : b;
}

static enum graph_state state_of(struct json_object *o, bool drifted, bool foreign)
{
	static const struct {
		const char *word;
		enum graph_state state;
	} words[] = {
		{ "down", GRAPH_DOWN },
		{ "missing", GRAPH_MISSING },
		{ "no_carrier", GRAPH_NO_CARRIER },
	};
	enum graph_state state = foreign ? GRAPH_FOREIGN : GRAPH_UP;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcmp(reply_text(o, "state"), words[i].word))
			state = words[i].state;
	return drifted ? worst(state, GRAPH_DRIFTED) : state;
}

static void read_notes(struct arena *a, struct graph_interface *i, struct json_object *o)
{
	static const char *const words[GRAPH_STATES] = {
		[GRAPH_NO_CARRIER] = "no carrier", [GRAPH_DOWN] = "down", [GRAPH_MISSING] = "missing"
	};

	i->notes = read_texts(a, o, "shaping", 5);
	if (words[i->state])
		note(i, words[i->state]);
	if (i->drifted)
		note(i, "drifted");
	if (i->foreign)
		note(i, "another program's");
}

static void read_interface(struct reading *r, const char *place, struct json_object *o)
{
	struct graph *g = r->g;
	struct graph_interface *i = &g->interfaces[g->n_interfaces];

	i->name = arena_strdup(&g->arena, reply_text(o, "name"));
	i->kind = arena_strdup(&g->arena, reply_text(o, "kind"));
	i->node = g->n_nodes;
	i->is_lo = is_loopback(i->name);
	i->drifted = reply_flag(o, "drifted");
	i->foreign = reply_flag(o, "foreign");
	i->state = state_of(o, i->drifted, i->foreign);
	i->mtu = (uint32_t)reply_number(o, "mtu");
	i->addresses = read_texts(&g->arena, o, "addresses", 0);
	i->master = GRAPH_NONE;
	read_notes(&g->arena, i, o);
	json_object_object_add(r->numbers, place, json_object_new_int64((int64_t)g->n_interfaces));
	g->n_interfaces++;
}

static void read_masters(struct reading *r, struct json_object *reply)
{
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(reply, "cables", i)); i++) {
		const char *to = reply_text(o, "to");

		if (strcmp(reply_text(o, "type"), "port") != 0 || !*to)
			continue;
		json_object_object_add(r->masters, reply_text(o, "source"), json_object_new_string(to));
		json_object_object_add(r->bridges, to, NULL);
	}
}

/* Adds the ports of @master, each with its own; NULL: what is no port. */
static void read_ports(struct reading *r, struct json_object *netns, const char *master, bool *done)
{
	struct json_object *o;

	for (size_t i = 0; (o = reply_at(netns, "interfaces", i)); i++) {
		struct arena *a = &r->g->arena;
		const char *place = arena_fmt(a, "%s/%s", reply_text(netns, "name"), reply_text(o, "name"));
		const char *of = json_object_get_string(json_object_object_get(r->masters, place));

		if (done[i] || (master ? !of || strcmp(of, master) != 0 : of != NULL))
			continue;
		done[i] = true;
		read_interface(r, place, o);
		if (json_object_object_get_ex(r->bridges, place, NULL))
			read_ports(r, netns, place, done);
	}
}

static void read_node(struct reading *r, struct json_object *netns)
{
	struct graph *g = r->g;
	struct graph_node *n = &g->nodes[g->n_nodes];
	bool *done = must(calloc(reply_size(netns, "interfaces") + 1, sizeof(*done)));

	n->name = arena_strdup(&g->arena, reply_text(netns, "name"));
	n->gateways = read_texts(&g->arena, netns, "gateways", 0);
	n->state = reply_flag(netns, "missing")                              ? GRAPH_MISSING
		   : reply_flag(netns, "drifted")                            ? GRAPH_DRIFTED
		   : reply_flag(netns, "foreign") && strcmp(n->name, "host") ? GRAPH_FOREIGN
									     : GRAPH_UP;
	n->word = n->state == GRAPH_MISSING                              ? "missing"
		  : n->state == GRAPH_DRIFTED                            ? "drifted"
		  : n->state == GRAPH_FOREIGN && strcmp(n->name, "host") ? "another program's"
									 : NULL;
	n->first = g->n_interfaces;
	read_ports(r, netns, NULL, done);
	/* What is left has its master elsewhere, or is in a circle. */
	for (size_t i = 0; i < reply_size(netns, "interfaces"); i++) {
		struct json_object *o = reply_at(netns, "interfaces", i);

		if (!done[i])
			read_interface(r, arena_fmt(&g->arena, "%s/%s", n->name, reply_text(o, "name")), o);
	}
	n->n = g->n_interfaces - n->first;
	g->n_nodes++;
	free(done);
}

static size_t find(const struct reading *r, const char *place)
{
	struct json_object *number = json_object_object_get(r->numbers, place);

	return number ? (size_t)json_object_get_int64(number) : GRAPH_NONE;
}

static void compare_mtu(struct arena *a, struct graph_interface *one, struct graph_interface *other)
{
	struct graph_interface *both[] = { one, other };

	if (!one->mtu || !other->mtu || one->mtu == other->mtu)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
		if (both[i]->mtu_differs)
			continue;
		both[i]->mtu_differs = true;
		note(both[i], arena_fmt(a, "mtu %u", both[i]->mtu));
	}
}

static void read_cable(struct reading *r, struct json_object *o)
{
	struct graph *g = r->g;
	const char *type = reply_text(o, "type"), *far = reply_text(o, "to");
	size_t from = find(r, reply_text(o, "source")), to = find(r, far);
	struct graph_cable *c = &g->cables[g->n_cables];

	if (from == GRAPH_NONE)
		return;
	if (!strcmp(type, "pair"))
		g->interfaces[from].is_paired = true;
	if (!strcmp(type, "pair") && to != GRAPH_NONE)
		g->interfaces[to].is_paired = true;
	if (to != GRAPH_NONE)
		compare_mtu(&g->arena, &g->interfaces[from], &g->interfaces[to]);
	if (!strcmp(type, "port") && to != GRAPH_NONE) {
		g->interfaces[from].master = to;
		g->interfaces[to].is_bridge = true;
		return;
	}
	*c = (struct graph_cable){
		.from = from,
		.to = to,
		.far = to == GRAPH_NONE ? arena_strdup(&g->arena, far) : NULL,
		.label = !strcmp(type, "pair") ? NULL : arena_strdup(&g->arena, type),
		.state = worst(g->interfaces[from].state, to == GRAPH_NONE ? GRAPH_UP : g->interfaces[to].state),
	};
	g->n_cables++;
}

void graph_read(struct graph *g, struct json_object *reply)
{
	struct reading r = { g, must(json_object_new_object()), must(json_object_new_object()),
			     must(json_object_new_object()) };
	struct json_object *o;
	size_t n = 0;

	*g = (struct graph){};
	read_masters(&r, reply);
	for (size_t i = 0; (o = reply_at(reply, "namespaces", i)); i++)
		n += reply_size(o, "interfaces");
	g->nodes = arena_alloc(&g->arena, (reply_size(reply, "namespaces") + 1) * sizeof(*g->nodes));
	g->interfaces = arena_alloc(&g->arena, (n + 1) * sizeof(*g->interfaces));
	g->cables = arena_alloc(&g->arena, (reply_size(reply, "cables") + 1) * sizeof(*g->cables));
	for (size_t i = 0; (o = reply_at(reply, "namespaces", i)); i++)
		read_node(&r, o);
	for (size_t i = 0; (o = reply_at(reply, "cables", i)); i++)
		read_cable(&r, o);
	json_object_put(r.numbers);
	json_object_put(r.masters);
	json_object_put(r.bridges);
}

void graph_done(struct graph *g)
{
	arena_done(&g->arena);
	*g = (struct graph){};
}
