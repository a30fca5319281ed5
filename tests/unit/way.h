/* SPDX-License-Identifier: MIT */
/* way.h - explain on facts made by hand, with a kernel that looks routes up in them. */
#pragma once
#include "facts.h"
#include "inspect/explain.h"

/* The places of the namespaces of way_router, and of the others. */
enum { HOST, A, B, R };

/* Two networks with a router between them: a, b, r, as in conf/examples/router.json. */
struct facts *way_router(void);
/* Three namespaces: s, which is a switch, x and y. */
struct facts *way_bridge(void);
/* A namespace with one interface, eth0. */
void way_add_end(struct facts *f, const char *name, const char *address, const char *gateway);
/* The kernel: the routes of the facts, forwarding, strict rp_filter. */
int way_kernel(void *arg, const struct netns_fact *n, const struct route_query *q, struct route_answer *ret);
/* All hops, a line each; frees the facts. */
const char *way_of(struct facts *f, const struct explain_request *request);
/* The last line. */
const char *way_end(struct facts *f, const char *from, const char *to);
