/* SPDX-License-Identifier: MIT */
/* fake.c - the state of the fake kernel: its contents, how they are observed, and how two
 * states are compared.  The effect of steps is in fake_step.c. */
#include "fake.h"
#include <linux/rtnetlink.h>
#include <stdarg.h>

void fake_put(struct fake *k, struct object *o)
{
	if (k->n == k->room) {
		k->room = k->room ? k->room * 2 : 64;
		k->v = must(realloc(k->v, k->room * sizeof(*k->v)));
	}
	k->v[k->n++] = (struct fake_entry){ .o = o };
}

struct fake_entry *fake_entry(const struct fake *k, const char *id)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->v[i].pins && !strcmp(k->v[i].o->id, id))
			return &k->v[i];
	return NULL;
}

struct object *fake_find(const struct fake *k, const char *id)
{
	struct fake_entry *e = fake_entry(k, id);

	return e ? e->o : NULL;
}

struct object *fake_find_ref(const struct fake *k, const char *class, const char *to)
{
	char id[512];

	return to ? fake_find(k, ref_id(class, to, id)) : NULL;
}

struct object *fake_clone(struct model *memory, const struct object *o)
{
	struct object *c = arena_alloc(&memory->arena, o->kind->size);

	memcpy(c, o, o->kind->size);
	c->where = (struct where){ 0 };
	c->in = NULL;
	c->declared = 0;
	c->first = c->next = NULL;
	return c;
}

struct object *fake_edit(struct fake *k, const char *id)
{
	struct fake_entry *e = fake_entry(k, id);

	return e ? (e->o = fake_clone(k->memory, e->o)) : NULL;
}

void *fake_field(const struct object *o, const char *name)
{
	int i = kind_field(o->kind, name);

	return i >= 0 && object_has(o, (size_t)i) ? object_at(o, (size_t)i) : NULL;
}

const char *fake_value(const struct object *sysctl)
{
	return sysctl ? *(const char **)fake_field(sysctl, "value") : "0";
}

/* Names an object as a model would. */
struct object *fake_name(struct fake *k, struct object *o)
{
	struct model m;

	model_init(&m, k->memory->kinds);
	m.arena = k->memory->arena;
	model_add(&m, o, NULL);
	k->memory->arena = m.arena;
	m.arena = (struct arena){ 0 };
	model_done(&m);
	return o;
}

struct object *fake_add(struct fake *k, const struct kind *kind, const char *netns, const char *name, ...)
{
	struct object *o = object_new(k->memory, kind, netns, name);
	const char *field;
	struct err e;
	va_list ap;

	va_start(ap, name);
	while ((field = va_arg(ap, const char *)))
		object_set(k->memory, o, field, va_arg(ap, const char *));
	va_end(ap);
	if (kind->check && kind->check(o, &e) < 0)
		abort();
	if (!strcmp(kind->class, "link")) {
		struct link *l = (struct link *)o;

		o->managed = false;
		o->handle = is_loopback(name) ? 1 : k->next_index++;
		l->mtu = l->mtu ? l->mtu : is_loopback(name) ? 65536 : 1500;
		l->txqlen = 1000;
		o->set |= kind_mask(kind, 0);
	}
	fake_put(k, fake_name(k, o));
	return o;
}

/* A route that does not conflict with ours in a model. */
static const struct kind *kind_intruder(void)
{
	static struct kind k;

	k = kind_route;
	k.class = "other route";
	return &k;
}

bool fake_is_intruder(const struct object *o)
{
	return o->kind == kind_intruder();
}

void fake_intrude(struct fake *k, const struct object *route)
{
	const struct route *r = (const struct route *)route;
	struct route *o = (struct route *)object_new(k->memory, kind_intruder(), route->netns, NULL);

	o->to = r->to;
	o->key = r->key;
	o->type = RTN_BLACKHOLE;
	o->object.set = kind_mask(&kind_route, KEY) | field_bit(&kind_route, "type");
	fake_put(k, fake_name(k, &o->object));
}

void fake_init(struct fake *k, struct model *memory, const char *topology)
{
	*k = (struct fake){ .memory = memory, .next_index = 2, .topology = topology };
	fake_add(k, &kind_netns, "host", NULL, "forwarding", "false", NULL);
	fake_add(k, &kind_interface, "host", "lo", "up", "true", NULL);
	fake_add(k, &kind_interface, "host", "eth0", "up", "true", "mac", "\"02:00:00:00:00:01\"", NULL);
	fake_add(k, &kind_interface, "host", "eth1", "up", "false", "mac", "\"02:00:00:00:00:02\"", NULL);
	fake_add(k, &kind_address, "host", "eth0", "address", "\"192.0.2.10/24\"", NULL);
	fake_add(k, &kind_sysctl, "host", NULL, "key", "\"net.core.somaxconn\"", "value", "\"4096\"", NULL);
	fake_add(k, &kind_netns, "lab", NULL, "forwarding", "true", NULL);
	fake_add(k, &kind_interface, "lab", "lo", "up", "true", NULL);
	fake_add(k, &kind_interface, "lab", "lab0", "up", "true", "mac", "\"02:00:00:00:00:03\"", NULL);
}

