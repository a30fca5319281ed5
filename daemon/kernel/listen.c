/* SPDX-License-Identifier: MIT */
/* listen.c - the sockets for events: their groups, and the place that each message is about. */
#include "listen.h"
#include "listen_filter.h"
#include "model/owner.h"
#include "rtnl.h"
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
	RECEIVE_BYTES = 8 << 20, /* some ten thousand events can be queued */
	MESSAGE_MAX = 64 << 10,
	READ_MAX = 4096,          /* events in one go: other work must not starve */
	PORT_PID = (1 << 22) - 1, /* the part of a port that is a process */
};

struct listener {
	int fd;
	int netfilter;    /* the socket for nftables, -1: none */
	int poll;         /* an epoll of both */
	struct rtnl *nl;  /* for requests */
	int own;          /* the number that our own namespace has in itself, if any */
	struct err lacks; /* code 0: nothing */
};

/* Groups that cannot be joined do not prevent the others. */
static int groups_join(int fd, const struct kinds *kinds)
{
	int r = 0;

	for (size_t k = 0; k < kinds->n; k++)
		for (size_t i = 0; i < GROUPS_MAX && kinds->v[k]->groups[i]; i++) {
			int group = kinds->v[k]->groups[i];

			if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
				r = -errno;
		}
	return r;
}

static int socket_bind(int protocol, struct err *e)
{
	_cleanup_(closep) int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int size = RECEIVE_BYTES;

	/* Without a port of its own it would not receive what the kernel does by itself. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return err_kernel(e, errno, NULL, "listening to the kernel");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return take_fd(&fd);
}

/* -1: the kernel has no nftables. */
static int netfilter_open(struct err *lacks)
{
	struct err e;
	_cleanup_(closep) int fd = socket_bind(NETLINK_NETFILTER, &e);
	int group = NFNLGRP_NFTABLES, on = 1;

	if (fd < 0)
		return -1;
	/* Of two reasons, the one that holds for all kinds is said. */
	if ((listen_filter_nftables(fd) < 0 ||
	     setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0 ||
	     setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) < 0) &&
	    !lacks->code)
		err_kernel(lacks, errno, NULL, "listening to changes of nftables rules");
	return take_fd(&fd);
}

static int socket_open(const struct kinds *kinds, struct err *lacks, struct err *e)
{
	_cleanup_(closep) int fd = socket_bind(NETLINK_ROUTE, e);
	int on = 1, joined;

	if (fd < 0)
		return fd;
	if (listen_filter_rtnetlink(fd) < 0)
		return err_kernel(e, errno, NULL, "listening to the kernel");
	joined = groups_join(fd, kinds);
	if (joined < 0)
		err_kernel(lacks, joined, NULL, "listening to some kinds of changes");
	if (setsockopt(fd, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, &on, sizeof(on)) < 0)
		err_kernel(lacks, errno, NULL,
			   "listening to the kernel in all namespaces, which needs CAP_NET_BROADCAST");
	return take_fd(&fd);
}

static void on_nsid(const struct nlmsghdr *h, void *arg)
{
	struct nlattr *a[NETNSA_MAX + 1];

	if (h->nlmsg_type == RTM_NEWNSID &&
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(struct rtgenmsg), a, NETNSA_MAX, NULL) == 0 &&
	    a[NETNSA_NSID])
		*(int *)arg = (int)nla_get_u32(a[NETNSA_NSID]);
}

/* -1: it has none. */
static int nsid_get(struct listener *l, int fd, int *ret, struct err *e)
{
	struct rtgenmsg g = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETNSID, 0, &g, sizeof(g));

	*ret = -1;
	msg_put_u32(m, NETNSA_FD, (uint32_t)fd);
	return rtnl_ask(l->nl, m, on_nsid, ret, e);
}

int listener_nsid(struct listener *l, int fd, int *ret, struct err *e)
{
	struct rtgenmsg g = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_NEWNSID, 0, &g, sizeof(g));
	int nsid;

	if (nsid_get(l, fd, &nsid, e) < 0)
		return e->code;
	msg_put_u32(m, NETNSA_FD, (uint32_t)fd);
	msg_put_u32(m, NETNSA_NSID, UINT32_MAX); /* the kernel chooses */
	if (nsid < 0 &&
	    ((rtnl_ask(l->nl, m, on_nsid, &nsid, e) < 0 && e->code != -EEXIST) || nsid_get(l, fd, &nsid, e) < 0))
		return e->code;
	*ret = nsid == l->own ? NSID_OWN : nsid;
	return 0;
}

/* One descriptor that is readable when either socket is. */
static int poll_both(struct listener *l, struct err *e)
{
	struct epoll_event event = { .events = EPOLLIN };

	l->poll = epoll_create1(EPOLL_CLOEXEC);
	if (l->poll < 0 || epoll_ctl(l->poll, EPOLL_CTL_ADD, l->fd, &event) < 0 ||
	    (l->netfilter >= 0 && epoll_ctl(l->poll, EPOLL_CTL_ADD, l->netfilter, &event) < 0))
		return err_kernel(e, errno, NULL, "listening to the kernel");
	return 0;
}

