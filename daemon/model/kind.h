/* SPDX-License-Identifier: MIT */
/* kind.h - what a kind of object is: everything about bridges, routes or addresses is in one table like this, in a file
 * of its own. */
#pragma once
#include "object.h"

struct netns_set; /* netns.h */
struct observer;  /* observer.h */
struct dump;      /* observer.h */
struct batch;     /* batch.h */
struct op;        /* plan.h */
struct plan;      /* plan.h */
struct netns;     /* netns.h */
struct link_kind; /* kind/link.h */
struct unsaid;    /* unsaid.h */

/* How the objects of a kind appear in a file. */
enum form {
	FORM_BODY,   /* the fields are keys of the namespace itself */
	FORM_KEYS,   /* likewise, and there is an object only where the file has one of them */
	FORM_MAP,    /* "section": { "name": { fields } }; the name goes to the key field */
	FORM_LIST,   /* "section": [ { fields } ] */
	FORM_OBJECT, /* "section": { fields } */
	FORM_VALUES, /* "section": { "key": value }: the two fields of the kind */
	FORM_ONE,    /* "section": { fields }: one in a namespace or interface; or the value of the field shorthand */
};

enum { GROUPS_MAX = 4, SLOTS_MAX = 3 };

/* A slot of a namespace that only one object can occupy, besides what ids distinguish: a route of that family,
 * destination, metric and table. */
struct slot {
	struct inet to; /* family 0: default */
	uint32_t family, metric, table;
};

/* The effect of a step on an object that it is not about. */
enum affects {
	AFFECTS_NOT,
	AFFECTS_UNASKED,    /* it is then saved, and reverted with what the step did */
	AFFECTS_ON_PURPOSE, /* likewise, but only where the step is rolled back */
};

/* The callbacks may be NULL unless stated otherwise: then there is nothing to do. */
struct kind {
	const char *name;  /* the word in a file's "kind": "veth" */
	const char *class; /* the word in references: "netns", "link", "address", "route", … */
	const char *label; /* the word in a plan */
	const char *doc;   /* one sentence for the manual */
	const char *
		section; /* key in the file: "interfaces", "routes"; NULL: FORM_BODY, FORM_KEYS, and what is in no file */
	enum form form;
	bool in_link;          /* the section is in an interface, not in a namespace */
	bool managed;          /* manages an existing object, of whatever kind; never creates or deletes */
	bool awaitable;        /* if it is only managed and missing, it is waited for */
	bool outside;          /* files of a namespace: they exist without it, and traffic does not depend on them */
	bool interrupts;       /* creating one on an existing interface drops what that has queued */
	const char *module;    /* of the kernel, which may lack it (probe) */
	bool in_netns;         /* exists in the namespace itself, and is gone with it */
	bool ports;            /* other links may name it as their master */
	const char *shorthand; /* in a list, a bare string is the value of this field */
	size_t size;
	const struct field *fields;
	size_t n_fields;              /* 64 at most */
	uint8_t groups[GROUPS_MAX];   /* RTNLGRP_* that report changes; 0: no more */
	bool tells_who;               /* the kernel says which process caused a change; of links it does not (6.18) */
	bool netfilter;               /* changes are reported by nfnetlink, as one of the whole namespace */
	const struct link_kind *link; /* of class "link": what it does in addition to its rows; may be NULL */

	/* ---- the contents of a file ---- */

	/* Pure.  Sets the hidden keys of an object from its other fields: in a record of an older netnsd they may
	 * differ. */
	void (*identify)(struct object *o);
	/* Pure.  Checks rules across the fields of one object, and makes it canonical. */
	int (*check)(struct object *o, struct err *e);
	/* Pure.  The part of check that is about what becomes part of a path: it is applied to what was read from disk,
	 * too, whose values are the kernel's own.  NULL: nothing does. */
	int (*check_key)(const struct object *o, struct err *e);
	/* Pure.  What may not be meant as it is written, although it is valid; with what else may have been meant.  NULL:
	 * nothing.  Belongs to @a. */
	const char *(*doubt)(struct arena *a, const struct object *o);
	/* Pure.  Called for each object when all have been added: adds what it implies. */
	void (*complete)(struct model *m, struct object *o, struct problems *p);
	/* Pure.  Called for each object when the model is complete: checks rules across objects.  May look objects up,
	 * but not walk a namespace. */
	void (*check_in)(const struct model *m, const struct object *o, struct problems *p);
	/* Pure.  Called once for each namespace: checks rules that need a walk over all its objects (netns->first,
	 * ->next). */
	void (*check_netns)(const struct model *m, const struct object *netns, struct problems *p);