void fake_copy(struct fake *to, const struct fake *from, struct model *memory)
{
	*to = *from;
	to->memory = memory;
	to->noted = NULL;
	to->v = must(malloc(from->room * sizeof(*to->v)));
	memcpy(to->v, from->v, from->n * sizeof(*to->v));
}

void fake_done(struct fake *k)
{
	free(k->v);
	*k = (struct fake){ 0 };
}

static bool is_class(const struct object *o, const char *class)
{
	return !strcmp(o->kind->class, class);
}

static bool is_end_of(const struct object *near, const struct object *far)
{
	return is_class(near, "link") && is_class(far, "link") && ((const struct link *)near)->lower == far->handle &&
	       ((const struct link *)far)->lower == near->handle;
}

int fake_commit(struct fake *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		for (size_t j = 0; k->v[i].pins && j < k->n; j++)
			if (!k->v[j].pins && is_end_of(k->v[j].o, k->v[i].o))
				return -EBUSY;
	for (size_t i = 0; i < k->n; i++)
		if (!k->v[i].pins)
			k->v[n++] = (struct fake_entry){ .o = k->v[i].o };
	k->n = n;
	return 0;
}

/* The other ends of its veth pairs go with it. */
static void destroy(struct fake *k, const char *netns)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n;) {
		const struct object *o = k->v[i].o;
		bool link = !k->v[i].pins && is_class(o, "link") && !strcmp(o->netns, netns);

		if (link)
			fake_remove(k, o->id);
		i = link ? 0 : i + 1;
	}
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->v[i].o->netns, netns))
			k->v[n++] = k->v[i];
	k->n = n;
}

void fake_cut_off(struct fake *k)
{
	for (size_t i = 0; i < k->n;) {
		bool fresh = k->v[i].fresh;

		if (fresh)
			destroy(k, k->v[i].o->netns);
		i = fresh ? 0 : i + 1;
	}
}

/* Without a name a namespace is gone when the last holder releases it. */
int fake_drop(struct fake *k)
{
	for (size_t i = 0; i < k->n; i++)
		for (size_t j = 0; k->v[i].fresh && j < k->n; j++)
			k->v[j].pins |= !strcmp(k->v[j].o->netns, k->v[i].o->netns);
	return fake_commit(k);
}

/* Fields that depend on more than one object, or that nobody set, are not shown. */
static void show(struct model *observed, const struct object *o, bool forwarding)
{
	struct object *c = fake_clone(observed, o);
	int asked = kind_field(o->kind, "forwarding"), peer = is_class(o, "link") ? kind_field(o->kind, "peer") : -1;

	if (asked >= 0 && !forwarding) {
		c->set &= ~bit((size_t)asked);
		*(uint8_t *)object_at(c, (size_t)asked) = 0;
	}
	if (peer >= 0) {
		c->set &= ~bit((size_t)peer);
		*(const char **)object_at(c, (size_t)peer) = NULL;
	}
	/* As read_state() in link_read.c. */
	if (c->sign.half)
		c->set &= ~bit(LINK_UP);
	model_add(observed, c, NULL);
}

static void show_class(const struct fake *k, struct model *observed, const char *netns, const char *class,
		       bool forwarding)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->v[i].pins && is_class(k->v[i].o, class) && !strcmp(k->v[i].o->netns, netns))
			show(observed, k->v[i].o, forwarding);
}

/* Keys are read only where somebody asks for them. */
static void show_sysctls(const struct fake *k, struct model *observed, const struct object *wanted)
{
	for (const struct object *o = wanted ? wanted->first : NULL; o; o = o->next) {
		struct object *seen;

		if (!is_class(o, "sysctl") || (o->kind->in_link && !fake_find_ref(k, "link", o->place)))
			continue;
		seen = fake_clone(observed, o);
		*(const char **)fake_field(seen, "value") = fake_value(fake_find(k, o->id));
		model_add(observed, seen, NULL);
	}
}

