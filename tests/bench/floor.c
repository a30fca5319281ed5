/* SPDX-License-Identifier: MIT */
/* floor.c - the floor that netnsd is measured against: does what the kernel must do, with raw netlink in one
 * thread and nothing else. build: each namespace is created, named and given a socket; then its veth pair is
 * created in its final place, with everything in the namespace in one batch of messages and everything on
 * the host in another. change: the address of ns0, the new one before the old one is removed. down: all veth
 * pairs in one message, by their link group; then the names.  With a file of nftables messages, build sends them in each
 * namespace, as one transaction, and change sends them in ns0 instead.  Every batch is acknowledged, and any refusal ends the
 * program: what is measured was done. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HOST_INDEX = 100000, /* of the first end on the host: no other link has such a number */
	NS_INDEX = 10,       /* of the end in each namespace; below are the tunnels that some kernels create */
	LO_INDEX = 1,
	GROUP = 0x40000001, /* of all ends on the host */
};

/* One transaction of nftables, from its begin to its end. */
static struct {
	char data[65536];
	ssize_t size;
} rules;

static const uint32_t FIRST_NET = (10U << 24) + (100U << 16);

struct batch {
	_Alignas(struct nlmsghdr) char data[8192];
	size_t size;
	struct nlmsghdr *last;
};

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static void *message(struct batch *b, int type, int flags, size_t body)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)(b->data + b->size);

	memset(h, 0, NLMSG_SPACE(body));
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_len = (uint32_t)NLMSG_SPACE(body);
	b->size += NLMSG_SPACE(body);
	b->last = h;
	return NLMSG_DATA(h);
}

/* Reserves @size bytes at the end of the last message. */
static void *extend(struct batch *b, size_t size)
{
	void *p = b->data + b->size;

	memset(p, 0, RTA_ALIGN(size));
	b->size += RTA_ALIGN(size);
	b->last->nlmsg_len += (uint32_t)RTA_ALIGN(size);
	return p;
}

static struct rtattr *attribute(struct batch *b, int type, const void *value, size_t size)
{
	struct rtattr *a = extend(b, RTA_LENGTH(size));

	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size > 0)
		memcpy(RTA_DATA(a), value, size);
	return a;
}

static void end_nest(struct batch *b, struct rtattr *a)
{
	a->rta_len = (uint16_t)(b->data + b->size - (char *)a);
}

static void add_veth(struct batch *b, int host, int i)
{
	struct ifinfomsg *near = message(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*near)), *far;
	struct rtattr *info, *data, *peer;
	uint32_t group = GROUP;
	char name[IFNAMSIZ];

	near->ifi_index = NS_INDEX;
	near->ifi_flags = near->ifi_change = IFF_UP;
	attribute(b, IFLA_IFNAME, "eth0", sizeof("eth0"));
	info = attribute(b, IFLA_LINKINFO, NULL, 0);
	attribute(b, IFLA_INFO_KIND, "veth", sizeof("veth"));
	data = attribute(b, IFLA_INFO_DATA, NULL, 0);
	peer = attribute(b, VETH_INFO_PEER, NULL, 0);
	far = extend(b, sizeof(*far));
	far->ifi_index = HOST_INDEX + i;
	snprintf(name, sizeof(name), "vh%d", i);
	attribute(b, IFLA_IFNAME, name, strlen(name) + 1);
	attribute(b, IFLA_GROUP, &group, sizeof(group));
	attribute(b, IFLA_NET_NS_FD, &host, sizeof(host));
	end_nest(b, peer);
	end_nest(b, data);
	end_nest(b, info);
}

static void set_up(struct batch *b, int index)
{
	struct ifinfomsg *m = message(b, RTM_NEWLINK, 0, sizeof(*m));

	m->ifi_index = index;
	m->ifi_flags = m->ifi_change = IFF_UP;
}

static void put_address(struct batch *b, int type, int flags, int index, in_addr_t address, uint8_t len)
{
	struct ifaddrmsg *m = message(b, type, flags, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = len;
	m->ifa_index = (uint32_t)index;
	attribute(b, IFA_LOCAL, &address, sizeof(address));
	attribute(b, IFA_ADDRESS, &address, sizeof(address));
}

static void add_address(struct batch *b, int index, in_addr_t address, uint8_t len)
{
	put_address(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, index, address, len);
}

static void add_default_route(struct batch *b, in_addr_t gateway)
{
	struct rtmsg *m = message(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, sizeof(*m));

	m->rtm_family = AF_INET;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	attribute(b, RTA_GATEWAY, &gateway, sizeof(gateway));
}

/* Sends the batch and reads the acknowledgement of its last message; the kernel sends one for each error,
 * too. */
static void commit(struct batch *b, int s)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	ssize_t n;

	b->last->nlmsg_flags |= NLM_F_ACK;
	if (send(s, b->data, b->size, 0) < 0)
		die("send");
	n = recv(s, buf, sizeof(buf), 0);
	if (n < (ssize_t)NLMSG_SPACE(sizeof(struct nlmsgerr)))
		die("recv");
	errno = -((struct nlmsgerr *)NLMSG_DATA(buf))->error;
	if (errno)
		die("the kernel");
	b->size = 0;
}