	/* Pure.  Each topology has an object of its own with this id, beside those of others: what two of them cannot
	 * both have, or NULL.  NULL instead of the function: one topology has the object. */
	const char *(*excludes)(struct arena *a, const struct object *want, const struct object *other);

	/* ---- the state of the kernel ---- */

	/* Adds the kernel's objects of this class in one namespace; of a kind that is outside also where the namespace
	 * does not exist. */
	int (*observe)(struct observer *obs, struct err *e);
	/* The same for an observation in slices, where there may be so many that one takes too long: the @i-th dump of
	 * the kernel's; false: there is none.  NULL: they are few. */
	bool (*dump)(struct observer *obs, size_t i, struct dump *ret);
	/* Pure.  Called for each observed object when all namespaces have been read: resolves what involves more than
	 * one.  @wanted is the expected object of the same id, or NULL. */
	void (*resolve)(struct model *observed, struct object *o, const struct object *wanted);
	/* Pure.  A word on the condition of an observed object besides what is declared; NULL: nothing. */
	const char *(*condition)(const struct object *o);
	/* Pure.  Whether an object that is as declared works: -EADDRNOTAVAIL: it does not; -EAGAIN: not yet; with a
	 * message. */
	int (*retry)(const struct object *o, struct err *e);
	/* Pure.  Adds to @desired what the kernel once created with @o, an observed object that is as declared, and
	 * what is missing. */
	void (*derive)(struct model *desired, const struct model *observed, const struct object *o);
	/* Pure.  Called for each observed object that is exported, when all namespaces have been read: takes from it what
	 * need not be said, as the kernel or netnsd does it by itself, and adds to @u what no file can say.  False: nothing
	 * is said of it. */
	bool (*export)(struct model *observed, struct object *o, struct unsaid *u);
	/* How to say that an object is out of order (object.out_of_order). */
	const char *out_of_order;

	/* ---- words ---- */

	/* Pure.  What an object is, or how it differs from what it was, instead of its fields. */
	char *(*describe)(struct arena *a, const struct object *o, const struct object *before);
	/* Pure.  What a plan shows below a step: lines that begin with "+ " and "- "; NULL is nothing. */
	char *(*lines)(struct arena *a, const struct object *before, const struct object *after);

	/* ---- the order of steps ---- */

	/* Pure.  Not 0: it comes before all other objects of any namespace, as its value decides their defaults; within
	 * a namespace the lower comes first. */
	unsigned (*early)(const struct object *o);
	/* Pure.  Whether it is created after those of the kind that are not, and in reverse order of the file. */
	bool (*backward)(const struct object *o);
	/* Pure.  The slots that @o occupies; how many.  Objects of two classes cannot have one at the same time: the
	 * one that leaves it is removed before the other is created. */
	size_t (*slots)(const struct object *o, struct slot ret[SLOTS_MAX]);
	/* Pure.  The place that an observed object is at, and the @i-th place that objects of another class or on the
	 * same interface must leave before @o comes: an own address cannot be a gateway.  False: there is none. */
	bool (*is_at)(const struct object *o, struct slot *ret);
	bool (*avoids)(const struct object *o, size_t i, struct slot *ret);
	/* Pure.  What only one object of the kind can have, and where, wherever the object itself is: of a VLAN its id, on
	 * the interface that carries it ("NS/IF").  The one that loses it is removed before another is created with it.
	 * NULL: nothing. */
	const char *(*holds)(const struct object *o, struct slot *ret);
	/* Pure.  Whether the kernel accepts @want now, given what is @observed.  -EAGAIN: it has to finish something
	 * first, as @e says, which may take @ret_seconds; -EADDRNOTAVAIL: not in this state.  @observed NULL: -EAGAIN
	 * if that can ever happen.  NULL: it always does. */
	int (*ready)(const struct model *observed, const struct object *want, unsigned *ret_seconds, struct err *e);

	/* ---- the effects of a step on other objects, and how all of it reverts ---- */

