/* SPDX-License-Identifier: MIT */
/* address_order.c - the first address of a network in a file is the source address of
 * packets to that network.  With IPv4 that is the one that was added first
 * (__inet_insert_ifa, net/ipv4/devinet.c), with IPv6 the one that was added last
 * (ipv6_link_dev_addr, net/ipv6/addrconf.c). */
#include "address.h"
#include <linux/if_addr.h>

enum { DECLARED = 1 }; /* object.mark of an observed one */

/* A declared or an observed address: its place among others. */
struct turn {
	const struct object *o;
	struct inet net;
	struct address *have; /* NULL: it does not exist */
};

/* In order of link, network, and addition. */
struct turns {
	struct turn *v;
	size_t n;
};

static int group_cmp(const struct turn *x, const struct turn *y)
{
	int r = strcmp(x->o->name, y->o->name);

	return r ? r : memcmp(&x->net, &y->net, sizeof(x->net));
}

static int turn_cmp(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int r = group_cmp(x, y);

	return r ? r : x->o->seq < y->o->seq ? -1 : x->o->seq > y->o->seq;
}

static void turns_add(struct turns *t, const struct object *o, struct address *have)
{
	if (t->n % 16 == 0)
		t->v = must(realloc(t->v, (t->n + 16) * sizeof(*t->v)));
	t->v[t->n++] = (struct turn){ o, address_net((const struct address *)o), have };
}

static void turns_sort(struct turns *t)
{
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), turn_cmp);
}

/* How many of them are in one group. */
static size_t turns_group(const struct turn *v, size_t n)
{
	size_t end = 1;

	while (end < n && group_cmp(v, &v[end]) == 0)
		end++;
	return end;
}

/* Addresses before the first one are recreated: it takes their place then, and the link
 * is never without an address, which would cost it all its routes, including those of
 * others.  Where no address takes the place of one that is removed (promote_secondaries
 * is off), all addresses would go. */
static void order_ipv4(const struct observer *obs, const struct turn *declared, const struct turn *there, size_t n)
{
	const struct address *first = declared->have;
	const struct link *on = (const struct link *)model_find_ref(obs->observed, "link", declared->o->place);
	size_t before = 0;

	if (!on || !on->promotes || (first && !(first->flags & IFA_F_SECONDARY)))
		return;
	/* An address of others remains the first. */
	for (; before < n && there[before].have != first; before++)
		if (there[before].o->mark != DECLARED || there[before].o->managed)
			return;
	for (size_t i = 0; i < before; i++) {
		there[i].have->object.out_of_order = true;
		there[i].have->object.comes_after = first ? NULL : declared->o;
	}
}

/* The kernel sorts by this first. */
static int scope_of(const struct inet *i)
{
	return i->addr[0] == 0xfe ? i->addr[1] & 0xc0 : 0;
}

/* The first is recreated, after the others; but not at the price of another duplicate
 * address detection, a second without the address. */
static void order_ipv6(const struct turn *declared, size_t n)
{
	struct address *first = declared->have;

	if (!first || first->object.managed || !(first->flags & IFA_F_NODAD))
		return;
	for (size_t i = 1; i < n; i++) {
		const struct address *other = (const struct address *)declared[i].o, *have = declared[i].have;
		bool later = have && have->object.seq < first->object.seq;

		if (scope_of(&other->address) != scope_of(&first->address) || (have && !later))
			continue;
		if (later || !first->object.out_of_order)
			first->object.comes_after = later ? NULL : declared[i].o;
		first->object.out_of_order = true;
	}
}

static void collect_declared(struct turns *t, const struct observer *obs)
{
	const struct object *netns = obs->wanted[0];

	for (const struct object *o = netns ? netns->first : NULL; o; o = o->next)
		if (o->kind == &kind_address)
			turns_add(t, o, (struct address *)model_find(obs->observed, o->id));
	turns_sort(t);
}

/* Collects the addresses that were read from the object @first on. */
static void collect_there(struct turns *t, const struct observer *obs, size_t first, const struct turns *declared)
{
	for (size_t i = first; i < obs->observed->n; i++) {
		obs->observed->objects[i]->mark = 0;
		turns_add(t, obs->observed->objects[i], (struct address *)obs->observed->objects[i]);
	}
	for (size_t i = 0; i < declared->n; i++)
		if (declared->v[i].have)
			declared->v[i].have->object.mark = DECLARED;
	turns_sort(t);
}

void address_order(struct observer *obs, size_t first)
{
	struct turns declared = { 0 }, there = { 0 };

	collect_declared(&declared, obs);
	/* A single one is in order. */
	if (declared.n > 1)
		collect_there(&there, obs, first, &declared);
	for (size_t i = 0, at = 0, n; i < declared.n; i += n) {
		const struct turn *group = &declared.v[i];

		n = turns_group(group, declared.n - i);
		while (at < there.n && group_cmp(&there.v[at], group) < 0)
			at++;
		if (at == there.n || group_cmp(&there.v[at], group) != 0)
			continue;
		if (group->net.family == AF_INET)
			order_ipv4(obs, group, &there.v[at], turns_group(&there.v[at], there.n - at));
		else
			order_ipv6(group, n);
	}
	free(declared.v);
	free(there.v);
}
