/* SPDX-License-Identifier: MIT */
/* route_table.h - the routing table of a route or a rule: a number, which may have a name (ip-route(8)). */
#pragma once
#include "model/type.h"

/* uint32_t.  A file may have its name. */
extern const struct type type_table, /* of a route: "table 100" */
	type_lookup;                 /* of a rule: "lookup 100" */

/* Has the names read again when the next one is asked for. */
void route_tables_forget(void);
