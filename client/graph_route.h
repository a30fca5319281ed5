/* SPDX-License-Identifier: MIT */
/* graph_route.h - gives the edges in a channel their tracks, so that no two lie on each other.  Pure. */
#pragma once
#include "base.h"

/* An edge in a channel: it leaves the box at each end in a straight line to its track, along which it goes up or down.
 * Where edges are in each other's way in a circle, one of them changes to a second track on its way. */
struct route {
	int y[2];
	bool right[2]; /* the end is at the channel's right side */
	/* Results. */
	bool straight; /* it needs no track */
	bool dropped;  /* none is free of others */
	size_t track;  /* from the left; of a bent one that of its first end */
	bool bent;
	int bend;           /* the height at which it changes */
	size_t other_track; /* that of its second end */
};

/* Returns the number of tracks, at most @max. */
size_t route_channel(struct route *routes, size_t n, size_t max);
