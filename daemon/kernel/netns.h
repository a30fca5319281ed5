/* SPDX-License-Identifier: MIT */
/* netns.h - network namespaces: create, open, enter, name and remove them. */
#pragma once
#include "base/err.h"
#include <sys/types.h>

struct model;

enum netns_state {
	NETNS_ABSENT,
	NETNS_PLACEHOLDER,	/* an empty file stands where the name would: a create that was cut off */
	NETNS_STALE,	/* something else does, that is no network namespace */
	NETNS_NAMED,
	NETNS_FRESH,	/* ours, new, without a name: nothing foreign can be in it */
	NETNS_PINNED,	/* its name was taken away by us, and can be given back */
	NETNS_UNLINKED,	/* its name was taken away by somebody else, and can be given back */
};

struct netns {
	const char *name;	/* belongs to the caller of netns_set_make; "host" is the daemon's own */
	enum netns_state state;
	int fd;			/* -1: none */
	int nsid;		/* its number among those that are listened to, if it is heard */
	bool heard;
	bool placeholder;		/* of a NETNS_UNLINKED: an empty file stands where its name was */
	bool unchanged;		/* by us since it was looked into last */
	bool found;		/* it lost its name, and was given it back */
	bool adopting;		/* whoever made what is in it, it is read */
	bool crowded;		/* whether routes of others are beside ours is read, too */
	bool unrouted;		/* whether what came with addresses is there is read, too */
	const char *const *only;	/* the links a look is about, up to a NULL; NULL: all */
	_Atomic bool making;	/* a thread is about to make it: netns_await */
};

/* The namespaces that one change is about, in order of name. */
struct netns_set {
	const char *dir;	/* where names stand: "/run/netns" */
	bool prepared;		/* it is there, and a shared mount */
	const struct model *tried;	/* what is being taken back; NULL: nothing */
	bool exclusive;		/* a new route of ours is not made where others have one */
	const char *pins;	/* where what loses its name is kept (netns_pin.c), or NULL */
	bool holding;		/* there is something */
	struct netns *v;
	size_t n;
	struct netns_maker *maker;	/* NULL: nothing is being made */
};

/* Makes @set of @names, which are sorted and may repeat, and opens what is there. */
int netns_set_make(struct netns_set *set, const char *dir, const char **names, size_t n, struct err *e);
void netns_set_done(struct netns_set *set);
struct netns *netns_find(const struct netns_set *set, const char *name);

/* The inode of what the name in @dir means, 0 if it means nothing. */
ino_t netns_inode(const char *dir, const char *name);
/* Whether the descriptor is one of a network namespace. */
bool netns_is(int fd);
/* Gives a NETNS_UNLINKED its name again. */
int netns_restore_name(struct netns_set *set, struct netns *ns, struct err *e);
/* Puts a descriptor in @ns that can be bound to its name again, which one opened by name cannot. */
int netns_reopen(struct netns *ns, struct err *e);

/* Moves the thread into a namespace; netns_leavep brings it back, or aborts. */
int netns_enter(const struct netns *ns, struct err *e);
void netns_leavep(int *entered);

/* Begins to make @v[0..n-1], fresh, with the defaults of netnsd-topology(5).  The array
 * is then the set's, and no other is made before netns_made. */
int netns_make(struct netns_set *set, struct netns **v, size_t n, struct err *e);
/* Waits until @ns is made, or the making has failed. */
void netns_await(struct netns_set *set, struct netns *ns);
/* Waits until all are made; an error is that of the first which is not. */
int netns_made(struct netns_set *set, struct err *e);
/* Makes no more; those made so far are FRESH.  Gives an error that has happened. */
int netns_make_stop(struct netns_set *set, struct err *e);
/* Binds the name; -EEXIST if something stands there. */
int netns_name(struct netns_set *set, struct netns *ns, struct err *e);
/* Removes the empty file of a NETNS_PLACEHOLDER. */
int netns_clear(struct netns *ns, const char *dir, struct err *e);
/* Takes the name away; the namespace lives on while it is held.  -ESTALE: the name means
 * another one by now. */
int netns_unname(struct netns_set *set, struct netns *ns, struct err *e);
/* Lets go of a held or fresh one. */
void netns_drop(struct netns *ns);

/* netns_pin.c: namespaces that lose their names in a change, kept alive until it is decided:
 * should netnsd be cut off, they can still have their names back. */
/* Keeps @ns, whose descriptor can be bound, at @set->held. */
int netns_pin_add(struct netns_set *set, const struct netns *ns, struct err *e);
/* What a change that was cut off has left there is LOST, and not ABSENT. */
void netns_pin_find(struct netns_set *set);
/* Lets go of all that is kept at @path. */
void netns_pin_release(const char *path);
