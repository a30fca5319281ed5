/* SPDX-License-Identifier: MIT */
/* order.c - sorts what was observed in the order of the file.  The kernel's order is that of creation: what was healed
 * would be the last. */
#include "order.h"
#include "kind.h"

struct ranked {
	struct object *o;
	uint64_t rank;
	size_t at;
};

static int ranked_cmp(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void order_objects(struct object **v, size_t n, order_rank rank, const void *arg)
{
	_cleanup_(freep) struct ranked *sorted = must(calloc(n + 1, sizeof(*sorted)));
	_cleanup_(freep) size_t *places = must(calloc(n + 1, sizeof(*places)));
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		uint64_t r = rank(arg, v[i]);

		if (!r)
			continue;
		places[used] = i;
		sorted[used++] = (struct ranked){ v[i], r, i };
	}
	qsort(sorted, used, sizeof(*sorted), ranked_cmp);
	for (size_t i = 0; i < used; i++)
		v[places[i]] = sorted[i].o;
}

void order_links(struct object *netns, order_rank rank, const void *arg)
{
	_cleanup_(freep) struct object **links = NULL, **all = NULL;
	struct object **at = &netns->first;
	size_t n = 0, n_links = 0, next = 0;

	for (const struct object *o = netns->first; o; o = o->next)
		n++;
	links = must(calloc(n + 1, sizeof(struct object *)));
	all = must(calloc(n + 1, sizeof(struct object *)));
	n = 0;
	for (struct object *o = netns->first; o; o = o->next) {
		all[n++] = o;
		if (object_is(o, "link"))
			links[n_links++] = o;
	}
	order_objects(links, n_links, rank, arg);
	for (size_t i = 0; i < n; i++) {
		*at = object_is(all[i], "link") ? links[next++] : all[i];
		at = &(*at)->next;
	}
	*at = NULL;
}

/* A loopback of which nothing is said but that it is up: it is implied, and has been added after everything else.  What
 * a file says within an interface follows it. */
static bool is_implied(const struct model *m, const struct object *o)
{
	const struct object *next = o->seq + 1 < m->n ? m->objects[o->seq + 1] : NULL;

	return object_is(o, "link") && is_loopback(o->name) && !(o->set & ~field_bit(o->kind, "up")) &&
	       !(next && !strcmp(next->place, o->place));
}

uint64_t order_declared(const void *arg, const struct object *o)
{
	const struct object *declared = model_same(arg, o);

	if (object_is(o, "netns") && !strcmp(o->netns, "host"))
		return 1;
	return declared && !is_implied(arg, declared) ? UINT64_C(2) + declared->seq : 0;
}
