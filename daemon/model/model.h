/* SPDX-License-Identifier: MIT */
/* model.h - what a person wants, or what the kernel has: a set of objects.
 * Both are the same type, so that they can be compared. */
#pragma once
#include "object.h"

void model_init(struct model *m, const struct kinds *kinds);
void model_done(struct model *m);	/* also of a zeroed one */

/* A new object that is not in the model yet. */
struct object *object_new(struct model *m, const struct kind *k, const char *netns, const char *name);
/* Names @o by its keys and puts it in.  -EEXIST with @ret_other if there is one of that id. */
int model_add(struct model *m, struct object *o, struct object **ret_other);
/* Puts @o where @old was; the two have the same id. */
void model_replace(struct model *m, struct object *old, struct object *o);
/* Takes the objects after the first @n out again. */
void model_truncate(struct model *m, size_t n);
/* Puts an object of another model in, whose memory lives as long (arena_join). */
void model_adopt(struct model *m, struct object *o);
struct object *model_find(const struct model *m, const char *id);
/* Object of @class that @ref ("NS/IF", "NS") names. */
struct object *model_find_ref(const struct model *m, const char *class, const char *ref);
/* A copy of @o in @m, not yet added; only the fields of @mask are set. */
struct object *object_copy(struct model *m, const struct object *o, uint64_t mask);
/* Strings the objects of each namespace together (first, next); call it when all are in. */
void model_link(struct model *m);
/* The object of a namespace; NULL if the model has none of that name. */
struct object *model_netns(const struct model *m, const char *netns);

void *object_at(const struct object *o, size_t i);		/* the value of field i */
/* Field i in a set of fields: object.set, op.diff. */
static inline uint64_t bit(size_t i)
{
	return UINT64_C(1) << i;
}
static inline bool object_has(const struct object *o, size_t i)
{
	return o->set & bit(i);
}
/* Index of the field called @name, or -1. */
int kind_field(const struct kind *k, const char *name);
/* The set that has only the field called @name; none where the kind has no such field. */
uint64_t field_bit(const struct kind *k, const char *name);
/* Whether the field called @name has a value. */
bool object_says(const struct object *o, const char *name);
/* Sets field @name of @o from JSON text the kind itself wrote; asserts that it is valid. */
void object_set(struct model *m, struct object *o, const char *name, const char *json);
/* Lays the fields of @from that are in @mask over @o, as far as both kinds have the row. */
void object_assign(struct model *m, struct object *o, const struct object *from, uint64_t mask);
/* Gives fields that are USUAL and have no value the kernel's default. */
void object_set_usual(struct object *o);
/* The fields that are USUAL and have another value than that. */
uint64_t object_unusual(const struct object *o);
/* Whether field i of @o has the default of its row; a row without one has none. */
bool object_has_default(const struct object *o, size_t i);
/* Marks member @m of struct @s, which begins with @o, as set. */
#define OBJECT_SET(o, s, m) object_mark_set(o, offsetof(struct s, m))
void object_mark_set(struct object *o, size_t offset);

/* Whether @ref, "NS/IF", is in the namespace. */
bool ref_is_in(const char *ref, const char *netns);

/* The fields that @want sets and @have has not or has otherwise. */
uint64_t object_diff(const struct object *want, const struct object *have);
/* The fields of the kind that have all of @flags. */
uint64_t kind_mask(const struct kind *k, unsigned flags);

/* Walks the references of @o: calls with i = 0 first; false at the end.
 * @gives: the things it brings into being instead. */
struct ref {
	size_t field;
	const char *class, *to;		/* "link", "ns1/veth-ns" */
	bool loose;
};
bool object_ref(const struct object *o, bool gives, size_t *i, struct ref *ret);
/* The id that a reference means. */
const char *ref_id(const char *class, const char *to, char buf[512]);

/* "veth, peer host/veth-host", "10.0.0.2/24", "default via 10.0.0.1": what @o is,
 * or with @before what changes ("mtu 1500 → 9000").  Only fields of @mask. */
char *object_describe(struct arena *a, const struct object *o, const struct object *before, uint64_t mask);
/* "ip", or "ip -n NS": how a command that a message proposes begins. */
const char *netns_ip(struct arena *a, const char *netns);
/* The model as a flat list, for the state directory, and back. */
struct json_object *model_save(const struct model *m);
int model_restore(struct model *m, struct json_object *in, struct err *e);

/* Adds a problem of @o, in place of its field @field as far as the file has it
 * (NULL: of the object).  While it is loaded: for check_in and its like. */
void object_problem(struct problems *p, int code, const struct object *o, const char *field, const char *fmt, ...)
	_printf_(5, 6);
