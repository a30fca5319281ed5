/* SPDX-License-Identifier: MIT */
/* fake_step.c - what a step does to the fake kernel, what it refuses, and what is removed silently. */
#include "fake.h"
#include "model/slot.h"
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

static bool is_class(const struct object *o, const char *class)
{
	return !strcmp(o->kind->class, class);
}

static void drop_at(struct fake *k, size_t i)
{
	memmove(&k->v[i], &k->v[i + 1], (k->n - i - 1) * sizeof(*k->v));
	k->n--;
}

static const struct inet *address_of(const struct object *o)
{
	return fake_field(o, "address");
}

static bool is_up(const struct fake *k, const char *place)
{
	const struct object *o = fake_find_ref(k, "link", place);

	return o && ((const struct link *)o)->up;
}

/* The interface that leads to @via, which is @dev if that is given; NULL if none does. */
static const char *reach(const struct fake *k, const char *netns, const struct inet *via, const char *dev)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct object *o = k->v[i].o;
		const struct inet *peer;

		if (k->v[i].pins || !is_class(o, "address") || strcmp(o->netns, netns) ||
		    (dev && strcmp(o->place, dev)))
			continue;
		peer = fake_field(o, "peer");
		if (inet_covers(peer && peer->family ? peer : address_of(o), via) && is_up(k, o->place))
			return o->place;
	}
	return NULL;
}

static bool has_address(const struct fake *k, const char *netns, const struct inet *src)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct object *o = k->v[i].o;
		const struct inet *a = is_class(o, "address") ? address_of(o) : NULL;

		if (a && !k->v[i].pins && !strcmp(o->netns, netns) && a->family == src->family &&
		    !memcmp(a->addr, src->addr, sizeof(a->addr)))
			return true;
	}
	return false;
}

static int hop_check(const struct fake *k, const struct route *r, const struct inet *via, const char *dev)
{
	bool link_local = via->family == AF_INET6 && via->addr[0] == 0xfe && via->addr[1] == 0x80;

	if (dev && !fake_find_ref(k, "link", dev))
		return -ENODEV;
	if (dev && !is_up(k, dev))
		return -ENETDOWN;
	if (via->family && !link_local && !r->onlink && !reach(k, r->object.netns, via, dev))
		return -ENETUNREACH;
	return 0;
}

static int route_check(const struct fake *k, const struct route *r)
{
	int code = hop_check(k, r, &r->via, r->dev);

	for (size_t i = 0; i < r->nexthops.n && code == 0; i++)
		code = hop_check(k, r, &r->nexthops.v[i].via, r->nexthops.v[i].dev);
	return code == 0 && r->src.family && !has_address(k, r->object.netns, &r->src) ? -EINVAL : code;
}

/* There are no events for the routes that are removed. */
static void sweep(struct fake *k)
{
	for (size_t i = k->n; i-- > 0;) {
		const struct object *o = k->v[i].o;

		if (k->v[i].pins ||
		    (is_class(o, "route") ? route_check(k, (const struct route *)o) == 0 : fake_stands(k, o)))
			continue;
		if (!is_class(o, "link")) {
			drop_at(k, i);
			continue;
		}
		/* What is on it goes, too. */
		fake_remove(k, o->id);
		i = k->n;
	}
}

static void link_go(struct fake *k, const char *place)
{
	for (size_t i = k->n; i-- > 0;) {
		struct object *o = k->v[i].o;
		const char *master = is_class(o, "link") ? ((struct link *)o)->master : NULL;

		if (!strcmp(o->place, place) && !is_class(o, "netns"))
			drop_at(k, i);
		else if (master && !strcmp(master, place))
			((struct link *)fake_edit(k, o->id))->master = NULL;
	}
}

void fake_remove(struct fake *k, const char *id)
{
	const struct object *o = fake_find(k, id), *far = NULL;

	if (!is_class(o, "link")) {
		drop_at(k, (size_t)(fake_entry(k, id) - k->v));
		sweep(k);
		return;
	}
	for (size_t i = 0; i < k->n && ((const struct link *)o)->lower; i++)
		if (is_class(k->v[i].o, "link") && k->v[i].o->handle == ((const struct link *)o)->lower)
			far = k->v[i].o;
	link_go(k, o->place);
	if (far)
		link_go(k, far->place);
	sweep(k);
}

/* An object of ours as its create message makes it. */
static struct object *birth(struct fake *k, const struct object *want)
{
	struct object *o = object_new(k->memory, want->kind, want->netns, want->name);
	struct link *l = (struct link *)o;

	l->mtu = link_mtu(o);
	l->txqlen = 1000;
	mac_derive("machine", k->topology, want->place, l->mac);
	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (f->nla && object_has(want, i))
			memcpy(object_at(o, i), object_at(want, i), f->type->size);
		else if (f->place == NLA_INFO_DATA && f->kernel_default)
			object_set(k->memory, o, f->name, f->kernel_default);
	}
	o->set = kind_mask(o->kind, 0);
	o->managed = false;
	o->handle = k->next_index++;
	o->sign.hash = topology_hash(k->topology);
	o->sign.half = true;
	fake_put(k, fake_name(k, o));
	return o;
}

