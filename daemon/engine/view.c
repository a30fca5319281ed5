/* SPDX-License-Identifier: MIT */
/* view.c - what is shown of a topology: all that is in its own namespaces, and of those
 * that others have, which may hold thousands of interfaces, what it declares. */
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

static void look_at_declared(_unused_ void *engine, struct job *j)
{
	for (size_t i = 0; i < j->set.n; i++) {
		struct netns *ns = &j->set.v[i];
		const struct object *netns = model_netns(&j->desired.model, ns->name);

		if (netns && netns->managed)
			ns->only = declared_links(&j->desired.model.arena, netns);
	}
}

int engine_look(struct engine *g, const char *name, const struct model **ret_desired, const struct model **ret_observed,
		struct err *e)
{
	struct job *j = &g->planned;

	job_done(j);
	if (member_job(g, j, name, e) < 0)
		return e->code;
	j->quiet = true;
	topology_done(&j->desired);
	if (member_load(&g->env, member_find(&g->env, name, NULL)->known.json, &j->desired, e) < 0)
		return e->code;
	model_link(&j->desired.model);
	j->looking = look_at_declared;
	job_plan(j);	/* a conflict or an interface that is away is no reason not to show the rest */
	netns_set_done(&j->set);
	*ret_desired = &j->desired.model;
	*ret_observed = &j->observed;
	return 0;
}