int listener_open(struct listener **ret, const struct kinds *kinds, struct err *e)
{
	struct listener *l = must(calloc(1, sizeof(*l)));
	_cleanup_(closep) int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	*l = (struct listener){ .own = NSID_OWN, .netfilter = -1, .poll = -1 };
	l->fd = socket_open(kinds, &l->lacks, e);
	for (size_t i = 0; i < kinds->n; i++)
		if (kinds->v[i]->netfilter && l->netfilter < 0)
			l->netfilter = netfilter_open(&l->lacks);
	if (l->fd < 0 || rtnl_open(&l->nl, e) < 0 || nsid_get(l, own, &l->own, e) < 0 || poll_both(l, e) < 0) {
		listener_close(l);
		return e->code;
	}
	*ret = l;
	return 0;
}

void listener_close(struct listener *l)
{
	if (!l)
		return;
	closep(&l->fd);
	closep(&l->netfilter);
	closep(&l->poll);
	rtnl_close(l->nl);
	free(l);
}

const char *listener_lacks(const struct listener *l)
{
	return l->lacks.code ? l->lacks.text : NULL;
}

int listener_fd(const struct listener *l)
{
	return l->poll;
}

static void read_link(const struct nlmsghdr *h, struct heard *ret)
{
	const struct ifinfomsg *i = nlmsg_data(h);
	struct nlattr *name = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), IFLA_IFNAME);
	struct nlattr *group = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(*i), IFLA_GROUP);

	/* A port that leaves its bridge is reported in a message of the bridge family. */
	ret->gone = h->nlmsg_type == RTM_DELLINK && i->ifi_family == AF_UNSPEC;
	ret->ifindex = (uint32_t)i->ifi_index;
	ret->ifname = name ? nla_data(name) : NULL;
	ret->group = group ? nla_get_u32(group) : 0;
}

static void read_address(const struct nlmsghdr *h, struct heard *ret)
{
	ret->ifindex = ((const struct ifaddrmsg *)nlmsg_data(h))->ifa_index;
}

/* A route of ours concerns the whole namespace. */
static void read_route(const struct nlmsghdr *h, struct heard *ret)
{
	const struct rtmsg *r = nlmsg_data(h);
	struct nlattr *a[RTA_MAX + 1];

	if (r->rtm_protocol == PROTOCOL ||
	    nlmsg_parse((struct nlmsghdr *)(uintptr_t)h, sizeof(*r), a, RTA_MAX, NULL) < 0)
		return;
	ret->others = true;
	ret->slot = msg_slot(r, a);
	ret->unrouted = h->nlmsg_type == RTM_DELROUTE && r->rtm_protocol == RTPROT_KERNEL;
	ret->ifindex = ret->unrouted && a[RTA_OIF] ? nla_get_u32(a[RTA_OIF]) : 0;
}

/* Also of a forwarding entry: the interface is that of the port. */
static void read_neighbor(const struct nlmsghdr *h, struct heard *ret)
{
	ret->ifindex = (uint32_t)((const struct ndmsg *)nlmsg_data(h))->ndm_ifindex;
}

/* Of the port, or of the bridge itself. */
static void read_vlan(const struct nlmsghdr *h, struct heard *ret)
{
	ret->ifindex = ((const struct br_vlan_msg *)nlmsg_data(h))->ifindex;
}

static void read_netconf(const struct nlmsghdr *h, struct heard *ret)
{
	struct nlattr *index =
		nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct netconfmsg), NETCONFA_IFINDEX);
	int32_t i = index ? (int32_t)nla_get_u32(index) : 0;

	/* Those of "all" and "default" are below 0. */
	ret->ifindex = i > 0 ? (uint32_t)i : 0;
}

/* A root may have been replaced by another: both are in one message. */
static void read_qdisc(const struct nlmsghdr *h, struct heard *ret)
{
	ret->ifindex = (uint32_t)((const struct tcmsg *)nlmsg_data(h))->tcm_ifindex;
}

/* The end of a transaction. Numbers are in network order, and the process is numbered as in the first PID namespace: where
 * that is not ours, another process has the number, or none. */
static void read_generation(const struct nlmsghdr *h, struct heard *ret)
{
	struct nlattr *pid =
		nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), NFTA_GEN_PROC_PID);
	struct nlattr *name =
		nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)h, sizeof(struct nfgenmsg), NFTA_GEN_PROC_NAME);

	ret->netfilter = true;
	ret->pid = pid && nla_len(pid) == 4 ? ntohl(nla_get_u32(pid)) : 0;
	if (name && nla_len(name) > 0 && !((const char *)nla_data(name))[nla_len(name) - 1])
		ret->command = nla_data(name);
	if (ret->pid == (uint32_t)getpid())
		ret->pid = 0;
}

