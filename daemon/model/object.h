/* SPDX-License-Identifier: MIT */
/* object.h - one thing that a person wants or the kernel has, and a set of them. */
#pragma once
#include "field.h"
#include "type.h"

struct kind;
struct kinds;

/* Who an observed object belongs to (owner.h). */
enum owner { OWNER_FOREIGN, OWNER_OURS, OWNER_OTHER_TOPOLOGY };

/* What the kernel keeps on an object to say whose it is. */
struct sign {
	uint32_t hash;		/* of the topology's name, 0: not signed, SIGN_ANY: by some topology of ours */
	const char *topology;	/* its name, where the kernel has room for it */
	bool taken;		/* somebody else's is where ours would stand */
	bool half;		/* made by netnsd, and not given its name yet */
	bool missing;		/* of an address: it has none, though the kernel keeps them */
	uint32_t group;		/* of a link: its group and alias as they are; NULL: none */
	const char *alias;
};
enum { SIGN_ANY = 1 << 30 };

/* Somebody else's object that takes the place of one of ours, or shares it. */
struct beside {
	const char *id;		/* of ours */
	const char *words;	/* "a route of proto dhcp via 10.0.0.9 dev e0" */
	const char *remedy;	/* a clause: what can be done about it */
	bool along;		/* it comes and goes with an object of another class in that slot (kind.h) */
	bool bars;		/* ours is not made while it is there */
};

/* The head of every kind's own struct. */
struct object {
	const struct kind *kind;
	const char *netns;	/* the namespace it is in; "host" is the daemon's own */
	const char *name;	/* of a namespace or interface; NULL elsewhere */
	const char *place;	/* "ns1/veth-ns" or "ns1": where a plan says it is */
	const char *id;		/* "link ns1/veth-ns": class, place and keys; unique in a model */
	uint64_t set;		/* bit i: fields[i] of the kind has a value */
	uint64_t declared;	/* those a file says; the rest of set returns to what it was (revert.h) */
	uint64_t usual;		/* those of set that no file says: the kernel's default, as long as no other topology declares them */
	struct where where;	/* in the file */
	struct json_object *in;	/* what the file says of it; only while it is loaded (object_problem) */
	uint32_t hash;		/* of id */
	uint32_t handle;	/* the kernel's number for it (ifindex), 0: not known yet */
	uint32_t born;		/* of an observed address, when the kernel made it: no other one of its id has that; 0: not told */
	uint32_t seq;		/* order of arrival in the model */
	struct sign sign;	/* of an observed object */
	enum owner owner;	/* likewise */
	const char *owner_name;	/* the topology, for OWNER_OTHER_TOPOLOGY */
	const char *damage;	/* of an observed one that is not ours: what is wrong with a mark that may be, and the remedy */
	const char *alias_of;	/* of an observed one: it is only another name of this interface, and that is declared */
	uint64_t cookie;	/* of an observed namespace, the kernel's; of a declared link or namespace, that of where it was seen … */
	uint32_t marked;	/* … with the whole of our mark, and the number (born) that it had; 0: it was not seen so */
	uint32_t former;	/* the one before that: it may live on under another name */
	bool listed;		/* the file lists what stands on it: the list is complete */
	bool managed;		/* manages what is there; never creates or deletes it (kind.h) */
	bool unmarked;		/* of an observed one: it is adopted, and has no sign yet (adopt.h) */
	bool missing_route;		/* of an observed one: what the kernel made with it is gone (kind.repair) */
	bool out_of_order;		/* of an observed one: it is made anew, in its turn among others */
	const struct object *comes_after;	/* of a misplaced one: not before this desired one is made; NULL: now */
	const struct beside *beside;	/* of an observed one: it is somebody else's, and there is one of ours, or is to be */
	bool crowded;		/* of a desired one: it is made beside somebody else's */
	bool name_blocked;	/* of a desired namespace: what stands at its name is none */
	bool assumed;		/* of an observed one: not looked at, taken to be as declared */
	unsigned mark;		/* scratch of one walk */
	struct object *first, *last;	/* of a namespace: what stands in it, in order of arrival */
	struct object *next;		/* in the same namespace */
};

struct model {
	struct arena arena;
	const struct kinds *kinds;
	struct object **objects;
	size_t n, room;
	struct object **index;	/* hash of id */
	size_t index_size;	/* power of two */
};
