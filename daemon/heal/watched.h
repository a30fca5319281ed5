/* SPDX-License-Identifier: MIT */
/* watched.h - the namespaces that topologies keep: what each is held and heard by, and
 * what in it is to be looked at again. */
#pragma once
#include "topology/env.h"
#include "kernel/listen.h"
#include "model/slot.h"

/* A namespace that a topology manages; several may manage the host. */
struct watched {
	struct topology *topology;
	char name[65];
	int fd;				/* of one that netnsd made, to give it back its name; else -1 */
	ino_t inode;			/* 0: it is not there */
	bool renamed;			/* its name meant something else when that was checked last */
	int nsid;
	bool heard;			/* nsid is valid */
	bool by_link;			/* links are looked at one by one: others may have thousands here */
	struct object **links;		/* of the topology, in order of ifindex once sorted */
	size_t n_links;
	bool sorted;
	struct slots slots;		/* those of the routes of the topology, once one was heard of */
	bool slotted;

	bool retry;			/* what is marked could not be healed; it is looked at with whatever is */
	bool dirty, due;		/* something was heard; an audit is to look when there is time */
	bool crowded;			/* others may have routes beside ours */
	bool unrouted;			/* a route that came with an address may have gone */
	bool all;			/* all of the topology's links in it, else those in names */
	char (*names)[16];
	size_t n_names;
	uint32_t pid;			/* of who is behind what was heard, 0: unknown */
	bool several;			/* or one of them */
	struct watched *same;		/* the next one in its chain */
};

/* Takes over a model and its namespaces.  @observed: what stands at the names of ours has been
 * looked into, and is ours. */
void watched_take(struct env *env, struct topology *t, struct model *declared, struct netns_set *set, bool observed);
void watched_done(struct env *env, struct topology *t);
struct watched *watched_find(const struct topology *t, const char *netns);
/* Holds (if it is @ours) and hears from now on what stands at the name. */
void watched_renew(struct env *env, struct watched *k, struct netns *ns, bool ours);
/* The objects of @netns on the link @name, or in it as a whole (NULL), in the model that is kept. */
struct object *const *watched_objects(const struct topology *t, const char *netns, const char *name, size_t *ret_n);

/* To be looked at again: a link of it, or (NULL) what stands in it besides links. */
void watched_mark(struct watched *k, const char *link);
/* Whether the topology says something of a link of that name, be it but an address. */
bool watched_declares(const struct watched *k, const char *link);
void watched_mark_all(struct topology *t);
bool watched_is_marked(const struct topology *t);
void watched_clear(struct watched *k);
/* What could not be healed: the links in @only, NULL: all. */
void watched_retry(struct watched *k, const char *const *only);
bool watched_has_retry(const struct topology *t);

/* Where what is heard of a namespace is looked for; our own has a chain for itself. */
static inline size_t watched_chain(int nsid)
{
	return nsid == NSID_OWN ? 0 : 1 + (unsigned)nsid % (HEARD_CHAINS - 1);
}

/* watched_heard.c */
/* An event of the listener. */
void watched_heard(void *arg, const struct heard *h);
/* Reads all events that have arrived. */
void watched_listen(struct env *env);
/* Everything is looked at again, bit by bit. */
void watched_audit(struct env *env);

/* watched.c: names. */
/* Looks whether names still mean what they meant; @name NULL: all. */
void watched_check_names(struct env *env, const char *name);
/* machine.open, of the env: namespaces that have lost their names are opened by the descriptors that are held. */
int watched_open(void *arg, struct netns_set *set, const char **names, size_t n, const char *pins, struct err *e);
/* Has the namespaces of @set heard, before they are looked into. */
void watched_hear(struct env *env, struct netns_set *set);