static const struct {
	uint16_t type;
	size_t size; /* of the fixed header */
	void (*read)(const struct nlmsghdr *h, struct heard *ret);
} messages[] = {
	{ RTM_NEWLINK, sizeof(struct ifinfomsg), read_link },
	{ RTM_DELLINK, sizeof(struct ifinfomsg), read_link },
	{ RTM_NEWADDR, sizeof(struct ifaddrmsg), read_address },
	{ RTM_DELADDR, sizeof(struct ifaddrmsg), read_address },
	{ RTM_NEWROUTE, sizeof(struct rtmsg), read_route },
	{ RTM_DELROUTE, sizeof(struct rtmsg), read_route },
	{ RTM_NEWNEIGH, sizeof(struct ndmsg), read_neighbor },
	{ RTM_DELNEIGH, sizeof(struct ndmsg), read_neighbor },
	{ RTM_NEWVLAN, sizeof(struct br_vlan_msg), read_vlan },
	{ RTM_DELVLAN, sizeof(struct br_vlan_msg), read_vlan },
	{ RTM_NEWQDISC, sizeof(struct tcmsg), read_qdisc },
	{ RTM_DELQDISC, sizeof(struct tcmsg), read_qdisc },
	{ RTM_NEWNETCONF, sizeof(struct netconfmsg), read_netconf },
};

/* Programs bind their socket to their process; what the kernel chooses otherwise is below 0
 * (netlink_autobind, net/netlink/af_netlink.c). */
static uint32_t pid_of(uint32_t port)
{
	uint32_t pid = port >> 31 ? 0 : port & PORT_PID;

	return pid == (uint32_t)getpid() ? 0 : pid;
}

/* A message without a row concerns the whole namespace. */
static void message_read(const struct nlmsghdr *h, struct heard *ret)
{
	ret->pid = pid_of(h->nlmsg_pid);
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (h->nlmsg_type == messages[i].type && h->nlmsg_len >= NLMSG_LENGTH(messages[i].size))
			messages[i].read(h, ret);
}

static int nsid_of(const struct listener *l, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_NETLINK && c->cmsg_type == NETLINK_LISTEN_ALL_NSID) {
			int nsid;

			memcpy(&nsid, CMSG_DATA(c), sizeof(nsid));
			return nsid == l->own ? NSID_OWN : nsid;
		}
	return NSID_OWN;
}

/* A message of the socket for nftables. */
static void generation_read(const struct nlmsghdr *h, struct heard *ret)
{
	if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN) &&
	    h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nfgenmsg)))
		read_generation(h, ret);
}

static int socket_read(struct listener *l, int fd, void (*read)(const struct nlmsghdr *h, struct heard *ret),
		       void (*each)(void *arg, const struct heard *h), void *arg)
{
	static char buffer[MESSAGE_MAX] __attribute__((aligned(NLMSG_ALIGNTO)));
	char control[CMSG_SPACE(sizeof(int)) * 4];
	bool lost = false;

	for (size_t i = 0; i < READ_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		struct iovec v = { buffer, sizeof(buffer) };
		struct msghdr m = { &from, sizeof(from), &v, 1, control, sizeof(control), 0 };
		ssize_t size = recvmsg(fd, &m, 0);
		int left = (int)size;

		if (size < 0 && errno == ENOBUFS)
			lost = true;
		else if (size < 0)
			break;
		lost |= size >= 0 && m.msg_flags & MSG_TRUNC;
		for (struct nlmsghdr *h = (void *)buffer; size > 0 && !from.nl_pid && nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			struct heard heard = { .nsid = nsid_of(l, &m) };

			read(h, &heard);
			each(arg, &heard);
		}
	}
	return lost ? -ENOBUFS : 0;
}

int listener_read(struct listener *l, void (*each)(void *arg, const struct heard *h), void *arg)
{
	int r = socket_read(l, l->fd, message_read, each, arg);
	int n = l->netfilter < 0 ? 0 : socket_read(l, l->netfilter, generation_read, each, arg);

	return r < 0 ? r : n;
}

struct replay {
	void (*each)(void *arg, const struct heard *h);
	void *arg;
};

static void on_link(const struct nlmsghdr *h, void *arg)
{
	struct heard heard = { .nsid = NSID_OWN };
	const struct replay *r = arg;

	message_read(h, &heard);
	heard.pid = 0;
	r->each(r->arg, &heard);
}

/* Events that are reported twice do no harm. */
static void on_restart(_unused_ void *arg)
{
}

int listener_replay(struct listener *l, void (*each)(void *arg, const struct heard *h), void *arg, struct err *e)
{
	struct ifinfomsg i = { 0 };
	_cleanup_(msg_freep) struct nl_msg *m = msg_new(RTM_GETLINK, 0, &i, sizeof(i));
	struct replay r = { each, arg };

	msg_put_u32(m, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return rtnl_dump(l->nl, m, on_link, on_restart, &r, e);
}
