/* SPDX-License-Identifier: MIT */
/* graph.h - namespaces, interfaces and what connects them, to be drawn. */
#pragma once
#include "engine.h"

/* Output of Graph: the topologies @names, a list of texts; NULL: all.  -ENOENT: the topology *@ret_missing does not
 * exist.  The caller owns @ret. */
int graph_answer(struct engine *g, struct json_object *names, struct json_object **ret, const char **ret_missing,
		 struct err *e);
