/* SPDX-License-Identifier: MIT */
/* job_open.c - opens the namespaces that a change is about, and clears what stands at their
 * names. */
#include "kernel/netns.h"
#include "job.h"
#include "model/kind.h"
#include "model/model.h"

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int job_open(struct job *j, struct err *e)
{
	const struct model *models[] = { &j->desired.model, &j->last.model, &j->before };
	size_t n = 0, room = 1 + j->desired.model.n + j->last.model.n + j->before.n;

	j->names = must(calloc(room, sizeof(*j->names)));
	j->names[n++] = "host";
	for (size_t m = 0; m < ARRAY_SIZE(models); m++)
		for (size_t i = 0; i < models[m]->n; i++)
			if (object_is(models[m]->objects[i], "netns"))
				j->names[n++] = models[m]->objects[i]->netns;
	qsort(j->names, n, sizeof(*j->names), name_cmp);
	if (netns_set_make(&j->set, j->netns_dir, j->names, n, e) < 0)
		return e->code;
	for (size_t i = 0; i < j->set.n; i++)
		j->set.v[i].adopting = j->adopt;
	j->set.exclusive = !j->quiet && !j->beside && !j->rolling_back;
	state_pins(j->state, j->next.name, j->pins, sizeof(j->pins));
	j->set.pins = j->pins;
	netns_pin_find(&j->set);
	if (j->opened)
		j->opened(j->owner, &j->set);
	return 0;
}

static bool is_mine(const struct model *m, const char *netns)
{
	const struct object *o = model_netns(m, netns);

	return o && !o->managed;
}

/* What somebody else has taken the name from is given it back: then it can be
 * changed, or leave, like any other. */
static int find_again(struct job *j, struct err *e)
{
	for (size_t i = 0; i < j->set.n; i++)
		if (j->set.v[i].state == NETNS_UNLINKED && netns_find_again(&j->set, &j->set.v[i], e) < 0)
			return e->code;
	return 0;
}

/* The empty file that a create of ours left behind when it was cut off. */
static int clear_placeholders(struct job *j, struct err *e)
{
	for (size_t i = 0; i < j->set.n; i++) {
		struct netns *ns = &j->set.v[i];
		bool mine = is_mine(&j->last.model, ns->name) || (j->rolling_back && is_mine(&j->desired.model, ns->name));

		if (ns->state == NETNS_PLACEHOLDER && mine && netns_clear(ns, j->netns_dir, e) < 0)
			return e->code;
	}
	return 0;
}

int job_clear(struct job *j, struct err *e)
{
	return find_again(j, e) < 0 || clear_placeholders(j, e) < 0 ? e->code : 0;
}
