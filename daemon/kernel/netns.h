/* SPDX-License-Identifier: MIT */
/* netns.h - network namespaces: create, open, enter, name and remove them. */
#pragma once
#include "base/err.h"
#include <sys/types.h>

struct model;

enum netns_state {
	NETNS_ABSENT,
	NETNS_PLACEHOLDER, /* an empty file has the name, left by an interrupted create */
	NETNS_STALE,       /* something else has the name, which is no network namespace */
	NETNS_NAMED,
	NETNS_FRESH,    /* ours, new, without a name: nothing of others can be in it */
	NETNS_PINNED,   /* we removed its name, and can restore it */
	NETNS_UNLINKED, /* somebody else removed its name, and we can restore it */
};

struct netns {
	const char *name; /* belongs to the caller of netns_set_make; "host" is the daemon's own */
	enum netns_state state;
	int fd;   /* -1: none */
	int nsid; /* its number in the listener, if it is heard */
	bool heard;
	bool placeholder;    /* of a NETNS_UNLINKED: an empty file has its name */
	bool unchanged;      /* by us since it was observed last */
	_Atomic bool making; /* a thread is about to create it: netns_await */
};

/* The namespaces that one change is about, in order of name. */
struct netns_set {
	const char *dir;           /* the directory of names: "/run/netns" */
	bool prepared;             /* it exists, and is a shared mount */
	const struct model *tried; /* what a change has tried to create; NULL: nothing so far */
	bool exclusive;            /* a new route of ours is not created where others have one */
	const char *pins;          /* where unlinked namespaces are pinned (netns_pin.c), or NULL */
	bool holding;              /* some are pinned */
	struct netns *v;
	size_t n;
	struct netns_maker *maker; /* NULL: none is being created */
};

/* Makes @set of @names, which are sorted and may repeat, and opens those that exist. */
int netns_set_make(struct netns_set *set, const char *dir, const char **names, size_t n, struct err *e);
void netns_set_done(struct netns_set *set);
struct netns *netns_find(const struct netns_set *set, const char *name);

/* Whether what is in it can be read. */
static inline bool netns_is_there(const struct netns *ns)
{
	return ns->state == NETNS_NAMED || ns->state == NETNS_FRESH || ns->state == NETNS_UNLINKED;
}

/* The inode of the namespace that has the name in @dir, 0 if there is none. */
ino_t netns_inode(const char *dir, const char *name);
/* Whether the descriptor refers to a network namespace. */
bool netns_is(int fd);
/* Restores the name of a NETNS_UNLINKED. */
int netns_restore_name(struct netns_set *set, struct netns *ns, struct err *e);
/* Replaces the descriptor of @ns by one that can be bound to its name again, which one
 * opened by name cannot. */
int netns_reopen(struct netns *ns, struct err *e);

/* Moves the thread into a namespace; netns_leavep moves it back, or aborts. */
int netns_enter(const struct netns *ns, struct err *e);
void netns_leavep(int *entered);
/* Moves it into a new one, likewise, which ends when it is left; with the defaults of netnsd-topology(5), or with
 * those of the kernel. */
int netns_enter_new(bool ours, struct err *e);

/* Begins to create @v[0..n-1], fresh, with the defaults of netnsd-topology(5).  The array
 * then belongs to the set, and no other is created before netns_made. */
int netns_make(struct netns_set *set, struct netns **v, size_t n, struct err *e);
/* Waits until @ns is created, or has failed. */
void netns_await(struct netns_set *set, struct netns *ns);
/* Waits until all are created; an error is that of the first that failed. */
int netns_made(struct netns_set *set, struct err *e);
/* Stops creating; those created so far are FRESH. Returns an error that has happened. */
int netns_make_stop(struct netns_set *set, struct err *e);
/* Binds the name; -EEXIST if something has it. */
int netns_name(struct netns_set *set, struct netns *ns, struct err *e);
/* Removes the empty file of a NETNS_PLACEHOLDER. */
int netns_clear(struct netns *ns, const char *dir, struct err *e);
/* Removes the name; the namespace stays alive while it is held.  -ESTALE: the name refers to
 * another one by now. */
int netns_unname(struct netns_set *set, struct netns *ns, struct err *e);

/* netns_pin.c: pins namespaces that a change unlinks, to keep them alive until it is
 * decided: after an interruption their names can still be restored. */
/* Pins @ns, whose descriptor can be bound, at @set->pins. */
int netns_pin_add(struct netns_set *set, const struct netns *ns, struct err *e);
/* A namespace that an interrupted change has left there is NETNS_PINNED, not NETNS_ABSENT. */
void netns_pin_find(struct netns_set *set);
/* Releases everything pinned at @path. */
void netns_pin_release(const char *path);
