/* SPDX-License-Identifier: MIT */
/* facts.h - facts made by hand. */
#pragma once
#include "inspect/doctor.h"

/* Facts with a host, in which nothing else is yet. */
struct facts *hand_facts(void);
/* A topology, up. */
struct topology_fact *hand_topology(struct facts *f, const char *name);
/* A namespace, in order of name; topology: an index, -1 for one of others.  What was added before may move. */
struct netns_fact *hand_netns(struct facts *f, const char *name, int topology);
/* A link that is up, with a carrier and mtu 1500; its number is its place in the namespace, from 1. */
struct link_fact *hand_link(struct netns_fact *n, const char *name, enum link_class class);
/* Makes two links a pair, by their namespaces' and their own places. */
void hand_pair(struct facts *f, size_t netns, size_t link, size_t other_netns, size_t other);
struct address_fact *hand_address(struct netns_fact *n, size_t link, const char *address);
/* @via NULL: none; @to "default" or a prefix. */
struct route_fact *hand_route(struct netns_fact *n, size_t link, const char *to, const char *via);
/* All findings in one text, "ID OBJECT\n", or their commands, a line each; after facts_connect. */
const char *hand_findings(struct facts *f);
const char *hand_commands(struct facts *f);
