/* SPDX-License-Identifier: MIT */
/* survey.c - reads one namespace part by part: dumps of rtnetlink, sysctls, base chains of nftables. */
#include "survey.h"
#include "rtnl.h"
#include "netns.h"
#include "nft_obstacle.h"
#include "sysctl.h"
#include "xt_obstacle.h"
#include <linux/net_namespace.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <linux/neighbour.h>
#include <sched.h>

enum { TRIES = 10 };

/* A dump of rtnetlink: what is asked for, and what takes the answers. */
struct part {
	enum survey_part part;
	uint16_t type;
	uint8_t family, flags; /* flags: of ndmsg */
	size_t header;
	void (*each)(const struct nlmsghdr *h, void *survey);
	size_t max;
	unsigned depths;   /* bits: of which it is a part */
	uint32_t ext_mask; /* RTEXT_FILTER_*; 0: none */
};

enum { IN_ALL = 1 << SURVEY_ALL, IN_COUNTERS = 1 << SURVEY_COUNTERS };

// clang-format off: keeps its rows
static const struct part parts[] = {
	{ SURVEY_LINKS, RTM_GETLINK, AF_UNSPEC, 0, sizeof(struct ifinfomsg), survey_on_link, SURVEY_LINKS_MAX, IN_ALL | IN_COUNTERS },
	{ SURVEY_ADDRESSES, RTM_GETADDR, AF_UNSPEC, 0, sizeof(struct ifaddrmsg), survey_on_address, SURVEY_ADDRESSES_MAX, IN_ALL },
	{ SURVEY_ROUTES, RTM_GETROUTE, AF_INET, 0, sizeof(struct rtmsg), survey_on_route, SURVEY_ROUTES_MAX, IN_ALL },
	{ SURVEY_ROUTES, RTM_GETROUTE, AF_INET6, 0, sizeof(struct rtmsg), survey_on_route, SURVEY_ROUTES_MAX, IN_ALL },
	{ SURVEY_RULES, RTM_GETRULE, AF_INET, 0, sizeof(struct rtmsg), survey_on_rule, SURVEY_RULES_MAX, IN_ALL },
	{ SURVEY_RULES, RTM_GETRULE, AF_INET6, 0, sizeof(struct rtmsg), survey_on_rule, SURVEY_RULES_MAX, IN_ALL },
	{ SURVEY_NEIGHBORS, RTM_GETNEIGH, AF_UNSPEC, 0, sizeof(struct ndmsg), survey_on_neighbor, SURVEY_NEIGHBORS_MAX, IN_ALL },
	{ SURVEY_NEIGHBORS, RTM_GETNEIGH, AF_UNSPEC, NTF_PROXY, sizeof(struct ndmsg), survey_on_neighbor, SURVEY_NEIGHBORS_MAX, IN_ALL },
	{ SURVEY_STATIONS, RTM_GETNEIGH, AF_BRIDGE, 0, sizeof(struct ndmsg), survey_on_station, SURVEY_STATIONS_MAX, IN_ALL },
	{ SURVEY_QDISCS, RTM_GETQDISC, AF_UNSPEC, 0, sizeof(struct tcmsg), survey_on_qdisc, SURVEY_QDISCS_MAX, IN_COUNTERS },
	{ SURVEY_VLANS, RTM_GETLINK, AF_BRIDGE, 0, sizeof(struct ifinfomsg), survey_on_vlans, SURVEY_VLANS_MAX, IN_ALL,
	  RTEXT_FILTER_BRVLAN_COMPRESSED },
};
// clang-format on

struct survey_reader {
	struct survey *s;
	int fd;
	struct rtnl *nl;
	struct nft_search *search;
	size_t at;      /* in parts */
	size_t first;   /* where the facts of this dump begin */
	bool asked;     /* it has begun */
	unsigned tries; /* of this dump */
};

static const char *const part_names[SURVEY_PARTS] = {
	[SURVEY_LINKS] = "interfaces",       [SURVEY_ADDRESSES] = "addresses",
	[SURVEY_ROUTES] = "routes",          [SURVEY_RULES] = "rules",
	[SURVEY_NEIGHBORS] = "neighbours",   [SURVEY_STATIONS] = "forwarding entries of bridges",
	[SURVEY_CHAINS] = "nftables rules",  [SURVEY_QDISCS] = "queueing disciplines",
	[SURVEY_VLANS] = "VLANs of bridges",
};

const char *survey_part_name(enum survey_part p)
{
	return part_names[p];
}

