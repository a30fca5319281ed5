/* SPDX-License-Identifier: MIT */
/* plan_order.c - the order in which a plan goes through the objects of a model, before what they depend on is taken into
 * account. */
#include "plan.h"
#include "kind.h"

static int sort_key(const struct object *o, const struct kinds *kinds)
{
	int rank = 0;

	while ((size_t)rank < kinds->n && kinds->v[rank] != o->kind)
		rank++;
	return rank;
}

struct sorted {
	struct object *o;
	uint32_t netns; /* order of its namespace; the daemon's own last */
	int rank;       /* row of its kind */
	unsigned early;
	bool first, late, backward;
};

static int sorted_cmp(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;

	if (x->first != y->first)
		return x->first ? -1 : 1;
	/* A link may reach into a namespace whose turn is later. */
	if (!x->early != !y->early)
		return x->early ? -1 : 1;
	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	if (x->early != y->early)
		return x->early < y->early ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->late != y->late)
		return x->late - y->late;
	if (x->backward != y->backward)
		return x->backward - y->backward;
	if (x->backward)
		return x->o->seq > y->o->seq ? -1 : x->o->seq < y->o->seq;
	return x->o->seq < y->o->seq ? -1 : x->o->seq > y->o->seq;
}

struct object **plan_in_order(const struct model *m, const struct model *there)
{
	_cleanup_(freep) struct sorted *sorted = must(calloc(m->n + 1, sizeof(*sorted)));
	_cleanup_(freep) uint64_t *late = must(calloc(m->kinds->n + 1, sizeof(*late)));
	struct object **order = must(calloc(m->n + 1, sizeof(*order))), *netns = NULL;

	for (size_t i = 0; i < m->kinds->n; i++)
		late[i] = kind_mask(m->kinds->v[i], LATE);
	for (size_t i = 0; i < m->n; i++) {
		struct object *o = m->objects[i];
		int rank = sort_key(o, m->kinds);

		if (!netns || strcmp(netns->netns, o->netns) != 0)
			netns = model_netns(m, o->netns);
		sorted[i] = (struct sorted){ o,
					     netns && strcmp(o->netns, "host") ? netns->seq : UINT32_MAX,
					     rank,
					     o->kind->early ? o->kind->early(o) : 0,
					     o->kind->form == FORM_BODY && !(there && model_same(there, o)),
					     o->set & late[rank],
					     o->kind->backward && o->kind->backward(o) };
	}
	qsort(sorted, m->n, sizeof(*sorted), sorted_cmp);
	for (size_t i = 0; i < m->n; i++)
		order[i] = sorted[i].o;
	return order;
}
