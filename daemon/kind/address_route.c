/* SPDX-License-Identifier: MIT */
/* address_route.c - the route to the network of an address. */
#include "address.h"
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

enum { METRIC_IPV6 = 256 };	/* IP6_RT_PRIO_ADDRCONF, include/net/ip6_route.h */

struct connected_route {
	struct inet to;
	uint32_t index, metric;
};

void connected_done(struct connected *c)
{
	free(c->v);
	*c = (struct connected){ 0 };
}

static int route_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct connected_route));
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	const struct rtmsg *r = nlmsg_data(h);
	struct connected *c = arg;
	struct nlattr *at[RTA_MAX + 1];
	struct connected_route *one;

	if (h->nlmsg_type != RTM_NEWROUTE || nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*r), at, RTA_MAX, NULL) < 0)
		return;
	/* Older kernels do not filter. */
	if (r->rtm_table != RT_TABLE_MAIN || r->rtm_protocol != RTPROT_KERNEL || !at[RTA_DST] || !at[RTA_OIF])
		return;
	if (c->n % 16 == 0)
		c->v = must(realloc(c->v, (c->n + 16) * sizeof(*c->v)));
	one = &c->v[c->n++];
	memset(one, 0, sizeof(*one));
	one->to = msg_inet(r->rtm_family, r->rtm_dst_len, at[RTA_DST]);
	one->index = nla_get_u32(at[RTA_OIF]);
	one->metric = at[RTA_PRIORITY] ? nla_get_u32(at[RTA_PRIORITY]) : 0;
}

static void on_restart(void *arg)
{
	((struct connected *)arg)->n = 0;
}

int connected_read(struct connected *c, struct look *look, struct err *e)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct connected all = { 0 };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(families) && r == 0; i++) {
		struct rtmsg header = { .rtm_family = families[i], .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_KERNEL,
					.rtm_type = RTN_UNICAST };
		_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETROUTE, 0, &header, sizeof(header));
		_cleanup_(connected_done) struct connected some = { 0 };

		r = rtnl_dump(look->nl, m, on_route, on_restart, &some, e);
		all.v = must(realloc(all.v, (all.n + some.n + 1) * sizeof(*all.v)));
		if (some.n)
			memcpy(all.v + all.n, some.v, some.n * sizeof(*some.v));
		all.n += some.n;
	}
	*c = all;
	qsort(c->v, c->n, sizeof(*c->v), route_cmp);
	return r;
}

static struct connected_route route_of(const struct address *a)
{
	struct connected_route one;

	memset(&one, 0, sizeof(one));
	one.to = inet_net(a->peer.family ? &a->peer : &a->address);
	one.index = a->object.handle;
	one.metric = a->metric ? a->metric : one.to.family == AF_INET ? 0 : METRIC_IPV6;
	return one;
}

/* Whether the kernel makes one with it at all, in the main table. */
static bool has_route(const struct address *a)
{
	bool v4 = a->address.family == AF_INET;

	if (a->flags & IFA_F_NOPREFIXROUTE)
		return false;
	/* A secondary address shares that of the first; one on lo is local. */
	return !v4 || (!(a->flags & IFA_F_SECONDARY) && strcmp(a->object.name, "lo") && (a->peer.family || a->address.len < 32));
}

bool connected_misses(const struct connected *c, const struct address *a)
{
	struct connected_route one = route_of(a);

	return has_route(a) && !bsearch(&one, c->v, c->n, sizeof(one), route_cmp);
}

int address_mend(struct work *w, const struct object *o, struct err *e)
{
	const struct address *a = (const struct address *)o;
	const struct link *on = (const struct link *)model_find_ref(w->plan->observed, "link", o->place);
	struct connected_route one = route_of(a);
	bool v4 = one.to.family == AF_INET;
	struct rtmsg i = {
		.rtm_family = one.to.family,
		.rtm_dst_len = one.to.len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_KERNEL,
		.rtm_scope = v4 ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct nl_msg *m;

	/* Down, it has none; of a port the master may be a VRF, which has a table of its own. */
	if (!on || !on->up || on->master_index)
		return err_set(e, ENETDOWN, "%s has no route now", o->place);
	/* As the kernel does: beside that of another link in the same network. */
	m = msg_new(RTM_NEWROUTE, NLM_F_CREATE | (v4 ? NLM_F_APPEND : 0), &i, sizeof(i));
	msg_put(m, RTA_DST, one.to.addr, v4 ? 4 : 16);
	msg_put_u32(m, RTA_OIF, one.index);
	if (v4)
		msg_put(m, RTA_PREFSRC, a->address.addr, 4);
	if (one.metric)
		msg_put_u32(m, RTA_PRIORITY, one.metric);
	return work_send(w, o->netns, m, NULL, e) < 0 ? e->code : work_flush(w, e);
}
