/* SPDX-License-Identifier: MIT */
/* watched.h - the namespaces that topologies watch: how each is held and heard, and what in it
 * is to be observed again. */
#pragma once
#include "topology/env.h"
#include "kernel/listen.h"
#include "kernel/process.h"
#include "model/slot.h"

/* A namespace that a topology manages; several may manage the host. */
struct watched {
	struct topology *topology;
	char name[65];
	int fd;       /* of a namespace that netnsd created, to restore its name; else -1 */
	ino_t inode;  /* 0: there is none */
	bool renamed; /* its name meant something else at the last check */
	int nsid;
	bool heard;            /* nsid is valid */
	bool outside;          /* the topology declares files of it (kind.outside) */
	bool by_link;          /* links are observed one by one: others may have thousands here */
	struct object **links; /* of the topology, in order of ifindex once sorted */
	size_t n_links;
	bool sorted;
	struct slots slots; /* of the topology's routes, once an event was about one */
	bool slotted;
	bool netfilter;          /* the topology declares what nftables events are about */
	struct nft_owner *owner; /* of our table there; NULL: others can change it */

	bool retry;      /* what is marked could not be healed; observed with whatever is next */
	bool dirty, due; /* there was an event; an audit is due when there is time */
	bool crowded;    /* others may have routes that coexist with ours */
	bool unrouted;   /* a route that came with an address may be missing */
	bool all;        /* all of the topology's links in it, else those in names */
	char (*names)[16];
	size_t n_names;
	uint32_t pid;           /* of the process that caused the events, the last of @several; 0: unknown */
	char by[PROCESS_WORDS]; /* who the first of them is; empty: unknown */
	bool several;           /* processes caused the events */
	struct watched *same;   /* the next one in its chain */
};

/* Takes over a model and its namespaces.  @observed: what has the names of ours was observed, and is ours. */
void watched_take(struct env *env, struct topology *t, struct model *declared, struct netns_set *set, bool observed);
void watched_done(struct env *env, struct topology *t);
struct watched *watched_find(const struct topology *t, const char *netns);
/* Holds (if it is @ours) and hears from now on the namespace of that name. */
void watched_renew(struct env *env, struct watched *k, struct netns *ns, bool ours);
/* The objects of @netns on the link @name, or in the namespace itself (NULL), in the watched model. */
struct object *const *watched_objects(const struct topology *t, const char *netns, const char *name, size_t *ret_n);

/* Marks a link, or (NULL) what is in the namespace besides links, to be observed again. */
void watched_mark(struct watched *k, const char *link);
/* Whether the topology declares anything on a link of that name, even only an address. */
bool watched_declares(const struct watched *k, const char *link);
void watched_mark_all(struct topology *t);
bool watched_is_marked(const struct topology *t);
void watched_clear(struct watched *k);
/* Notes what could not be healed: the links in @only, NULL: all. */
void watched_retry(struct watched *k, const char *const *only);
bool watched_has_retry(const struct topology *t);

/* The hash chain of a namespace that is heard; our own has one for itself. */
static inline size_t watched_chain(int nsid)
{
	return nsid == NSID_OWN ? 0 : 1 + (unsigned)nsid % (HEARD_CHAINS - 1);
}

/* watched_heard.c */
/* Reads all events that have arrived. */
void watched_listen(struct env *env);
/* Marks everything to be observed again, bit by bit. */
void watched_audit(struct env *env);

/* watched.c: names. */
/* Checks whether names still mean the same namespaces; @name NULL: all. */
void watched_check_names(struct env *env, const char *name);
/* Marks what exists of @name without the namespace, such as its files; NULL: of all that have such. */
void watched_mark_outside(struct env *env, const char *name);
/* machine.open, of the env: unlinked namespaces are opened by the descriptors that are held. */
int watched_open(void *arg, struct netns_set *set, const char **names, size_t n, const char *pins, struct err *e);
/* Has the namespaces of @set heard, before they are observed. */
void watched_hear(struct env *env, struct netns_set *set);
