/* SPDX-License-Identifier: MIT */
/* fake.h - a kernel that is only a list of objects, with the real one's rules: it
 * refuses what already exists and what stands on nothing, and takes along what
 * stood on a thing that goes. */
#pragma once
#include "model/revert.h"
#include "model/kind.h"
#include "model/model.h"
#include "kind/link.h"
#include "kind/route.h"
#include "model/owner.h"

/* Kinds that a test makes objects of by hand; all others it finds in the table. */
extern const struct kind kind_netns, kind_bridge, kind_veth, kind_sysctl, kind_address;

struct fake_entry {
	struct object *o; /* never changed in place, so that copies may share it */
	bool pins;        /* in a namespace whose name was taken away, and not yet let go of */
	bool fresh;       /* a namespace that has no name yet */
};

struct fake {
	struct model *memory; /* only its arena is used; not owned */
	struct fake_entry *v;
	size_t n, room;
	uint32_t next_index;
	bool exclusive;       /* a new route is not made where others have one (netns.h) */
	const char *topology; /* whose mark new objects get */
	struct model *noted;  /* what was there before a sysctl was written; may be NULL */
};

/* A machine with a loopback, eth0 (192.0.2.10/24) and eth1, and a namespace "lab" of
 * somebody else with an interface lab0. */
void fake_init(struct fake *k, struct model *memory, const char *topology);
/* Of the same state, with what is new in @memory. */
void fake_copy(struct fake *to, const struct fake *from, struct model *memory);
void fake_done(struct fake *k);

/* What another program does: adds an object, from JSON text "field": value pairs ended by NULL. */
struct object *fake_add(struct fake *k, const struct kind *kind, const char *netns, const char *name, ...);
/* What another program does: puts a route of its own beside @route, of the same destination, metric and table. */
void fake_intrude(struct fake *k, const struct object *route);
bool fake_is_intruder(const struct object *o);
/* Takes the object of @id away, with all that stands on it. */
void fake_remove(struct fake *k, const char *id);
struct object *fake_find(const struct fake *k, const char *id);

/* As observe_netns(). */
void fake_show(const struct fake *k, struct model *observed, const char *netns, const struct model *desired,
	       const struct model *last);
/* Carries out one step, as execute and the kinds would. */
int fake_step(struct fake *k, const struct plan *plan, const struct op *op);
/* What has no name yet gets it, and what was held goes; -EBUSY if a cable leads from it to what stays. */
int fake_commit(struct fake *k);
/* Lets go of what never got a name, or had it taken away. */
int fake_drop(struct fake *k);
/* netnsd is cut off: what never got a name goes, with the other ends of its cables. */
void fake_cut_off(struct fake *k);

/* NULL if both have the same, apart from numbers; else what is different, for a person. */
const char *fake_diff(const struct fake *a, const struct fake *b, struct arena *arena);

/* What fake.c and fake_step.c share. */
void fake_put(struct fake *k, struct object *o);
struct fake_entry *fake_entry(const struct fake *k, const char *id);
struct object *fake_find_ref(const struct fake *k, const char *class, const char *to);
struct object *fake_clone(struct model *memory, const struct object *o);
/* A copy of the object of @id in its place, to be changed; NULL if there is none. */
struct object *fake_edit(struct fake *k, const char *id);
/* The value of a field that is set, or NULL. */
void *fake_field(const struct object *o, const char *name);
/* Of a sysctl that may never have been written. */
const char *fake_value(const struct object *sysctl);
/* Gives an object its id. */
struct object *fake_name(struct fake *k, struct object *o);