static int netlink_socket(void)
{
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), one = 1;

	if (s < 0)
		die("socket");
	setsockopt(s, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return s;
}

static int own_namespace(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/thread-self/ns/net");
	return fd;
}

static void read_rules(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	rules.size = fd < 0 ? -1 : read(fd, rules.data, sizeof(rules.data));
	if (rules.size <= 0)
		die(path);
	close(fd);
}

static int netfilter_socket(void)
{
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (s < 0)
		die("socket");
	return s;
}

/* The one message that asks for an answer gets it when all are done; those that are refused get one first. */
static void send_rules(int s)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	ssize_t n;

	if (send(s, rules.data, (size_t)rules.size, 0) < 0)
		die("send");
	n = recv(s, buf, sizeof(buf), 0);
	if (n < (ssize_t)NLMSG_SPACE(sizeof(struct nlmsgerr)))
		die("recv");
	errno = -((struct nlmsgerr *)NLMSG_DATA(buf))->error;
	if (errno || recv(s, buf, sizeof(buf), MSG_DONTWAIT) >= 0)
		die("nftables");
}

/* Creates a namespace with the name nsI, and moves the thread into it; returns a socket inside. */
static int new_namespace(int i)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/ns%d", i);
	fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0)
		die(path);
	close(fd);
	if (unshare(CLONE_NEWNET) < 0)
		die("unshare");
	if (mount("/proc/thread-self/ns/net", path, "none", MS_BIND, NULL) < 0)
		die("mount");
	return netlink_socket();
}

static void veth_up(int s, int host, int host_socket, int i)
{
	static struct batch b;
	uint32_t net = FIRST_NET + (uint32_t)i * 4;

	add_veth(&b, host, i);
	add_address(&b, NS_INDEX, htonl(net + 2), 30);
	set_up(&b, LO_INDEX);
	add_default_route(&b, htonl(net + 1));
	commit(&b, s);
	add_address(&b, HOST_INDEX + i, htonl(net + 1), 30);
	set_up(&b, HOST_INDEX + i);
	commit(&b, host_socket);
}

static void build(int n)
{
	int *sockets = calloc((size_t)n, sizeof(*sockets)), *nft = calloc((size_t)n, sizeof(*nft));
	int host = own_namespace(), host_socket = netlink_socket();
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (!sockets || !nft)
		die("calloc");
	for (int i = 0; i < n; i++) {
		sockets[i] = new_namespace(i);
		nft[i] = rules.size ? netfilter_socket() : -1;
	}
	for (int i = 0; i < n; i++) {
		if (rules.size)
			send_rules(nft[i]);
		veth_up(sockets[i], host, host_socket, i);
	}
}

static void change(void)
{
	int fd = open("/run/netns/ns0", O_RDONLY | O_CLOEXEC);
	static struct batch b;

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		die("/run/netns/ns0");
	if (rules.size) {
		send_rules(netfilter_socket());
		return;
	}
	add_address(&b, NS_INDEX, htonl(FIRST_NET + 2), 29);
	put_address(&b, RTM_DELADDR, 0, NS_INDEX, htonl(FIRST_NET + 2), 30);
	commit(&b, netlink_socket());
}

static void down(int n)
{
	static struct batch b;
	uint32_t group = GROUP;
	char path[64];

	message(&b, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	attribute(&b, IFLA_GROUP, &group, sizeof(group));
	commit(&b, netlink_socket());
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/run/netns/ns%d", i);
		if (umount2(path, MNT_DETACH) < 0 || unlink(path) < 0)
			die(path);
	}
}

int main(int argc, char **argv)
{
	int n = argc == 3 || argc == 4 ? atoi(argv[2]) : 0;

	if (n <= 0) {
		fputs("usage: floor build|change|down N [RULES]\n", stderr);
		return 2;
	}
	if (argc == 4)
		read_rules(argv[3]);
	if (!strcmp(argv[1], "build"))
		build(n);
	else if (!strcmp(argv[1], "change"))
		change();
	else
		down(n);
	return EXIT_SUCCESS;
}
