/* SPDX-License-Identifier: MIT */
/* graph.h - namespaces, interfaces and what connects them, to be drawn. */
#pragma once
#include "engine.h"

/* The answer's types, as the interface text has them. */
enum link_condition { CONDITION_UP, CONDITION_NO_CARRIER, CONDITION_DOWN, CONDITION_MISSING };

struct graph_interface {
	const char *name, *kind, *topology;
	enum link_condition state;
	bool drifted, foreign;
	uint32_t mtu;
	struct json_object *addresses, *shaping;
};

struct graph_namespace {
	const char *name, *topology;
	bool missing, drifted, foreign;
	struct json_object *interfaces, *gateways;
};

enum cable_type { CABLE_PAIR, CABLE_PORT, CABLE_BASE };

struct graph_cable {
	enum cable_type type;
	const char *source, *to;
};

struct json_object *graph_interface_json(const struct graph_interface *i);
struct json_object *graph_namespace_json(const struct graph_namespace *n);
struct json_object *graph_cable_json(const struct graph_cable *c);

/* Output of Graph: the topologies @names, a list of texts; NULL: all.  -ENOENT: the topology *@ret_missing does not
 * exist.  The caller owns @ret. */
int graph_answer(struct engine *g, struct json_object *names, struct json_object **ret, const char **ret_missing,
		 struct err *e);