static bool is_same(const struct object *a, const struct object *b)
{
	uint64_t fixed = kind_mask(&kind_route, FIXED);

	return a && b && !(object_diff(a, b) & fixed) && !(object_diff(b, a) & fixed);
}

/* Read only where a route of ours is missing or differs. */
static void show_intruders(const struct fake *k, struct model *observed, const char *netns, const struct model *desired,
			   const struct model *last)
{
	size_t n = strlen("other ");

	for (size_t i = 0; i < k->n; i++) {
		const struct object *o = k->v[i].o;
		struct object *want = fake_is_intruder(o) ? model_find(desired, o->id + n) : NULL;
		const struct object *have = want ? model_find(observed, want->id) : NULL;
		struct beside *b;

		if (!want || k->v[i].pins || strcmp(o->netns, netns) ||
		    (have && !(object_diff(want, have) & kind_mask(&kind_route, FIXED))))
			continue;
		b = arena_alloc(&observed->arena, sizeof(*b));
		*b = (struct beside){ want->id, "a route of proto dhcp", "use another \"metric\"", false, false };
		b->bars = k->exclusive && !is_same(want, model_find(last, want->id));
		want->crowded = !b->bars;
		show(observed, o, false);
		observed->objects[observed->n - 1]->beside = b;
	}
}

static void show_netns(const struct fake *k, struct model *observed, const char *netns,
		       const struct object *const wanted[2])
{
	const struct object *lo = NULL;
	struct object *seen;
	char place[128];
	bool forwarding = false;

	for (size_t i = 0; i < 2; i++)
		forwarding |= wanted[i] && fake_field(wanted[i], "forwarding");
	show_class(k, observed, netns, "netns", forwarding);
	snprintf(place, sizeof(place), "%s/lo", netns);
	lo = fake_find_ref(k, "link", place);
	seen = model_netns(observed, netns);
	if (lo && seen)
		seen->sign = lo->sign;
	show_class(k, observed, netns, "link", false);
	for (size_t i = 0; i < 2; i++)
		show_sysctls(k, observed, wanted[i]);
	show_class(k, observed, netns, "address", false);
	show_class(k, observed, netns, "route", false);
	show_class(k, observed, netns, "nft", false);
	show_class(k, observed, netns, "rule", false);
	show_class(k, observed, netns, "neighbor", false);
	show_class(k, observed, netns, "fdb", false);
	show_class(k, observed, netns, "vlans", false);
}

void fake_show(const struct fake *k, struct model *observed, const char *netns, const struct model *desired,
	       const struct model *last)
{
	const struct object *wanted[] = { model_netns(desired, netns), model_netns(last, netns) };

	show_netns(k, observed, netns, wanted);
	show_intruders(k, observed, netns, desired, last);
}

static const struct object *far_end(const struct fake *k, const struct object *o)
{
	for (size_t i = 0; i < k->n; i++)
		if (!k->v[i].pins && o != k->v[i].o && is_end_of(o, k->v[i].o))
			return k->v[i].o;
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The name of the field that differs, or NULL. */
static const char *object_differs(const struct fake *k, const struct object *x, const struct fake *l,
				  const struct object *y)
{
	const struct object *far = far_end(k, x), *other = far_end(l, y);

	if (x->kind != y->kind)
		return "kind";
	if (!same_text(far ? far->place : NULL, other ? other->place : NULL))
		return "far end";
	if (x->sign.hash != y->sign.hash || !same_text(x->sign.topology, y->sign.topology))
		return "sign";
	if (is_class(x, "link") && !x->sign.hash && x->handle != y->handle)
		return "ifindex of somebody else's link";
	for (size_t i = 0; i < x->kind->n_fields; i++) {
		const struct field *f = &x->kind->fields[i];

		if (!(f->flags & WRITTEN) && !f->type->equal(object_at(x, i), object_at(y, i)))
			return f->name;
	}
	return NULL;
}

static const char *lacks(const struct fake *a, const struct fake *b, struct arena *arena)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct object *o = a->v[i].o, *other = fake_find(b, o->id);
		const char *what;

		if (is_class(o, "sysctl")) {
			if (strcmp(fake_value(o), fake_value(other)))
				return arena_fmt(arena, "%s: %s, %s", o->id, fake_value(o), fake_value(other));
			continue;
		}
		if (!other)
			return arena_fmt(arena, "%s: only in one", o->id);
		what = object_differs(a, o, b, other);
		if (what)
			return arena_fmt(arena, "%s: another %s", o->id, what);
	}
	return NULL;
}

const char *fake_diff(const struct fake *a, const struct fake *b, struct arena *arena)
{
	const char *what = lacks(a, b, arena);

	return what ? what : lacks(b, a, arena);
}