static size_t *counter(struct survey *s, enum survey_part p)
{
	size_t *const counters[SURVEY_PARTS] = {
		[SURVEY_LINKS] = &s->n_links,         [SURVEY_ADDRESSES] = &s->n_addresses,
		[SURVEY_ROUTES] = &s->n_routes,       [SURVEY_RULES] = &s->n_rules,
		[SURVEY_NEIGHBORS] = &s->n_neighbors, [SURVEY_STATIONS] = &s->n_stations,
		[SURVEY_CHAINS] = &s->n_chains,       [SURVEY_QDISCS] = &s->n_qdiscs,
		[SURVEY_VLANS] = &s->n_vlans,
	};

	return counters[p];
}

/* Runs @fn inside the namespace. */
static int inside(struct survey_reader *r, int (*fn)(struct survey_reader *r, struct err *e), struct err *e)
{
	const struct netns ns = { .name = "", .fd = r->fd };
	_cleanup_(netns_leavep) int entered = netns_enter(&ns, e);

	return entered < 0 ? entered : fn(r, e);
}

static int open_socket(struct survey_reader *r, struct err *e)
{
	rtnl_close(TAKE(r->nl));
	if (rtnl_open(&r->nl, e) < 0)
		return e->code;
	r->s->cookie = rtnl_cookie(r->nl);
	return 0;
}

static void on_legacy(const struct xt_obstacle *o, void *arg)
{
	struct survey *s = arg;

	s->legacy_tables |= !o->drops;
	if (o->drops)
		*ARRAY_ADD(s, chains) = (struct chain_fact){ .family = o->command,
							     .table = arena_strdup(&s->arena, o->table),
							     .chain = "FORWARD",
							     .hook = NF_INET_FORWARD,
							     .how = "policy drop",
							     .selects = true,
							     .legacy = true };
}

static int read_sysctls(struct survey_reader *r, struct err *e)
{
	struct survey *s = r->s;

	s->conntrack_count = sysctl_number("net/netfilter/nf_conntrack_count");
	s->conntrack_max = sysctl_number("net/netfilter/nf_conntrack_max");
	if (s->depth == SURVEY_COUNTERS)
		return 0;
	s->forwards4 = sysctl_number("net/ipv4/ip_forward");
	s->forwards6 = sysctl_number("net/ipv6/conf/all/forwarding");
	s->rp_filter = (uint8_t)sysctl_number("net/ipv4/conf/all/rp_filter");
	s->proxy_arp = sysctl_number("net/ipv4/conf/all/proxy_arp");
	s->proxy_ndp = sysctl_number("net/ipv6/conf/all/proxy_ndp");
	s->no_echo4 = sysctl_number("net/ipv4/icmp_echo_ignore_all");
	s->no_echo6 = sysctl_number("net/ipv6/icmp/echo_ignore_all");
	s->bridge_nf4 = sysctl_number("net/bridge/bridge-nf-call-iptables");
	s->bridge_nf6 = sysctl_number("net/bridge/bridge-nf-call-ip6tables");
	(void)!xt_obstacles(on_legacy, s, e);
	return nft_search_begin(&r->search, e);
}

int survey_begin(struct survey_reader **ret, struct survey *s, int fd, enum survey_depth depth, struct err *e)
{
	struct survey_reader *r = must(calloc(1, sizeof(*r)));

	s->depth = depth;
	*r = (struct survey_reader){ .s = s, .fd = fd };
	if (inside(r, open_socket, e) < 0) {
		survey_end(r);
		return e->code;
	}
	*ret = r;
	return 0;
}

static int ask(struct survey_reader *r, const struct part *p, struct err *e)
{
	/* The longest of parts. */
	uint8_t header[sizeof(struct tcmsg)] = { p->family };
	_cleanup_(msg_freep) struct nl_msg *m = NULL;

	if (p->flags)
		header[offsetof(struct ndmsg, ndm_flags)] = p->flags;
	m = msg_new(p->type, 0, header, p->header);
	if (p->ext_mask)
		msg_put_u32(m, IFLA_EXT_MASK, p->ext_mask);
	r->first = *counter(r->s, p->part);
	r->asked = true;
	return rtnl_dump_begin(r->nl, m, e);
}

/* Gives up on the rest of the dump, and on the socket with it. */
static int cut_off(struct survey_reader *r, const struct part *p, struct err *e)
{
	r->s->cut |= 1U << p->part;
	*counter(r->s, p->part) = p->max;
	r->asked = false;
	r->at++;
	return inside(r, open_socket, e) < 0 ? e->code : 1;
}

static int part_step(struct survey_reader *r, struct err *e)
{
	const struct part *p = &parts[r->at];
	int n = r->asked ? 0 : ask(r, p, e);

	if (n == 0)
		n = rtnl_dump_more(r->nl, p->each, r->s, e);
	if (n > 0)
		return *counter(r->s, p->part) > p->max ? cut_off(r, p, e) : 1;
	r->asked = false;
	if (n == -EINTR && ++r->tries < TRIES) {
		*counter(r->s, p->part) = r->first;
		return 1;
	}
	/* What is there after so many tries is as good as it gets; a kernel without the family has none. */
	if (n < 0 && n != -EINTR && n != -EOPNOTSUPP && n != -EAFNOSUPPORT)
		return n;
	r->s->cut |= n == -EINTR ? 1U << p->part : 0;
	r->tries = 0;
	r->at++;
	return 1;
}

