/* SPDX-License-Identifier: MIT */
/* graph_route.c - channel routing: an edge that leaves the left side at the height at which another one arrives at the
 * right side has its track left of that one's; edges that share a track do not touch. */
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

size_t route_channel(struct route *routes, size_t n, size_t max)
{
	bool *done = must(calloc(n + 1, sizeof(*done)));
	size_t track = 0, left = 0;

	for (size_t i = 0; i < n; i++) {
		routes[i].straight = routes[i].y[0] == routes[i].y[1] && routes[i].right[0] != routes[i].right[1];
		/* Far more than there is room for would take the square of their number to find that out. */
		routes[i].dropped = !routes[i].straight && left / EDGES_A_TRACK >= max;
		done[i] = routes[i].straight || routes[i].dropped;
		left += !done[i];
	}
	while (left) {
		size_t filled = track == max ? 0 : fill(routes, n, track, done, CROSSES_LEAST);

		if (!filled && track < max)
			filled = fill(routes, n, track, done, FITS);
		left -= filled;
		track += filled > 0;
		/* They are in each other's way in a circle, or there is no room. */
		for (size_t i = 0; i < n && !filled; i++) {
			if (done[i])
				continue;
			routes[i].dropped = done[i] = true;
			left--;
			break;
		}
	}
	free(done);
	return track;
}
