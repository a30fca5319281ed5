/* SPDX-License-Identifier: MIT */
/* route_place.c - the kernel chooses the interface of a route that names only a gateway,
 * once.  When the network of the gateway moves to another interface the route stays on
 * the old one, and leads nowhere. */
#include "base/search.h"
#include "kernel/observer.h"
#include "address.h"
#include "route.h"
#include <linux/rtnetlink.h>

/* A network of an address. */
struct near {
	const char *place;
	struct inet net;
};

/* The networks of a namespace, sorted, and the last lookup. */
struct places {
	struct near *v;
	size_t n;
	const struct route *last;
	bool out_of_order;
};

static int near_cmp(const void *a, const void *b)
{
	const struct near *x = a, *y = b;
	int r = strcmp(x->place, y->place);

	if (r == 0 && x->net.family != y->net.family)
		r = x->net.family < y->net.family ? -1 : 1;
	if (r == 0 && x->net.len != y->net.len)
		r = x->net.len < y->net.len ? -1 : 1;
	return r ? r : memcmp(x->net.addr, y->net.addr, sizeof(x->net.addr));
}

static void collect(struct places *p, const struct observer *obs)
{
	for (size_t i = obs->observed->n; i-- > 0 && !strcmp(obs->observed->objects[i]->netns, obs->ns->name);) {
		const struct object *o = obs->observed->objects[i];

		if (o->kind != &kind_address)
			continue;
		if (p->n % 16 == 0)
			p->v = must(realloc(p->v, (p->n + 16) * sizeof(*p->v)));
		p->v[p->n++] = (struct near){ o->place, address_net((const struct address *)o) };
	}
	if (p->n)
		qsort(p->v, p->n, sizeof(*p->v), near_cmp);
}

static bool is_same(const struct inet *a, const struct inet *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Whether it is on the network of an address on @link: asks for one of each prefix length that there is. */
static bool is_near(const struct places *p, const struct inet *router, const char *link)
{
	struct near key = { link, { .family = router->family } };

	for (size_t i; (i = lower_bound(&key, p->v, p->n, sizeof(key), near_cmp)) < p->n;) {
		const struct inet *net = &p->v[i].net;

		if (strcmp(p->v[i].place, link) != 0 || net->family != router->family)
			break;
		key.net = *router;
		key.net.len = net->len;
		key.net = inet_net(&key.net);
		i = lower_bound(&key, p->v, p->n, sizeof(key), near_cmp);
		if (i < p->n && near_cmp(&p->v[i], &key) == 0)
			return true;
		key.net = (struct inet){ .family = router->family, .len = (uint8_t)(net->len + 1) };
	}
	return false;
}

static void on_answer(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[RTA_MAX + 1];

	if (h->nlmsg_type == RTM_NEWROUTE &&
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtmsg), a, RTA_MAX, NULL) == 0 && a[RTA_OIF])
		*(uint32_t *)arg = nla_get_u32(a[RTA_OIF]);
}

/* Whether the kernel would choose another interface for the gateway now, and rightly:
 * other routes may lead there, too, but not to a gateway. */
static bool is_elsewhere(const struct places *p, const struct observer *obs, const struct route *r)
{
	struct rtmsg i = { .rtm_family = r->via.family, .rtm_dst_len = r->via.family == AF_INET ? 32 : 128 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETROUTE, 0, &i, sizeof(i));
	uint32_t index = 0;
	const char *to;
	struct err e;

	msg_put(m, RTA_DST, r->via.addr, r->via.family == AF_INET ? 4 : 16);
	if (rtnl_ask(obs->nl, m, on_answer, &index, &e) < 0)
		return false;
	to = observer_link(obs, index);
	return to && strcmp(to, r->dev) && is_near(p, &r->via, to);
}

static bool is_chosen(const struct route *want)
{
	return want->via.family && !want->dev && !want->onlink && want->key.table == RT_TABLE_MAIN;
}

void route_check_places(struct observer *obs)
{
	const struct object *netns = obs->wanted[0];
	struct places p = { 0 };

	for (const struct object *o = netns ? netns->first : NULL; o; o = o->next) {
		bool asked = o->kind == &kind_route && is_chosen((const struct route *)o);
		struct route *r = asked ? (struct route *)model_find(obs->observed, o->id) : NULL;

		if (!r || !r->dev || !is_same(&r->via, &((const struct route *)o)->via))
			continue;
		if (!p.last)
			collect(&p, obs);
		/* Many routes share few gateways. */
		if (!p.last || !is_same(&r->via, &p.last->via) || strcmp(r->dev, p.last->dev))
			p.out_of_order = !is_near(&p, &r->via, r->dev) && is_elsewhere(&p, obs, r);
		r->object.out_of_order = p.out_of_order;
		p.last = r;
	}
	free(p.v);
}