static void on_chain(const struct nft_obstacle *o, void *arg)
{
	struct survey *s = arg;
	struct chain_fact *c = ARRAY_ADD(s, chains);

	*c = (struct chain_fact){
		.family = arena_strdup(&s->arena, o->family),
		.table = arena_strdup(&s->arena, o->table),
		.chain = arena_strdup(&s->arena, o->chain),
		.hook = o->hook,
		.how = o->how ? arena_strdup(&s->arena, o->how) : NULL,
		.bridged = o->bridged,
		.selects = o->selects,
		.translates = o->translates,
	};
}

static int chains_step(struct survey_reader *r, struct err *e)
{
	int n = nft_search_step(r->search, e);
	bool cut;

	if (n != 0)
		/* Without nftables there are none. */
		return n > 0 ? n : n == -EOPNOTSUPP || n == -EPROTONOSUPPORT ? 0 : n;
	nft_search_result(r->search, on_chain, r->s, &cut);
	r->s->cut |= cut ? 1U << SURVEY_CHAINS : 0;
	return 0;
}

static int link_cmp(const void *a, const void *b)
{
	uint32_t x = ((const struct link_fact *)a)->index, y = ((const struct link_fact *)b)->index;

	return x < y ? -1 : x > y;
}

int survey_step(struct survey_reader *r, struct err *e)
{
	while (r->at < ARRAY_SIZE(parts) && !(parts[r->at].depths & 1U << r->s->depth))
		r->at++;
	if (r->at < ARRAY_SIZE(parts))
		return part_step(r, e);
	if (r->at++ > ARRAY_SIZE(parts))
		return r->search ? chains_step(r, e) : 0;
	if (r->s->n_links)
		qsort(r->s->links, r->s->n_links, sizeof(*r->s->links), link_cmp);
	survey_sort_qdiscs(r->s);
	survey_sort_vlans(r->s);
	/* Without nftables there are no chains. */
	return inside(r, read_sysctls, e) == 0 ? 1 : e->code == -EPROTONOSUPPORT ? 0 : e->code;
}

void survey_end(struct survey_reader *r)
{
	if (!r)
		return;
	nft_search_end(r->search);
	rtnl_close(r->nl);
	free(r);
}

void survey_done(struct survey *s)
{
	free(s->links);
	free(s->addresses);
	free(s->routes);
	free(s->rules);
	free(s->neighbors);
	free(s->stations);
	free(s->chains);
	free(s->qdiscs);
	free(s->vlans);
	arena_done(&s->arena);
	*s = (struct survey){ 0 };
}

const struct link_fact *survey_link(const struct survey *s, uint32_t index)
{
	const struct link_fact key = { .index = index };

	return s->n_links ? bsearch(&key, s->links, s->n_links, sizeof(key), link_cmp) : NULL;
}

const struct link_fact *survey_link_named(const struct survey *s, const char *name)
{
	for (size_t i = 0; i < s->n_links; i++)
		if (!strcmp(s->links[i].name, name))
			return &s->links[i];
	return NULL;
}

static void on_nsid(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtgenmsg), NETNSA_NSID);

	if (a && nla_len(a) == 4)
		*(int *)arg = (int)nla_get_u32(a);
}

int survey_nsid(struct rtnl *nl, int fd)
{
	const struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETNSID, 0, &header, sizeof(header));
	int nsid = -1;
	struct err e;

	msg_put_u32(m, NETNSA_FD, (uint32_t)fd);
	(void)!rtnl_ask(nl, m, on_nsid, &nsid, &e);
	return nsid;
}

int survey_loopback(int fd, uint32_t *ret_group, char *ret_alias, size_t size, struct err *e)
{
	const struct ifinfomsg header = { .ifi_index = 1 };
	const struct netns ns = { .name = "", .fd = fd };
	_cleanup_(rtnl_closep) struct rtnl *nl = NULL;
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETLINK, 0, &header, sizeof(header));
	struct survey s = { 0 };
	_cleanup_(netns_leavep) int entered = netns_enter(&ns, e);
	int r = entered < 0 ? entered : rtnl_open(&nl, e);

	if (r == 0)
		r = rtnl_ask(nl, m, survey_on_link, &s, e);
	if (r == 0 && s.n_links == 1) {
		*ret_group = s.links[0].group;
		snprintf(ret_alias, size, "%s", s.links[0].alias ? s.links[0].alias : "");
	} else if (r == 0) {
		r = err_set(e, ENODEV, "there is no loopback");
	}
	survey_done(&s);
	return r;
}
