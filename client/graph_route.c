/* SPDX-License-Identifier: MIT */
/* graph_route.c - channel routing: an edge that leaves the left side at the height at which another one arrives at the
 * right side has its track left of that one's; edges that share a track do not touch.  A circle of such demands is broken by
 * an edge with two tracks, a dogleg. */
#include "graph_route.h"

enum { EDGES_A_TRACK = 10 };

static int top(const struct route *r)
{
	return r->y[0] < r->y[1] ? r->y[0] : r->y[1];
}

static int bottom(const struct route *r)
{
	return r->y[0] < r->y[1] ? r->y[1] : r->y[0];
}

static bool overlap(const struct route *a, const struct route *b)
{
	return top(a) <= bottom(b) && top(b) <= bottom(a);
}

/* Whether @a has to be left of @b: at one height it comes from the left and @b from the right. */
static bool must_precede(const struct route *a, const struct route *b)
{
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 2; k++)
			if (!a->right[i] && b->right[k] && a->y[i] == b->y[k])
				return true;
	return false;
}

/* The order in which edges cross least: those on one side inside each other; of those up, the upper first, of those
 * down, the lower. */
static bool should_precede(const struct route *a, const struct route *b)
{
	int size_a = bottom(a) - top(a), size_b = bottom(b) - top(b);
	int end_a = a->right[0], end_b = b->right[0];
	bool across_a = a->right[0] != a->right[1], across_b = b->right[0] != b->right[1];

	if (across_a != across_b)
		return across_a ? b->right[0] && size_b > size_a : !a->right[0];
	if (!across_a && a->right[0] != b->right[0])
		return !a->right[0];
	if (!across_a)
		return a->right[0] ? size_a > size_b : size_a < size_b;
	if (a->y[end_a] > a->y[!end_a] && b->y[end_b] > b->y[!end_b])
		return a->y[end_a] < b->y[end_b];
	return a->y[end_a] < a->y[!end_a] && b->y[end_b] < b->y[!end_b] && a->y[end_a] > b->y[end_b];
}

enum strictness { CROSSES_LEAST, FITS };

/* Whether an edge may be on the next track, while others are still without one. */
static bool may_be_next(const struct route *routes, size_t n, size_t i, const bool *done, enum strictness s)
{
	for (size_t k = 0; k < n; k++) {
		if (k == i || done[k])
			continue;
		if (must_precede(&routes[k], &routes[i]))
			return false;
		if (s == CROSSES_LEAST && overlap(&routes[k], &routes[i]) && should_precede(&routes[k], &routes[i]))
			return false;
	}
	return true;
}

/* Fills a track; returns how many edges it has. */
static size_t fill(struct route *routes, size_t n, size_t track, bool *done, enum strictness s)
{
	bool *free_now = must(calloc(n, sizeof(*free_now)));
	size_t filled = 0;

	for (size_t i = 0; i < n; i++)
		free_now[i] = !done[i] && may_be_next(routes, n, i, done, s);
	for (size_t i = 0; i < n; i++) {
		bool fits = free_now[i];

		for (size_t k = 0; k < n && fits; k++)
			fits = k == i || !done[k] || routes[k].straight || routes[k].dropped ||
			       routes[k].track != track || !overlap(&routes[k], &routes[i]);
		if (!fits)
			continue;
		routes[i].track = track;
		done[i] = true;
		filled++;
	}
	free(free_now);
	return filled;
}

/* Edges, of which those with a bend are two. */
struct pieces {
	struct route *v;
	size_t *edge; /* that each is of */
	bool *done;
	size_t n, n_edges;
};

static bool is_free(const struct pieces *p, int y)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].y[0] == y || p->v[i].y[1] == y)
			return false;
	return true;
}

/* A height at which no edge ends, the nearest to the middle of @r; -1: there is none. */
static int find_bend(const struct pieces *p, const struct route *r)
{
	int from = top(r), to = bottom(r), middle = (from + to) / 2;

	for (size_t i = 0; i < p->n; i++) {
		from = top(&p->v[i]) < from ? top(&p->v[i]) : from;
		to = bottom(&p->v[i]) > to ? bottom(&p->v[i]) : to;
	}
	for (int d = 0; middle - d >= from || middle + d <= to; d++) {
		if (middle - d >= from && is_free(p, middle - d))
			return middle - d;
		if (middle + d <= to && is_free(p, middle + d))
			return middle + d;
	}
	return -1;
}

/* Bends one of those that are in each other's way; false: none can be. */
static bool bend(struct pieces *p)
{
	for (size_t i = 0; i < p->n_edges; i++) {
		struct route *r = &p->v[i], *second = &p->v[p->n];
		int y = p->done[i] || r->bent ? -1 : find_bend(p, r);

		if (y < 0)
			continue;
		r->bent = true;
		r->bend = y;
		*second = *r;
		/* Nothing else ends at that height: it does not matter on which side they do. */
		r->y[1] = second->y[0] = y;
		r->right[1] = second->right[0] = true;
		p->edge[p->n++] = i;
		return true;
	}
	return false;
}

static void drop_one(struct pieces *p, size_t *left)
{
	size_t first = 0;

	while (p->done[first])
		first++;
	for (size_t i = 0; i < p->n; i++) {
		if (p->edge[i] != p->edge[first])
			continue;
		*left -= !p->done[i];
		p->v[i].dropped = p->done[i] = true;
	}
}

/* Gives each piece its track; returns how many there are. */
static size_t assign(struct pieces *p, size_t left, size_t max)
{
	size_t track = 0;

	while (left) {
		size_t filled = track == max ? 0 : fill(p->v, p->n, track, p->done, CROSSES_LEAST);

		if (!filled && track < max)
			filled = fill(p->v, p->n, track, p->done, FITS);
		left -= filled;
		track += filled > 0;
		/* They are in each other's way in a circle, or there is no room. */
		if (!filled && track + 2 < max && bend(p))
			left++;
		else if (!filled)
			drop_one(p, &left);
	}
	return track;
}

size_t route_channel(struct route *routes, size_t n, size_t max)
{
	struct pieces p = { .n = n, .n_edges = n };
	size_t tracks, left = 0;

	p.v = must(calloc(2 * n + 1, sizeof(*p.v)));
	p.edge = must(calloc(2 * n + 1, sizeof(*p.edge)));
	p.done = must(calloc(2 * n + 1, sizeof(*p.done)));
	for (size_t i = 0; i < n; i++) {
		bool straight = routes[i].y[0] == routes[i].y[1] && routes[i].right[0] != routes[i].right[1];

		p.v[i] = (struct route){
			.y = { routes[i].y[0], routes[i].y[1] },
			.right = { routes[i].right[0], routes[i].right[1] },
			.straight = straight,
			/* Far more than there is room for would take the square of their number to find that out. */
			.dropped = !straight && left / EDGES_A_TRACK >= max,
		};
		p.edge[i] = i;
		p.done[i] = straight || p.v[i].dropped;
		left += !p.done[i];
	}
	tracks = assign(&p, left, max);
	for (size_t i = 0; i < p.n; i++) {
		struct route *r = &routes[p.edge[i]];

		r->straight |= p.v[i].straight;
		r->dropped |= p.v[i].dropped;
		r->bent = p.v[i].bent;
		r->bend = p.v[i].bend;
		*(i < n ? &r->track : &r->other_track) = p.v[i].track;
	}
	free(p.v);
	free(p.edge);
	free(p.done);
	return tracks;
}
