/* SPDX-License-Identifier: MIT */
/* fake.h - a kernel that is only a list of objects, with the real one's rules: it refuses
 * what already exists and what lacks its base, and removes dependents together with an
 * object. */
#pragma once
#include "model/revert.h"
#include "model/kind.h"
#include "model/model.h"
#include "kind/address.h"
#include "kind/link.h"
#include "kind/route.h"
#include "model/owner.h"

/* Kinds that a test makes objects of by hand; all others are in the table. */
extern const struct kind kind_netns, kind_bridge, kind_veth, kind_sysctl;

struct fake_entry {
	struct object *o; /* never changed in place, so that copies may share it */
	bool pins;        /* in a namespace whose name was removed, and that is still held */
	bool fresh;       /* a namespace that has no name yet */
};

struct fake {
	struct model *memory; /* only its arena is used; not owned */
	struct fake_entry *v;
	size_t n, room;
	uint32_t next_index;
	bool exclusive;       /* a new route is not created where others have one (netns.h) */
	const char *topology; /* whose mark new objects get */
	struct model *noted;  /* the values of sysctls before they were written; may be NULL */
};

/* A machine with a loopback, eth0 (192.0.2.10/24) and eth1, and a namespace "lab" of
 * others with an interface lab0. */
void fake_init(struct fake *k, struct model *memory, const char *topology);
/* Copies the state, with new objects in @memory. */
void fake_copy(struct fake *to, const struct fake *from, struct model *memory);
void fake_done(struct fake *k);

/* Acts as another program: adds an object, from JSON text "field": value pairs ended by NULL. */
struct object *fake_add(struct fake *k, const struct kind *kind, const char *netns, const char *name, ...);
/* Acts as another program: adds a route of its own next to @route, with the same
 * destination, metric and table. */
void fake_intrude(struct fake *k, const struct object *route);
bool fake_is_intruder(const struct object *o);
/* Removes the object of @id, with all that depends on it. */
void fake_remove(struct fake *k, const char *id);
struct object *fake_find(const struct fake *k, const char *id);

/* As observe_netns(). */
void fake_show(const struct fake *k, struct model *observed, const char *netns, const struct model *desired,
	       const struct model *last);
/* Executes one step, as execute and the kinds would. */
int fake_step(struct fake *k, const struct plan *plan, const struct op *op);
/* Puts the mark of @topology on what has one. */
int fake_mark(struct fake *k, const struct object *o, const char *topology);
/* Names what has no name yet, and releases what was held; -EBUSY if a veth pair leads from it to what stays. */
int fake_commit(struct fake *k);
/* Releases what never got a name, or lost it. */
int fake_drop(struct fake *k);
/* netnsd is interrupted: what never got a name goes, with the other ends of its veth pairs. */
void fake_cut_off(struct fake *k);

/* NULL if both are the same, apart from numbers; else what differs, for a person. */
const char *fake_diff(const struct fake *a, const struct fake *b, struct arena *arena);

/* Shared by fake.c, fake_step.c and fake_other.c. */
/* A step about anything but namespaces, links, addresses and routes. */
int fake_step_other(struct fake *k, const struct op *op);
/* Whether it is a neighbour on @link; NULL: on any. */
bool fake_is_neighbor(const struct object *o, const char *link);
/* Removes the forwarding entries of a port. */
void fake_leave_bridge(struct fake *k, const char *link);
/* Whether there is still what it cannot be without. */
bool fake_stands(const struct fake *k, const struct object *o);
/* Whether another one has what only one can have (kind.holds): the id of a VLAN. */
bool fake_is_held(const struct fake *k, const struct object *want);
void fake_put(struct fake *k, struct object *o);
struct fake_entry *fake_entry(const struct fake *k, const char *id);
struct object *fake_find_ref(const struct fake *k, const char *class, const char *to);
struct object *fake_clone(struct model *memory, const struct object *o);
/* A copy of the object of @id in its place, to be changed; NULL if there is none. */
struct object *fake_edit(struct fake *k, const char *id);
/* The value of a field that is set, or NULL. */
void *fake_field(const struct object *o, const char *name);
/* For a sysctl that may never have been written. */
const char *fake_value(const struct object *sysctl);
/* Gives an object its id. */
struct object *fake_name(struct fake *k, struct object *o);
