/* SPDX-License-Identifier: MIT */
/* facts.c - holds facts, and finds some among them. */
#include "facts.h"

static void topology_free(struct topology_fact *t)
{
	for (size_t i = 0; i < t->n_netns; i++)
		free(t->netns[i].port_forwards);
	free(t->netns);
	free(t->links);
	free(t->drifts);
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n_topologies; i++)
		topology_free(&f->topologies[i]);
	for (size_t i = 0; i < f->n_netns; i++) {
		survey_done(&f->netns[i].s);
		free(f->netns[i].owners);
		free(f->netns[i].declared);
		free(f->netns[i].words);
		closep(&f->netns[i].fd);
	}
	free(f->topologies);
	free(f->netns);
	free(f->nameless);
	free(f->dhcp);
	free(f->managers);
	free(f->limits);
	free(f->udev_links);
	free(f->unread);
	free(f->located);
	free(f->segments);
	arena_done(&f->arena);
	free(f);
}

static int netns_cmp(const void *key, const void *element)
{
	return strcmp(key, ((const struct netns_fact *)element)->name);
}

const struct netns_fact *facts_netns(const struct facts *f, const char *name)
{
	if (!f->n_netns)
		return NULL;
	if (!strcmp(name, f->netns[0].name))
		return &f->netns[0];
	return bsearch(name, f->netns + 1, f->n_netns - 1, sizeof(*f->netns), netns_cmp);
}

const struct topology_fact *facts_owner(const struct facts *f, const struct netns_fact *n, const struct link_fact *l)
{
	int i = n->owners ? n->owners[l - n->s.links] : n->topology;

	return i < 0 ? NULL : &f->topologies[i];
}

const struct link_fact *facts_peer(const struct facts *f, const struct link_fact *l, const struct netns_fact **ret)
{
	if (l->peer_netns < 0 || l->peer < 0)
		return NULL;
	if (ret)
		*ret = &f->netns[l->peer_netns];
	return &f->netns[l->peer_netns].s.links[l->peer];
}