	/* Pure.  What writing the fields @mask of @o does to @other, of the same namespace. */
	enum affects (*affects)(const struct object *o, uint64_t mask, const struct object *other);
	/* Pure.  Whether the change @op interrupts traffic; NULL: its rows say so (INTERRUPTS). */
	bool (*disrupts)(const struct op *op);
	/* Pure.  Whether the change @op removes @other as well, an observed object that depends on what it changes;
	 * @other NULL: whether it may remove anything. */
	bool (*takes)(const struct op *op, const struct object *other);
	/* Pure.  What an observed object of others depends on ("NS/IF"), besides its references; NULL: nothing. */
	const char *(*base)(const struct object *o);
	/* Whether the step may lock out whoever administers the namespace, which is in @set, from afar: @e says why, and
	 * where.  @last is the object as it was applied last, or NULL.  Asked of the host and of namespaces of others. */
	bool (*locks_out)(const struct op *op, const struct object *last, const struct netns_set *set, struct err *e);
	/* Adds a problem for all that keeps the step of a plan from doing what is expected of it, or that it does besides;
	 * @ns is its namespace, NULL: it is in none. */
	void (*warn)(const struct plan *plan, const struct op *op, const struct netns *ns, struct problems *p);
	/* Pure.  Sets field @i, which a file no longer sets, to the kernel's default, which depends on other objects, or
	 * on other fields: its row has none. */
	void (*reset)(const struct model *desired, const struct model *observed, struct object *o, size_t i);
	/* Pure.  Called for each undeclared object of @desired that reverts to its former value, when all of them have
	 * been added: the former value may have been one that @desired has changed. */
	void (*returns)(const struct model *desired, struct object *o, const struct model *observed);

	/* ---- steps on the kernel ---- */

	/* -EOPNOTSUPP, with the words for it: this kernel cannot create any.  Asked before the first step, if there is a
	 * module.  NULL: it is only known when the kernel refuses one. */
	int (*probe)(const struct kind *k, struct err *e);

	/* Appends the messages of @op to a batch. */
	int (*encode)(struct batch *b, struct op *op, struct err *e);
	/* Executes some of the @n steps, and says how many: for what is not a netlink message, and for what is faster
	 * together.  None: the first is encoded.  1: it continues with the first in another slice (batch_keep). */
	int (*apply)(struct batch *b, struct op *ops, size_t n, size_t *ret_taken, struct err *e);
	/* The kernel says that what @o would be exists already: describes what that is, and the remedy, as an
	 * unfinished sentence; NULL: unknown. */
	const char *(*in_the_way)(struct batch *b, const struct object *o, struct arena *a);

	/* Removes what an interrupted step may have left of namespaces of @set. */
	void (*clear)(const struct netns_set *set);

	/* ---- our mark ---- */

	/* Puts it on an existing object, or removes it (op->mark).  NULL: the kind has none. */
	int (*mark)(struct batch *b, struct op *op, struct err *e);
	/* Pure.  Sets the fields of @have and @want (NULL: it is removed) that show the mark, which is damaged, so that
	 * a change repairs it; @topology NULL: it is not damaged any more. */
	void (*note_mark)(struct model *observed, struct object *have, struct object *want, const char *topology);
	/* Pure.  What to say of @have, which may be ours, but cannot be identified (object.damage). */
	const char *(*say_damage)(struct arena *a, const struct object *have, const char *topology);
};

/* The table of kinds, in order of creation: later kinds depend on earlier ones. */
struct kinds {
	const struct kind *const *v;
	size_t n;
	/* Called before a file is loaded: what names stand for (type.number) may have changed.  NULL: nothing to do. */
	void (*refresh)(void);
};
extern const struct kinds all_kinds;
/* The same for a program that ends with one command: what they are read from once is not read again. */
extern const struct kinds all_kinds_once;

/* Whether a namespace has a list of them, as it has of routes and rules. */
static inline bool kind_is_listed(const struct kind *k)
{
	return k->form == FORM_LIST && k->section && !k->in_link;
}

/* The kind of @class called @name, or its first one where @name is NULL; NULL if there is none. */
const struct kind *kinds_find(const struct kinds *kinds, const char *class, const char *name);

static inline bool object_is(const struct object *o, const char *class)
{
	return !strcmp(o->kind->class, class);
}
