/* SPDX-License-Identifier: MIT */
/* object.h - one object that is desired or that the kernel has, and a set of them. */
#pragma once
#include "field.h"
#include "type.h"

struct kind;
struct kinds;

/* The owner of an observed object (owner.h). */
enum owner { OWNER_FOREIGN, OWNER_OURS, OWNER_OTHER_TOPOLOGY };

/* The mark that the kernel stores on an object to show its owner. */
struct sign {
	uint32_t hash;        /* of the topology's name, 0: no mark, SIGN_ANY: by some topology of ours */
	const char *topology; /* its name, where the kernel has room for it */
	bool taken;           /* something else is where our mark would be */
	bool half;            /* created by netnsd, and not named yet */
	bool missing;         /* of an address: it has none, though the kernel stores them */
	uint32_t group;       /* of a link: its group and alias as they are; NULL: none */
	const char *alias;
};
enum { SIGN_ANY = 1 << 30 };

/* An object of others that takes the place of one of ours, or coexists with it. */
struct beside {
	const char *id;     /* of ours */
	const char *words;  /* "a route of proto dhcp via 10.0.0.9 dev e0" */
	const char *remedy; /* a clause: what can be done about it */
	bool along;         /* it comes and goes with an object of another class in that slot (kind.h) */
	bool bars;          /* ours is not created while it exists */
};

/* The head of every kind's own struct. */
struct object {
	const struct kind *kind;
	const char *netns; /* the namespace it is in; "host" is the daemon's own */
	const char *name;  /* of a namespace or interface; NULL elsewhere */
	const char *place; /* "ns1/veth-ns" or "ns1": the place that a plan shows */
	const char *id;    /* "link ns1/veth-ns": class, place and keys; unique in a model */
	uint64_t set;      /* bit i: fields[i] of the kind has a value */
	uint64_t declared; /* those that the file sets; the rest of set reverts to former values (revert.h) */
	uint64_t
		usual; /* those of set that no file sets: the kernel's default, unless another topology declares them */
	struct where where;     /* in the file */
	struct json_object *in; /* what the file says of it; only while it is loaded (object_problem) */
	uint32_t hash;          /* of id */
	uint32_t handle;        /* the kernel's number for it (ifindex), 0: unknown */
	uint32_t born;          /* of an observed address: when the kernel created it, unique for its id; 0: unknown */
	uint32_t seq;           /* order of addition to the model that owns it */
	struct sign sign;       /* of an observed object */
	enum owner owner;       /* likewise */
	const char *owner_name; /* the topology, for OWNER_OTHER_TOPOLOGY */
	const char *damage;     /* of an observed one that is not ours, but may be: what its mark lacks; remedy */
	const char *foreign;    /* of an observed one: what another program has where it would be; remedy */
	const char *instead;    /* likewise: that, in a word, "pfifo 1:"; NULL: it is told by its fields */
	const char *alias_of;   /* of an observed one: it is an alternative name of this interface, which is declared */
	uint64_t cookie;        /* of an observed namespace; of a declared object, where it was observed … */
	uint32_t marked;        /* … with our complete mark, and the number (born) that it had; 0: it was not */
	uint32_t former;        /* the one before that: it may still exist under another name */
	bool listed;            /* the file has the complete list of what belongs to it */
	bool managed;           /* manages an existing object; never creates or deletes it (kind.h) */
	bool reverts;           /* of a desired and managed one: only restored; nothing waits for it (revert.h) */
	bool moot;              /* of a desired one: what it belongs to is gone, and not to be created */
	bool unmarked;          /* of an observed one: it is adopted, and has no mark yet (adopt.h) */
	bool out_of_order;      /* of an observed one: it is recreated to restore its order among others */
	const struct object *comes_after; /* of one out of order: recreated after this desired one; NULL: now */
	const struct beside *beside;      /* of an observed one: it belongs to others, and competes with one of ours */
	bool crowded;                     /* of a desired one: it coexists with one of others */
	bool name_blocked;                /* of a desired namespace: something else has its name */
	bool partial;                     /* of an observed namespace: not all of its links were read */
	bool assumed;                     /* of an observed one: not read, assumed to be as declared */
	unsigned mark;                    /* scratch of one walk */
	struct object *first;             /* of a namespace: its objects, in order of addition */
	struct object *next;              /* in the same namespace */
};

struct model {
	struct arena arena;
	const struct kinds *kinds;
	struct object **objects;
	size_t n, room;
	struct object **index; /* hash of id */
	size_t index_size;     /* power of two */
};
