/* SPDX-License-Identifier: MIT */
/* reach.h - the links that a frame can reach from one, in the order in which it reaches them. */
#pragma once
#include "bridge_vlan.h"

/* A link that is reached. */
struct reached {
	const struct netns_fact *n;
	const struct link_fact *l;
	size_t before;   /* the one that it is reached from */
	uint32_t vlan;   /* the tag that the frame has there */
	uint32_t within; /* of a bridge: that of its VLAN in there; 0: it is in none */
	bool closed;     /* of a bridge: it does not get the frame itself */
	bool unclear;    /* what happens to the frame there is not judged */
};

struct reach {
	const struct facts *f;
	struct reached *v;
	size_t n, room;
	uint32_t *first; /* for each namespace, the number of its first link among all */
	bool *seen;
	bool blocked;              /* also through ports that the spanning tree blocks */
	bool loose;                /* whatever VLANs say; frames have no tags then */
	const struct reached *out; /* where it leads to what is not among the facts */
};

/* Everything that is reached from @l; reach_done in any case. */
void reach_from(struct reach *r, const struct facts *f, const struct netns_fact *n, const struct link_fact *l,
		bool blocked, bool loose);
void reach_done(struct reach *r);
/* The bridge that @l is a port of; NULL: of none. */
const struct link_fact *reach_bridge_of(const struct netns_fact *n, const struct link_fact *l);
/* Whether the spanning tree of its bridge keeps a port from sending. */
bool reach_is_blocked(const struct link_fact *port);
