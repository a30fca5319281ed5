/* SPDX-License-Identifier: MIT */
/* address_order.c - the first address of a network in a file is the one that packets to
 * that network leave with.  With IPv4 that is the one that was added first
 * (__inet_insert_ifa, net/ipv4/devinet.c), with IPv6 the one that was added last
 * (ipv6_link_dev_addr, net/ipv6/addrconf.c). */
#include "address.h"
#include <linux/if_addr.h>

/* An address that is declared. */
struct turn {
	const struct object *want;
	struct address *have;		/* NULL: it is not there */
	struct inet net;
};

static int turn_cmp(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	int r = strcmp(x->want->name, y->want->name);

	if (r == 0)
		r = memcmp(&x->net, &y->net, sizeof(x->net));
	return r ? r : x->want->seq < y->want->seq ? -1 : x->want->seq > y->want->seq;
}

static bool is_primary(const struct turn *t)
{
	return t->have && !(t->have->flags & IFA_F_SECONDARY);
}

/* All of them are made anew in their turn: whether another one steps into the place of
 * the first, or goes with it, is a setting (promote_secondaries). */
static void order_ipv4(struct turn *t, size_t n)
{
	bool wrong = false;

	/* One that is missing comes first, and somebody else's stays where it is. */
	for (size_t i = 1; i < n && t->have && !is_primary(t); i++)
		wrong |= is_primary(&t[i]);
	for (size_t i = 0; i < n && wrong; i++)
		if (t[i].have)
			t[i].have->object.misplaced = true;
}

/* Not for the price of looking for a duplicate again, a second without the address. */
static void order_ipv6(struct turn *t, size_t n)
{
	struct address *first = t->have;

	for (size_t i = 1; i < n && first && first->flags & IFA_F_NODAD; i++)
		first->object.misplaced |= t[i].have && t[i].have->object.seq < first->object.seq;
}

void address_order(struct look *look)
{
	const struct object *netns = look->wanted[0];
	struct turn *all = NULL;
	size_t n = 0;

	for (const struct object *o = netns ? netns->first : NULL; o; o = o->next) {
		const struct address *a = (const struct address *)o;

		if (o->kind != &kind_address || !o->declared)
			continue;
		if (n % 16 == 0)
			all = must(realloc(all, (n + 16) * sizeof(*all)));
		all[n++] = (struct turn){ o, (struct address *)model_find(look->observed, o->id), address_net(a) };
	}
	if (n)
		qsort(all, n, sizeof(*all), turn_cmp);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && !strcmp(all[end].want->name, all[i].want->name) &&
				  !memcmp(&all[end].net, &all[i].net, sizeof(all[i].net)); end++)
			;
		if (all[i].net.family == AF_INET)
			order_ipv4(&all[i], end - i);
		else
			order_ipv6(&all[i], end - i);
	}
	free(all);
}
