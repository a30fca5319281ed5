/* SPDX-License-Identifier: MIT */
/* survey_inet.c - addresses, routes, rules and neighbours as facts. */
#include "survey.h"
#include "rtnl.h"
#include "usec.h"
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#ifndef IFAPROT_KERNEL_LL /* Linux 5.18, include/uapi/linux/if_addr.h */
#define IFA_PROTO 11
#endif

/* The kernel counts hundredths of a second since it began to count, which wrap. */
static uint64_t age(uint32_t stamp)
{
	uint32_t now = (uint32_t)(usec_now(CLOCK_MONOTONIC) / 10000), ago = now - stamp;

	return ago > UINT32_MAX / 2 ? 0 : (uint64_t)ago * 10000;
}

void survey_on_address(const struct nlmsghdr *h, void *survey)
{
	const struct ifaddrmsg *i = nlmsg_data(h);
	struct nlattr *a[IFA_PROTO + 1], *local;
	struct survey *s = survey;
	struct address_fact *f;

	if (h->nlmsg_type != RTM_NEWADDR || (i->ifa_family != AF_INET && i->ifa_family != AF_INET6) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, IFA_PROTO, NULL) < 0)
		return;
	local = a[IFA_LOCAL] ? a[IFA_LOCAL] : a[IFA_ADDRESS];
	if (!local)
		return;
	f = ARRAY_ADD(s, addresses);
	f->link = i->ifa_index;
	f->address = msg_inet(i->ifa_family, i->ifa_prefixlen, local);
	if (a[IFA_LOCAL] && a[IFA_ADDRESS] &&
	    nla_memcmp(a[IFA_LOCAL], nla_data(a[IFA_ADDRESS]), (size_t)nla_len(local)))
		f->peer = msg_inet(i->ifa_family, i->ifa_prefixlen, a[IFA_ADDRESS]);
	f->scope = i->ifa_scope;
	f->flags = a[IFA_FLAGS] ? nla_get_u32(a[IFA_FLAGS]) : i->ifa_flags;
	f->proto = a[IFA_PROTO] ? nla_get_u8(a[IFA_PROTO]) : 0;
	if (a[IFA_CACHEINFO])
		f->age_usec = age(((const struct ifa_cacheinfo *)nla_data(a[IFA_CACHEINFO]))->cstamp);
}

static unsigned count_hops(struct nlattr *list)
{
	int left = list ? nla_len(list) : 0;
	unsigned n = 0;

	for (const struct rtnexthop *hop = list ? nla_data(list) : NULL; hop && RTNH_OK(hop, left); n++) {
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return n ? n : 1;
}

void survey_on_route(const struct nlmsghdr *h, void *survey)
{
	struct nlattr *a[RTA_MAX + 1];
	const struct rtmsg *i = nlmsg_data(h);
	struct survey *s = survey;
	struct route_fact *f;
	struct slot slot;

	if (h->nlmsg_type != RTM_NEWROUTE || i->rtm_flags & RTM_F_CLONED ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, RTA_MAX, NULL) < 0)
		return;
	slot = msg_slot(i, a);
	/* The kernel's own routes to this machine say nothing that the addresses do not say. */
	if (slot.table == RT_TABLE_LOCAL || i->rtm_type == RTN_MULTICAST || i->rtm_type == RTN_BROADCAST)
		return;
	f = ARRAY_ADD(s, routes);
	*f = (struct route_fact){
		.to = slot.to,
		.family = i->rtm_family,
		.type = i->rtm_type,
		.protocol = i->rtm_protocol,
		.scope = i->rtm_scope,
		.table = slot.table,
		.metric = slot.metric,
		.flags = i->rtm_flags,
		.hops = count_hops(a[RTA_MULTIPATH]),
		.link = a[RTA_OIF] ? nla_get_u32(a[RTA_OIF]) : 0,
	};
	if (a[RTA_GATEWAY])
		f->via = msg_inet(i->rtm_family, i->rtm_family == AF_INET ? 32 : 128, a[RTA_GATEWAY]);
}

void survey_on_rule(const struct nlmsghdr *h, void *survey)
{
	struct nlattr *a[FRA_MAX + 1];
	const struct fib_rule_hdr *i = nlmsg_data(h);
	struct survey *s = survey;
	struct rule_fact *f;

	if (h->nlmsg_type != RTM_NEWRULE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, FRA_MAX, NULL) < 0)
		return;
	f = ARRAY_ADD(s, rules);
	*f = (struct rule_fact){
		.family = i->family,
		.action = i->action,
		.protocol = a[FRA_PROTOCOL] ? nla_get_u8(a[FRA_PROTOCOL]) : 0,
		.priority = a[FRA_PRIORITY] ? nla_get_u32(a[FRA_PRIORITY]) : 0,
		.table = a[FRA_TABLE] ? nla_get_u32(a[FRA_TABLE]) : i->table,
		.selects = a[FRA_SRC] || a[FRA_DST] || a[FRA_IIFNAME] || a[FRA_OIFNAME] || a[FRA_FWMARK] ||
			   a[FRA_IP_PROTO] || a[FRA_SPORT_RANGE] || a[FRA_DPORT_RANGE] || a[FRA_UID_RANGE] || i->tos,
		.marked = a[FRA_FWMARK] && nla_get_u32(a[FRA_FWMARK]),
	};
}

void survey_on_neighbor(const struct nlmsghdr *h, void *survey)
{
	struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *i = nlmsg_data(h);
	struct survey *s = survey;
	struct neighbor_fact *f;

	if (h->nlmsg_type != RTM_NEWNEIGH || (i->ndm_family != AF_INET && i->ndm_family != AF_INET6) ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, NDA_MAX, NULL) < 0 || !a[NDA_DST])
		return;
	f = ARRAY_ADD(s, neighbors);
	f->link = (uint32_t)i->ndm_ifindex;
	f->state = i->ndm_state;
	f->proxy = i->ndm_flags & NTF_PROXY;
	f->has_mac = a[NDA_LLADDR] && nla_len(a[NDA_LLADDR]) == sizeof(f->mac);
	if (f->has_mac)
		memcpy(f->mac, nla_data(a[NDA_LLADDR]), sizeof(f->mac));
	f->address = msg_inet(i->ndm_family, i->ndm_family == AF_INET ? 32 : 128, a[NDA_DST]);
}

void survey_on_station(const struct nlmsghdr *h, void *survey)
{
	struct nlattr *a[NDA_MAX + 1];
	const struct ndmsg *i = nlmsg_data(h);
	struct survey *s = survey;
	struct station_fact *f;

	/* What has no master is a filter of the device itself. */
	if (h->nlmsg_type != RTM_NEWNEIGH || i->ndm_family != AF_BRIDGE ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), a, NDA_MAX, NULL) < 0 || !a[NDA_MASTER] ||
	    !a[NDA_LLADDR] || nla_len(a[NDA_LLADDR]) != sizeof(f->mac))
		return;
	f = ARRAY_ADD(s, stations);
	f->link = (uint32_t)i->ndm_ifindex;
	memcpy(f->mac, nla_data(a[NDA_LLADDR]), sizeof(f->mac));
}
