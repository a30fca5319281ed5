/* SPDX-License-Identifier: MIT */
/* kind.h - what a kind of object is: all that is known about bridges, routes or
 * addresses stands in one table like this, in a file of its own. */
#pragma once
#include "object.h"

struct observer;		/* observer.h */
struct batch;		/* batch.h */
struct op;		/* plan.h */
struct link_kind;	/* kind/link.h */

/* How the objects of a kind stand in a file. */
enum form {
	FORM_BODY,	/* the fields are keys of the namespace itself */
	FORM_MAP,	/* "section": { "name": { fields } }; the name goes to the key field */
	FORM_LIST,	/* "section": [ { fields } ] */
	FORM_VALUES,	/* "section": { "key": value }: the two fields of the kind */
};

enum { GROUPS_MAX = 4, SLOTS_MAX = 3 };

/* What a namespace has room for once, beside what ids tell apart: a route of that family,
 * destination, metric and table. */
struct slot {
	struct inet to;		/* family 0: default */
	uint32_t family, metric, table;
};

/* What a step does to an object that it is not about. */
enum affects {
	AFFECTS_NOT,
	AFFECTS_UNASKED,	/* it is then remembered, and put back with what the step did */
	AFFECTS_ON_PURPOSE,	/* likewise, but only where the step is rolled back */
};

/* The callbacks may be NULL, where nothing else is said: then there is nothing to do. */
struct kind {
	const char *name;	/* what a file says in "kind"; "veth" */
	const char *class;	/* what references name: "netns", "link", "address", "route", … */
	const char *label;	/* the word in a plan */
	const char *doc;	/* one sentence for the manual */
	const char *section;	/* key in the file: "interfaces", "routes"; NULL for FORM_BODY */
	enum form form;
	bool in_link;		/* the section stands in an interface, not in a namespace */
	bool managed;		/* manages what is there, of whatever kind; never creates or deletes */
	bool awaitable;		/* what is only managed and not there yet is waited for */
	bool ports;		/* other links may name it as their master */
	const char *shorthand;	/* in a list, a bare string means this field */
	size_t size;
	const struct field *fields;
	size_t n_fields;	/* 64 at most */
	uint8_t groups[GROUPS_MAX];	/* RTNLGRP_* that tell of changes; 0: no more */
	const struct link_kind *link;	/* of class "link": what it does beyond its rows; may be NULL */

	/* ---- what a file says ---- */

	/* Pure.  Sets the hidden keys of an object from its other fields: in a record that an
	 * older netnsd wrote they may be others. */
	void (*identify)(struct object *o);
	/* Pure.  Rules across the fields of one object, and its canonical form. */
	int (*check)(struct object *o, struct err *e);
	/* Pure.  The part of it that is about what a path is made of: it holds for what was read from
	 * disk as well, whose values are the kernel's own.  NULL: no path is. */
	int (*check_key)(const struct object *o, struct err *e);
	/* Pure.  Called for each object when all are there: adds what it implies. */
	void (*complete)(struct model *m, struct object *o, struct problems *p);
	/* Pure.  Called for each object when the model is complete: rules across objects.
	 * May look things up, but not walk a namespace. */
	void (*check_in)(const struct model *m, const struct object *o, struct problems *p);
	/* Pure.  Called once for each namespace: rules that need a walk over all that
	 * stands in it (netns->first, ->next). */
	void (*check_netns)(const struct model *m, const struct object *netns, struct problems *p);

	/* ---- what the kernel has ---- */

	/* Adds what the kernel has of this class in one namespace. */
	int (*observe)(struct observer *obs, struct err *e);
	/* Pure.  Called for each observed object when all namespaces are read: finds out
	 * what takes more than one.  @wanted is what may be expected, of the same id, or NULL. */
	void (*resolve)(struct model *observed, struct object *o, const struct object *wanted);
	/* Pure.  What the kernel says of an observed one besides what is declared, in a word; NULL: nothing. */
	const char *(*condition)(const struct object *o);
	/* Pure.  Whether one that is as declared is of use: -EADDRNOTAVAIL: it is not; -EAGAIN: not yet; with words. */
	int (*retry)(const struct object *o, struct err *e);
	/* What the kernel made with an object and somebody may have taken away (object.missing_route): how to say that it is gone;
	 * whether it could be there now (pure); and making it again, which is -EEXIST where it came with another one's. */
	const char *missing_route;
	bool (*can_repair)(const struct model *observed, const struct object *o);
	int (*repair)(struct batch *b, const struct object *o, struct err *e);
	/* How to say that an object is misplaced (object.out_of_order). */
	const char *out_of_order;

