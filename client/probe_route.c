/* SPDX-License-Identifier: MIT */
/* probe_route.c - looks for a route in a table of a namespace. */
#include "probe.h"
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/time.h>

enum { ANSWER_SIZE = 64 << 10, ANSWER_SECONDS = 5 };

/* The next hop of a message, or one of several. */
struct hop {
	struct inet via; /* family 0: none */
	unsigned index;
	bool dead;
};

/* Bytes that are left of a message. */
struct rest {
	const char *at;
	size_t size;
};

/* The next piece, which is aligned to four bytes and says its size itself; NULL at the end. */
static const void *rest_take(struct rest *r, size_t head, size_t size)
{
	const char *at = r->at;
	size_t whole = (size + 3) & ~(size_t)3;

	if (size < head || size > r->size)
		return NULL;
	r->at += whole < r->size ? whole : r->size;
	r->size -= whole < r->size ? whole : r->size;
	return at;
}

static const struct rtattr *attribute_take(struct rest *r)
{
	struct rtattr a = { 0 };

	memcpy(&a, r->at, r->size < sizeof(a) ? r->size : sizeof(a));
	return rest_take(r, sizeof(a), a.rta_len);
}

static const struct rtnexthop *hop_take(struct rest *r)
{
	struct rtnexthop n = { 0 };

	memcpy(&n, r->at, r->size < sizeof(n) ? r->size : sizeof(n));
	return rest_take(r, sizeof(n), n.rtnh_len);
}

static const struct nlmsghdr *message_take(struct rest *r)
{
	struct nlmsghdr m = { 0 };

	memcpy(&m, r->at, r->size < sizeof(m) ? r->size : sizeof(m));
	return rest_take(r, sizeof(m), m.nlmsg_len);
}

static struct inet inet_of(uint8_t family, const void *data, size_t size)
{
	struct inet i = { .family = family, .len = family == AF_INET6 ? 128 : 32 };

	memcpy(i.addr, data, size < sizeof(i.addr) ? size : sizeof(i.addr));
	return i;
}

/* RTA_GATEWAY, RTA_VIA or RTA_OIF. */
static void hop_note(struct hop *h, uint8_t family, const struct rtattr *a)
{
	const struct rtvia *via = RTA_DATA(a);

	if (a->rta_type == RTA_GATEWAY)
		h->via = inet_of(family, RTA_DATA(a), RTA_PAYLOAD(a));
	else if (a->rta_type == RTA_VIA && RTA_PAYLOAD(a) > sizeof(*via))
		h->via = inet_of((uint8_t)via->rtvia_family, via->rtvia_addr, RTA_PAYLOAD(a) - sizeof(*via));
	else if (a->rta_type == RTA_OIF && RTA_PAYLOAD(a) == sizeof(h->index))
		memcpy(&h->index, RTA_DATA(a), sizeof(h->index));
}

static bool hop_is(const struct probe *p, int fd, const struct hop *h)
{
	struct ifreq request = { .ifr_ifindex = (int)h->index };

	if (h->dead || (EXPECTS(p->x, via) && memcmp(&h->via, &p->x->via, sizeof(h->via)) != 0))
		return false;
	return !EXPECTS(p->x, dev) || (ioctl(fd, SIOCGIFNAME, &request) == 0 && !strcmp(request.ifr_name, p->x->dev));
}

/* Whether one of the next hops in @list is the one. */
static bool hops_have(const struct probe *p, int fd, uint8_t family, const struct rtattr *list)
{
	struct rest hops = { RTA_DATA(list), RTA_PAYLOAD(list) };

	for (const struct rtnexthop *n; (n = hop_take(&hops));) {
		struct hop h = { .index = (unsigned)n->rtnh_ifindex, .dead = n->rtnh_flags & RTNH_F_DEAD };
		struct rest rest = { (const char *)(n + 1), n->rtnh_len - sizeof(*n) };

		for (const struct rtattr *attribute; (attribute = attribute_take(&rest));)
			hop_note(&h, family, attribute);
		if (hop_is(p, fd, &h))
			return true;
	}
	return false;
}

