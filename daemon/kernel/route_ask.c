/* SPDX-License-Identifier: MIT */
/* route_ask.c - RTM_GETROUTE for one packet: once for the next hop, once for the entry that matched. */
#include "route_ask.h"
#include "netns.h"
#include "rtnl.h"
#include "model/slot.h"
#include <linux/rtnetlink.h>
#include <sys/socket.h>

static size_t inet_size(const struct inet *i)
{
	return i->family == AF_INET ? 4 : 16;
}

static void put_port(struct nl_msg *m, int type, uint16_t port)
{
	uint16_t value = htons(port);

	if (port)
		msg_put(m, type, &value, sizeof(value));
}

static struct nl_msg *question(const struct route_query *q, unsigned flags)
{
	const struct rtmsg header = {
		.rtm_family = q->to.family,
		.rtm_dst_len = (uint8_t)(inet_size(&q->to) * 8),
		.rtm_src_len = q->from.family ? (uint8_t)(inet_size(&q->to) * 8) : 0,
		/* IPv6 names the table always, and refuses to be asked for it. */
		.rtm_flags = (q->to.family == AF_INET ? (unsigned)RTM_F_LOOKUP_TABLE : 0) | flags,
	};
	struct nl_msg *m = msg_new(RTM_GETROUTE, 0, &header, sizeof(header));

	msg_put(m, RTA_DST, q->to.addr, inet_size(&q->to));
	if (q->from.family)
		msg_put(m, RTA_SRC, q->from.addr, inet_size(&q->from));
	if (q->in)
		msg_put_u32(m, RTA_IIF, q->in);
	if (q->mark)
		msg_put_u32(m, RTA_MARK, q->mark);
	if (q->proto) {
		msg_put(m, RTA_IP_PROTO, &q->proto, 1);
		put_port(m, RTA_SPORT, q->sport);
		put_port(m, RTA_DPORT, q->dport);
	}
	return m;
}

/* The header of a route, and its attributes; NULL: it is none. */
static const struct rtmsg *route_parse(const struct nlmsghdr *h, struct nlattr *a[RTA_MAX + 1])
{
	const struct rtmsg *i = nlmsg_data(h);

	if (h->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, RTA_MAX, NULL) < 0)
		return NULL;
	return i;
}

static void on_route(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *i = route_parse(h, a);
	struct route_answer *to = arg;

	if (!i)
		return;
	to->type = i->rtm_type;
	to->table = a[RTA_TABLE] ? nla_get_u32(a[RTA_TABLE]) : i->rtm_table;
	to->out = a[RTA_OIF] ? nla_get_u32(a[RTA_OIF]) : 0;
	to->via = msg_gateway(i->rtm_family, a[RTA_GATEWAY], a[RTA_VIA]);
	if (a[RTA_PREFSRC])
		to->source = msg_inet(i->rtm_family, i->rtm_family == AF_INET ? 32 : 128, a[RTA_PREFSRC]);
}

static void on_entry(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *i = route_parse(h, a);
	struct route_answer *to = arg;

	if (!i)
		return;
	to->entry = msg_slot(i, a).to;
	to->matched = true;
}

int route_ask(int fd, uint64_t cookie, const struct route_query *q, struct route_answer *ret, struct err *e)
{
	const struct netns ns = { .name = "", .fd = fd };
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(msg_freep) struct nl_msg *next = question(q, 0), *match = question(q, RTM_F_FIB_MATCH);
	struct route_answer a = { 0 };
	struct err ignored;
	_cleanup_(netns_leavep) int entered = netns_enter(&ns, e);
	int r = entered < 0 ? entered : rtnl_open(&nl, e);

	if (r < 0)
		return r;
	if (cookie && rtnl_cookie(nl) && rtnl_cookie(nl) != cookie)
		return err_set(e, ESTALE, "the namespace is not the same any more");
	r = rtnl_ask(nl, next, on_route, &a, e);
	if (r < 0)
		return r;
	/* Without the entry the answer is as good. */
	(void)!rtnl_ask(nl, match, on_entry, &a, &ignored);
	*ret = a;
	return 0;
}