/* They go with another MAC address, too. */
static void lose_neighbors(struct fake *k, const char *place)
{
	for (size_t i = k->n; i-- > 0;)
		if (fake_is_neighbor(k->v[i].o, place))
			drop_at(k, i);
}

static void go_down(struct fake *k, const char *place)
{
	for (size_t i = k->n; i-- > 0;) {
		const struct object *o = k->v[i].o;

		if (is_class(o, "address") && !strcmp(o->place, place) && address_of(o)->family == AF_INET6)
			drop_at(k, i);
	}
	lose_neighbors(k, place);
	sweep(k);
}

static int link_settle(struct fake *k, const struct op *op, uint64_t mask)
{
	const struct object *want = op->after;
	struct link *l = (struct link *)fake_edit(k, want->id);
	const char *master = object_has(want, LINK_MASTER) ? ((const struct link *)want)->master : NULL;
	const struct object *base = fake_find_ref(k, "link", master);
	bool was_up = l && l->up;
	const char *bridge = l ? l->master : NULL;
	uint8_t mac[6] = { 0 };

	if (!l || l->object.handle != want->handle)
		return -ENODEV;
	if (master && (!base || !base->kind->ports || strcmp(base->netns, want->netns)))
		return base ? -EOPNOTSUPP : -ENODEV;
	memcpy(mac, l->mac, sizeof(mac));
	for (size_t i = 0; i < want->kind->n_fields; i++) {
		const struct field *f = &want->kind->fields[i];

		if (object_has(want, i) && mask & bit(i) && !f->gives && !(f->flags & WRITTEN))
			memcpy(object_at(&l->object, i), object_at(want, i), f->type->size);
	}
	if (!op->before || op->before->sign.half) {
		l->object.sign.hash = topology_hash(k->topology);
		l->object.sign.topology = k->topology;
		l->object.sign.half = false;
	}
	if (was_up && !l->up)
		go_down(k, l->object.place);
	if (bridge && (!l->master || strcmp(bridge, l->master)))
		fake_leave_bridge(k, l->object.place);
	if (memcmp(mac, l->mac, sizeof(mac)))
		lose_neighbors(k, l->object.place);
	return 0;
}

static int link_new(struct fake *k, const struct plan *plan, const struct op *op)
{
	struct object *want = op->after, *far = NULL, *near;
	struct ref ref;

	if (fake_find(k, want->id) || fake_is_held(k, want))
		return -EEXIST;
	for (size_t i = 0; object_ref(want, true, &i, &ref);) {
		far = model_find_ref(plan->desired, ref.class, ref.to);
		if (!far || !fake_find_ref(k, "netns", far->netns))
			return -ENOENT;
		if (fake_find(k, far->id))
			return -EEXIST;
	}
	near = birth(k, want);
	want->handle = near->handle;
	if (far) {
		struct object *end = birth(k, far);

		far->handle = end->handle;
		((struct link *)near)->lower = end->handle;
		((struct link *)end)->lower = near->handle;
	}
	return link_settle(k, op, ~UINT64_C(0));
}

static int link_remove(struct fake *k, const struct object *before)
{
	const struct object *o = fake_find(k, before->id);

	if (!o || o->handle != before->handle)
		return -ENODEV;
	if (is_loopback(o->name) || !o->sign.hash)
		return -EPERM;
	fake_remove(k, before->id);
	return 0;
}

static int link_step(struct fake *k, const struct plan *plan, const struct op *op)
{
	if (!op->after)
		return link_remove(k, op->before);
	if (!op->before && !op->given)
		return link_new(k, plan, op);
	if (op->given && !op->after->handle)
		op->after->handle = 1;
	return link_settle(k, op, op->given ? ~UINT64_C(0) : op->diff);
}

static void netns_new(struct fake *k, const struct object *want)
{
	struct object *o = object_new(k->memory, want->kind, want->netns, NULL);
	struct object *lo = object_new(k->memory, &kind_interface, want->netns, LOOPBACK);
	const uint8_t *forwarding = fake_field(want, "forwarding");

	*(const char **)object_at(o, (size_t)kind_field(o->kind, "lo")) = lo->place;
	*(uint8_t *)object_at(o, (size_t)kind_field(o->kind, "forwarding")) = forwarding ? *forwarding : 0;
	o->set = kind_mask(o->kind, 0);
	fake_put(k, fake_name(k, o));
	k->v[k->n - 1].fresh = true;
	lo->handle = 1;
	lo->managed = false;
	((struct link *)lo)->mtu = 65536;
	((struct link *)lo)->txqlen = 1000;
	lo->set = kind_mask(lo->kind, 0);
	fake_put(k, fake_name(k, lo));
}

static int netns_hold(struct fake *k, const char *netns)
{
	for (size_t i = 0; i < k->n; i++)
		k->v[i].pins |= !strcmp(k->v[i].o->netns, netns);
	return 0;
}

