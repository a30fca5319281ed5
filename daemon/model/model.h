/* SPDX-License-Identifier: MIT */
/* model.h - what is desired, or what the kernel has: a set of objects.  Both are of the
 * same type, so that they can be compared. */
#pragma once
#include "object.h"

void model_init(struct model *m, const struct kinds *kinds);
void model_done(struct model *m); /* also of a zeroed one */

/* A new object that is not in the model yet. */
struct object *object_new(struct model *m, const struct kind *k, const char *netns, const char *name);
/* Names @o by its keys: sets its id. */
void model_name(struct model *m, struct object *o);
/* Names @o and adds it.  -EEXIST with @ret_other if there is one of that id. */
int model_add(struct model *m, struct object *o, struct object **ret_other);
/* Puts @o in the place of @old; the two have the same id. */
void model_replace(struct model *m, struct object *old, struct object *o);
/* Removes the objects after the first @n. */
void model_truncate(struct model *m, size_t n);
/* Adds an object of another model, whose memory lives as long (arena_join). */
void model_adopt(struct model *m, struct object *o);
/* Likewise, but @o stays one of the other model, in its order (seq). */
void model_borrow(struct model *m, struct object *o);
struct object *model_find(const struct model *m, const char *id);
/* The object of @m with the id of @o. */
struct object *model_same(const struct model *m, const struct object *o);
/* Object of @class that @ref ("NS/IF", "NS") names. */
struct object *model_find_ref(const struct model *m, const char *class, const char *ref);
/* A copy of @o in @m, not yet added; only the fields of @mask are set. */
struct object *object_copy(struct model *m, const struct object *o, uint64_t mask);
/* Links the objects of each namespace (first, next); called when all have been added. */
void model_link(struct model *m);
/* The object of a namespace; NULL if the model has none of that name. */
struct object *model_netns(const struct model *m, const char *netns);

void *object_at(const struct object *o, size_t i); /* the value of field i */
/* Field i as a bit of a set of fields: object.set, op.diff. */
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
/* The set that has only the field called @name; empty if the kind has no such field. */
uint64_t field_bit(const struct kind *k, const char *name);
/* Whether the field called @name has a value. */
bool object_says(const struct object *o, const char *name);
/* Its value as a file has it, which the caller owns; NULL: it has none. */
struct json_object *object_value(const struct object *o, const char *name);
/* Sets field @name of @o from JSON text that the kind itself wrote; asserts that it is valid. */
void object_set(struct model *m, struct object *o, const char *name, const char *json);
/* Stores @v as the value of a field whose type is a number of one, two or four bytes, or a bool. */
void field_store(const struct field *f, void *at, uint32_t v);
/* Copies the fields of @from that are in @mask to @o, as far as both kinds have the row. */
void object_assign(struct model *m, struct object *o, const struct object *from, uint64_t mask);
/* Sets fields that are USUAL and have no value to the kernel's default. */
void object_set_usual(struct object *o);
/* The fields that are USUAL and differ from it. */
uint64_t object_unusual(const struct object *o);
/* Whether field i of @o has the default of its row; false for a row without one. */
bool object_has_default(const struct object *o, size_t i);
/* Marks member @m of struct @s, which begins with @o, as set. */
#define OBJECT_SET(o, s, m) object_mark_set(o, offsetof(struct s, m))
void object_mark_set(struct object *o, size_t offset);

/* Whether @ref, "NS/IF", is in the namespace. */
bool ref_is_in(const char *ref, const char *netns);

/* The fields that are set in @want and missing or different in @have. */
uint64_t object_diff(const struct object *want, const struct object *have);
/* The fields of the kind that have all of @flags. */
uint64_t kind_mask(const struct kind *k, unsigned flags);

/* Iterates over the references of @o: call with i = 0 first; false at the end.  @gives:
 * over the objects that it creates instead. */
struct ref {
	size_t field;
	const char *class, *to; /* "link", "ns1/veth-ns" */
	bool loose;
};
bool object_ref(const struct object *o, bool gives, size_t *i, struct ref *ret);
/* The id of the object that a reference names. */
const char *ref_id(const char *class, const char *to, char buf[512]);

/* "veth, peer host/veth-host", "10.0.0.2/24", "default via 10.0.0.1": what @o is,
 * or with @before what changes ("mtu 1500 → 9000").  Only fields of @mask. */
char *object_describe(struct arena *a, const struct object *o, const struct object *before, uint64_t mask);
/* "down", "mtu 1400, master none": the values of @o, as far as they are in @mask; also the usual ones where @other, of
 * the same kind, has another. */
char *object_describe_unlike(struct arena *a, const struct object *o, const struct object *other, uint64_t mask);
/* "ip", or "ip -n NS": the beginning of a command that a message proposes. */
const char *netns_ip(struct arena *a, const char *netns);
/* "", or "ip netns exec NS ": that of one for a program which does not enter a namespace by itself. */
const char *netns_exec(struct arena *a, const char *netns);
/* Converts the model to a flat list, for the state directory, and back. */
struct json_object *model_save(const struct model *m);
int model_restore(struct model *m, struct json_object *in, struct err *e);

/* Adds a warning for each object of a loaded file that may not be meant as it is written. */
void model_doubts(const struct model *m, struct problems *p);
/* Adds a problem of @o, at its field @field if the file has it (NULL: at the object), or within the field:
 * "nat/dnat/3/in".
 * For check_in and its like, while the file is loaded. */
void object_problem(struct problems *p, int code, const struct object *o, const char *field, const char *fmt, ...)
	_printf_(5, 6);
