/* SPDX-License-Identifier: MIT */
/* job_open.c - opens the namespaces that a change is about, and clears their names. */
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
	if (pass_open(&j->pass, j->names, n, *j->pins ? j->pins : NULL, e) < 0)
		return e->code;
	j->pass.set.exclusive = !j->quiet && !j->beside && !j->rolling_back;
	/* What an interrupted change may have created is looked for, too. */
	if (j->rolling_back) {
		model_link(&j->desired.model);
		j->pass.set.tried = &j->desired.model;
	}
	return 0;
}

static bool is_mine(const struct model *m, const char *netns)
{
	const struct object *o = model_netns(m, netns);

	return o && !o->managed;
}

/* The empty file may be left by an interrupted create of ours. */
static bool is_ours(const void *arg, const char *netns)
{
	const struct job *j = arg;

	return is_mine(&j->last.model, netns) || (j->rolling_back && is_mine(&j->desired.model, netns));
}

int job_clear(struct job *j, struct err *e)
{
	/* A namespace that somebody unlinked gets its name back: then it can be changed, or
	 * removed, like any other. */
	return pass_name_all(&j->pass, NETNS_UNLINKED, e) < 0 || pass_clear(&j->pass, is_ours, j, e) < 0 ? e->code : 0;
}