static int netns_step(struct fake *k, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before;
	struct object *have = fake_find(k, o->id);
	const uint8_t *forwarding = fake_field(o, "forwarding");

	if (!have != !op->before)
		return have ? -EEXIST : -ENOENT;
	if (!op->after)
		return netns_hold(k, o->netns);
	if (!have) {
		netns_new(k, o);
	} else if (forwarding) {
		have = fake_edit(k, o->id);
		*(uint8_t *)object_at(have, (size_t)kind_field(o->kind, "forwarding")) = *forwarding;
	}
	return 0;
}

/* A value of none has no attribute. */
static void hide_none(struct object *o)
{
	static const char zero[64];

	for (size_t i = 0; i < o->kind->n_fields; i++) {
		const struct field *f = &o->kind->fields[i];

		if (f->kernel_default && !strcmp(f->kernel_default, "null") &&
		    (f->type == &type_nexthops ? !((const struct nexthops *)object_at(o, i))->n
					       : !memcmp(object_at(o, i), zero, f->type->size)))
			o->set &= ~bit(i);
	}
}

/* Whether an object of another class occupies a slot of @o now. */
static bool is_taken(const struct fake *k, const struct object *o)
{
	bool joins = !is_class(o, "route") || !k->exclusive || o->crowded;
	struct slot mine[SLOTS_MAX] = { 0 }, theirs[SLOTS_MAX] = { 0 };
	size_t n = o->kind->slots(o, mine), m;

	for (size_t i = 0; i < k->n; i++) {
		const struct object *other = k->v[i].o;

		if (k->v[i].pins || !other->kind->slots || strcmp(other->netns, o->netns) ||
		    (fake_is_intruder(other) && joins) || !strcmp(other->kind->class, o->kind->class) ||
		    (is_class(other, "address") && !is_up(k, other->place)))
			continue;
		m = other->kind->slots(other, theirs);
		for (size_t a = 0; a < n; a++)
			for (size_t b = 0; b < m; b++)
				if (slot_cmp(&mine[a], &theirs[b]) == 0)
					return true;
	}
	return false;
}

static int address_step(struct fake *k, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before, *link = fake_find_ref(k, "link", o->place);
	struct object *have = fake_find(k, o->id), *a;

	if (!link)
		return -ENODEV;
	if (!have != !op->before)
		return have ? -EEXIST : -EADDRNOTAVAIL;
	if (!op->after) {
		fake_remove(k, o->id);
		return 0;
	}
	/* The real one reports nothing, and has the address without the route to its network. */
	if (address_of(o)->family == AF_INET6 && is_taken(k, o))
		return -EEXIST;
	if (have) {
		have = fake_edit(k, o->id);
		*(uint32_t *)object_at(have, (size_t)kind_field(o->kind, "metric")) =
			*(uint32_t *)fake_field(o, "metric");
		return 0;
	}
	a = fake_clone(k->memory, o);
	object_set(k->memory, a, "nodad", "false");
	a->set |= field_bit(o->kind, "scope") | field_bit(o->kind, "metric");
	a->set &= ~kind_mask(o->kind, WRITTEN);
	hide_none(a);
	a->handle = link->handle;
	a->sign.hash = SIGN_ANY;
	a->managed = false;
	fake_put(k, a);
	return 0;
}

/* The kernel shows more of a route than was set. */
static void route_show(struct fake *k, struct route *r)
{
	hide_none(&r->object);
	r->type = r->type ? r->type : (uint8_t)RTN_UNICAST;
	r->table = r->key.table;
	r->object.set |= field_bit(r->object.kind, "type") | field_bit(r->object.kind, "onlink") |
			 field_bit(r->object.kind, "table");
	if (!r->dev && r->via.family)
		r->dev = reach(k, r->object.netns, &r->via, NULL);
	if (r->dev)
		OBJECT_SET(&r->object, route, dev);
	r->object.sign.hash = SIGN_ANY;
	r->object.managed = false;
}

static int route_step(struct fake *k, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before, *have = fake_find(k, o->id);
	struct object *r;
	int code;

	if (op->before && op->after)
		return -EOPNOTSUPP;
	if (!have != !op->before)
		return have ? -EEXIST : -ESRCH;
	if (!op->after) {
		fake_remove(k, o->id);
		return 0;
	}
	r = fake_clone(k->memory, o);
	if (is_taken(k, o))
		return -EEXIST;
	code = route_check(k, (struct route *)r);
	if (code < 0)
		return code;
	route_show(k, (struct route *)r);
	fake_put(k, r);
	return 0;
}

int fake_step(struct fake *k, const struct plan *plan, const struct op *op)
{
	const struct object *o = op->after ? op->after : op->before;

	if (is_class(o, "netns"))
		return netns_step(k, op);
	if (!fake_find_ref(k, "netns", o->netns))
		return -ENOENT;
	if (is_class(o, "link"))
		return link_step(k, plan, op);
	if (is_class(o, "address"))
		return address_step(k, op);
	if (is_class(o, "route"))
		return route_step(k, op);
	return fake_step_other(k, op);
}
