/* SPDX-License-Identifier: MIT */
/* view.c - what is shown of a topology: everything in its own namespaces; in those of
 * others, which may have thousands of interfaces, what it declares. */
#include "view.h"
#include "settle.h"
#include "engine.h"
#include "model/kind.h"
#include "model/model.h"

static const char *const *declared_links(struct arena *a, const struct object *netns)
{
	const char **names;
	size_t n = 0;

	for (const struct object *o = netns->first; o; o = o->next)
		n += object_is(o, "link");
	names = arena_alloc(a, (n + 1) * sizeof(*names));
	n = 0;
	for (const struct object *o = netns->first; o; o = o->next)
		if (object_is(o, "link"))
			names[n++] = o->name;
	names[n] = NULL;
	return names;
}

static const struct extent *declared_extents(struct job *j)
{
	struct extent *extents = arena_alloc(&j->last.model.arena, (j->pass.set.n + 1) * sizeof(*extents));

	for (size_t i = 0; i < j->pass.set.n; i++) {
		const struct object *netns = model_netns(&j->last.model, j->pass.set.v[i].name);

		if (netns && netns->managed)
			extents[i].only = declared_links(&j->last.model.arena, netns);
	}
	return extents;
}

int engine_observe(struct engine *g, const char *name, const struct model **ret_declared,
		   const struct model **ret_observed, struct err *e)
{
	struct job *j = &g->planned;
	struct wish w = { .topology = name, .desired = &j->last.model, .last = &j->last.model };
	struct err away;

	job_done(j);
	if (topology_job(g, j, name, e) < 0)
		return e->code;
	j->quiet = true;
	w.claims = j->claims;
	w.n_claims = j->n_claims;
	model_link(&j->last.model);
	/* What is missing is no reason not to show the rest. */
	if (job_open(j, &away) == 0) {
		w.extents = declared_extents(j);
		(void)!pass_observe(&j->pass, &w, &away);
	}
	netns_set_done(&j->pass.set);
	*ret_declared = &j->last.model;
	*ret_observed = &j->pass.observed;
	return 0;
}