static bool route_is(const struct probe *p, int fd, const struct nlmsghdr *m)
{
	const struct rtmsg *r = NLMSG_DATA(m);
	struct inet to = { .family = r->rtm_family };
	struct hop h = { .dead = r->rtm_flags & RTNH_F_DEAD };
	const struct rtattr *several = NULL;
	struct rest rest = { (const char *)(r + 1), m->nlmsg_len - NLMSG_LENGTH(sizeof(*r)) };
	uint32_t table = r->rtm_table;

	for (const struct rtattr *a; (a = attribute_take(&rest));) {
		if (a->rta_type == RTA_DST)
			to = inet_of(r->rtm_family, RTA_DATA(a), RTA_PAYLOAD(a));
		else if (a->rta_type == RTA_TABLE)
			memcpy(&table, RTA_DATA(a), sizeof(table));
		else if (a->rta_type == RTA_MULTIPATH)
			several = a;
		else
			hop_note(&h, r->rtm_family, a);
	}
	to.len = r->rtm_dst_len;
	if (table != p->x->table || r->rtm_type != RTN_UNICAST || r->rtm_flags & RTM_F_CLONED)
		return false;
	/* A route that leads everywhere is "default" in a file, which has no family. */
	if (p->x->route.family && p->x->route.len ? memcmp(&to, &p->x->route, sizeof(to)) != 0 : to.len > 0)
		return false;
	return several ? hops_have(p, fd, r->rtm_family, several) : hop_is(p, fd, &h);
}

/* Reads the answer to a dump; whether the route was in it. */
static int dump_read(const struct probe *p, int fd, bool *ret)
{
	_cleanup_(freep) char *answer = must(malloc(ANSWER_SIZE));

	for (;;) {
		ssize_t n = recv(fd, answer, ANSWER_SIZE, 0);
		struct rest rest = { answer, n > 0 ? (size_t)n : 0 };

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPROTO;
		for (const struct nlmsghdr *m; (m = message_take(&rest));) {
			if (m->nlmsg_type == NLMSG_DONE)
				return 0;
			if (m->nlmsg_type == NLMSG_ERROR)
				return ((const struct nlmsgerr *)NLMSG_DATA(m))->error ?: -EPROTO;
			*ret = *ret || (m->nlmsg_type == RTM_NEWROUTE &&
					m->nlmsg_len >= NLMSG_LENGTH(sizeof(struct rtmsg)) && route_is(p, fd, m));
		}
	}
}

/* The answer is there already, and large: waiting for it is simpler than coming back. */
static int fcntl_block(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

static int route_dump(const struct probe *p, uint8_t family, bool *ret, struct err *e)
{
	_cleanup_(closep) int fd = place_socket(p->place, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, e);
	struct {
		struct nlmsghdr head;
		struct rtmsg route;
		struct rtattr head_of_table;
		uint32_t table;
	} request = {
		{ .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .rtm_family = family },
		{ .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = RTA_TABLE },
		p->x->table,
	};
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	const int on = 1;
	int r;

	if (fd < 0)
		return fd;
	/* An older kernel shows all tables. */
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	r = fcntl_block(fd) < 0 || send(fd, &request, sizeof(request), 0) < 0 ? -errno : dump_read(p, fd, ret);
	return r < 0 && r != -EAFNOSUPPORT ? err_kernel(e, -r, NULL, "the routes of %s", p->place->name) : 0;
}

static int route_again(struct probe *p, struct err *e)
{
	uint8_t family = p->x->route.family ?: p->x->family ?: p->x->via.family;
	bool there = false;
	int r = family == AF_INET6 ? 0 : route_dump(p, AF_INET, &there, e);

	if (r >= 0 && !there && family != AF_INET)
		r = route_dump(p, AF_INET6, &there, e);
	if (there)
		probe_reached(p, 0);
	return r;
}

const struct probe_type probe_route = { .again = route_again };