	/* ---- the order of steps ---- */

	/* Pure.  Not 0: it comes before what stands in any namespace, as its value decides what that begins with;
	 * among those of one namespace the lower comes first. */
	unsigned (*early)(const struct object *o);
	/* Pure.  Whether it is created after those of the kind that are not, and before those that a
	 * file has before it. */
	bool (*backward)(const struct object *o);
	/* Pure.  The slots that @o takes up; how many.  Objects of two classes cannot have one at
	 * the same time: what leaves it leaves before the other is created. */
	size_t (*slots)(const struct object *o, struct slot ret[SLOTS_MAX]);
	/* Pure.  The place that an observed object is at, and the @i-th one that must be left, by objects of another class
	 * or on the same interface, before @o comes: no own address is a gateway.  False: there is none. */
	bool (*is_at)(const struct object *o, struct slot *ret);
	bool (*avoids)(const struct object *o, size_t i, struct slot *ret);
	/* Pure.  Whether the kernel takes @want now, with what is @observed.  -EAGAIN: it has to finish
	 * something first, as @e says, which may take @ret_seconds; -EADDRNOTAVAIL: not with what there
	 * is.  @observed NULL: -EAGAIN where that may ever be so.  NULL: it always does. */
	int (*ready)(const struct model *observed, const struct object *want, unsigned *ret_seconds, struct err *e);

	/* ---- what a step does to other objects, and how all of it returns ---- */

	/* Pure.  What bringing the fields @mask of @o about does to @other, of the same namespace. */
	enum affects (*affects)(const struct object *o, uint64_t mask, const struct object *other);
	/* Pure.  Whether the change @op takes @other along, an observed object that stands on what it changes; @other NULL:
	 * whether it may take anything. */
	bool (*takes)(const struct op *op, const struct object *other);
	/* Pure.  Where what an observed object of others stands on is ("NS/IF"), beyond its references; NULL: nowhere. */
	const char *(*base)(const struct object *o);
	/* Pure.  Gives field @i, which a file says no more, the kernel's default, which depends: its row has none. */
	void (*reset)(struct object *o, size_t i);
	/* Pure.  Called for each object of @desired that nobody declares and that returns to what it was, when all of
	 * them are there: what it was may have been what @desired has changed. */
	void (*returns)(const struct model *desired, struct object *o, const struct model *observed);

	/* ---- steps on the kernel ---- */

	/* Appends the messages of @op to a batch. */
	int (*encode)(struct batch *b, struct op *op, struct err *e);
	/* Takes some of the @n steps, and says how many: for what is no netlink message, and for what
	 * goes faster together.  None: the first is encoded. */
	int (*apply)(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e);
	/* The kernel says that what @o would be is there already: what that is, and what can be
	 * done, as a sentence without an end; NULL: not known. */
	const char *(*in_the_way)(struct batch *b, const struct object *o, struct arena *a);

	/* ---- our mark ---- */

	/* Puts it on what is there, or takes it off (op->mark).  NULL: it needs none. */
	int (*mark)(struct batch *b, struct op *op, struct err *e);
	/* Pure.  Sets the fields of @have and @want (NULL: it leaves) that tell of the mark, which is damaged, so that a
	 * change mends it; @topology NULL: it is not damaged any more. */
	void (*note_mark)(struct model *observed, struct object *have, struct object *want, const char *topology);
	/* Pure.  What to say of @have, which may be ours, but cannot be told to be (object.damage). */
	const char *(*say_damage)(struct arena *a, const struct object *have, const char *topology);
};

/* The table of kinds, in order of creation: what later kinds stand on comes first. */
struct kinds {
	const struct kind *const *v;
	size_t n;
};
extern const struct kinds all_kinds;

/* The kind of @class called @name, or its first one where @name is NULL; NULL if there is none. */
const struct kind *kinds_find(const struct kinds *kinds, const char *class, const char *name);

static inline bool object_is(const struct object *o, const char *class)
{
	return !strcmp(o->kind->class, class);
}
