/* SPDX-License-Identifier: MIT */
/* fake_other.c - the steps of the fake kernel for what has few rules: sysctls, rules, neighbours and
 * forwarding entries. */
#include "fake.h"
#include "model/slot.h"

static bool is_class(const struct object *o, const char *class)
{
	return !strcmp(o->kind->class, class);
}

bool fake_is_neighbor(const struct object *o, const char *link)
{
	struct ref ref;

	for (size_t i = 0; is_class(o, "neighbor") && object_ref(o, false, &i, &ref);)
		if (!link || !strcmp(ref.to, link))
			return true;
	return false;
}

static bool is_port_object(const struct object *o)
{
	return is_class(o, "fdb") || is_class(o, "vlans");
}

/* The interface of a forwarding entry or of a list of VLANs. */
static const char *port_of(const struct object *o)
{
	return is_class(o, "fdb") ? *(const char **)fake_field(o, "dev") : o->place;
}

/* The bridge in whose tables it is; NULL: its interface is no port. */
static const struct object *table_of(const struct fake *k, const struct object *o)
{
	const struct object *dev = fake_find_ref(k, "link", port_of(o));
	const char *master = dev ? ((const struct link *)dev)->master : NULL;

	return dev && dev->kind->ports ? dev : fake_find_ref(k, "link", master);
}

bool fake_stands(const struct fake *k, const struct object *o)
{
	struct slot slot = { 0 };
	const char *carrier = o->kind->holds ? o->kind->holds(o, &slot) : NULL;
	struct ref ref;

	if (carrier && !fake_find_ref(k, "link", carrier))
		return false;
	for (size_t i = 0; is_class(o, "neighbor") && object_ref(o, false, &i, &ref);)
		if (!fake_find_ref(k, ref.class, ref.to))
			return false;
	return !is_port_object(o) || table_of(k, o);
}

bool fake_is_held(const struct fake *k, const struct object *want)
{
	struct slot mine = { 0 }, other = { 0 };
	const char *in = want->kind->holds ? want->kind->holds(want, &mine) : NULL;

	for (size_t i = 0; in && i < k->n; i++) {
		const struct object *o = k->v[i].o;
		const char *there = o->kind == want->kind ? o->kind->holds(o, &other) : NULL;

		if (there && !strcmp(in, there) && slot_cmp(&mine, &other) == 0)
			return true;
	}
	return false;
}

void fake_leave_bridge(struct fake *k, const char *link)
{
	for (size_t i = k->n; i-- > 0;)
		if (is_port_object(k->v[i].o) && !strcmp(port_of(k->v[i].o), link))
			k->v[i] = k->v[--k->n];
}

/* A bridge has one entry for each address, on whichever port. */
static void move_away(struct fake *k, const struct object *o)
{
	for (size_t i = k->n; is_class(o, "fdb") && i-- > 0;) {
		const struct object *other = k->v[i].o;

		if (is_class(other, "fdb") && !k->v[i].pins && strcmp(other->id, o->id) != 0 &&
		    !memcmp(fake_field(other, "mac"), fake_field(o, "mac"), 6) && table_of(k, other) == table_of(k, o))
			k->v[i] = k->v[--k->n];
	}
}

static int sysctl_step(struct fake *k, const struct op *op)
{
	struct object *o, *have;

	if (!op->after)
		return 0;
	if (op->after->kind->in_link && !fake_find_ref(k, "link", op->after->place))
		return -ENOENT;
	have = fake_find(k, op->after->id);
	o = fake_clone(k->memory, op->after);
	if (!op->before && k->noted) {
		struct object *seen = object_copy(k->noted, o, ~UINT64_C(0));

		*(const char **)fake_field(seen, "value") = arena_strdup(&k->noted->arena, fake_value(have));
		model_add(k->noted, seen, NULL);
	}
	if (have)
		fake_entry(k, o->id)->o = o;
	else
		fake_put(k, o);
	return 0;
}

/* Nothing is in their way.  What is to be removed may have gone with its interface. */
static int listed_step(struct fake *k, const struct op *op)
{
	struct object *o = op->after ? fake_clone(k->memory, op->after) : NULL;

	if (o)
		o->sign.hash = SIGN_ANY;
	if (!o && fake_find(k, op->before->id))
		fake_remove(k, op->before->id);
	else if (o && fake_find(k, o->id))
		fake_entry(k, o->id)->o = o;
	else if (o)
		fake_put(k, o);
	return 0;
}

int fake_step_other(struct fake *k, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before;

	if (object_is(o, "sysctl"))
		return sysctl_step(k, op);
	if (op->after && !fake_stands(k, op->after))
		return -ENODEV;
	if (op->after)
		move_away(k, op->after);
	return listed_step(k, op);
}

int fake_mark(struct fake *k, const struct object *o, const char *topology)
{
	struct object *have = fake_edit(k, o->id);

	if (!have)
		return -ENODEV;
	have->sign.hash = topology_hash(topology);
	have->sign.topology = arena_strdup(&k->memory->arena, topology);
	have->sign.half = false;
	return 0;
}
