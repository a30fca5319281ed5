/* SPDX-License-Identifier: MIT */
/* probe_ping.c - echo requests by a raw socket: a ping socket would need net.ipv4.ping_group_range, which no new
 * namespace permits. */
#include "probe.h"
#include "usec.h"
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <sys/epoll.h>

/* As ping(8) sends by default. */
enum { DATA = 56, PACKET_MAX = 256 };

struct echo {
	uint8_t type, code;
	uint16_t checksum, id, seq;
	uint64_t nonce, sent_usec;
	uint8_t rest[DATA - 16];
};

static uint16_t checksum(const void *data, size_t size)
{
	uint16_t word;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < size; i += 2) {
		memcpy(&word, (const char *)data + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

/* The time that the kernel received it at; CLOCK_REALTIME. */
static uint64_t received_usec(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return (uint64_t)t.tv_sec * USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
	}
	return usec_now(CLOCK_REALTIME);
}

static void echo_take(struct probe *p, const struct echo *answer, uint64_t now)
{
	uint8_t type = p->to.family == AF_INET6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
	uint16_t seq = ntohs(answer->seq);
	uint64_t usec = now > answer->sent_usec ? now - answer->sent_usec : 0;

	if (answer->type != type || answer->id != p->id || answer->nonce != p->nonce)
		return;
	if (!p->reached)
		probe_reached(p, usec);
	if (p->trips && seq < p->n_trips)
		p->trips[seq] = (struct trip){ (uint32_t)(usec < UINT32_MAX ? usec : UINT32_MAX), true };
}

/* An ICMP error, which says more than silence. */
static void errors_read(struct probe *p)
{
	char data[PACKET_MAX], control[512];
	struct iovec iov = { data, sizeof(data) };

	for (;;) {
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};

		if (recvmsg(p->watch.fd, &m, MSG_ERRQUEUE) < 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
			struct sock_extended_err error;

			if ((c->cmsg_level != SOL_IP || c->cmsg_type != IP_RECVERR) &&
			    (c->cmsg_level != SOL_IPV6 || c->cmsg_type != IPV6_RECVERR))
				continue;
			memcpy(&error, CMSG_DATA(c), sizeof(error));
			p->why = (int)error.ee_errno;
		}
	}
}

static void ping_ready(struct watch *w, uint32_t events)
{
	struct probe *p = (struct probe *)w;
	char data[PACKET_MAX], control[512];
	struct iovec iov = { data, sizeof(data) };

	if (events & EPOLLERR)
		errors_read(p);
	for (;;) {
		struct msghdr m = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
		};
		ssize_t n = recvmsg(w->fd, &m, MSG_DONTWAIT);
		size_t head = p->to.family == AF_INET ? (size_t)(data[0] & 0xf) * 4 : 0;
		struct echo answer;

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			p->why = errno;
			continue;
		}
		if (n < 0)
			return;
		if ((size_t)n < head + sizeof(answer))
			continue;
		memcpy(&answer, data + head, sizeof(answer));
		echo_take(p, &answer, received_usec(&m));
	}
}

/* Of all that comes in to a raw socket only the answers. */
static int socket_set(int fd, int family)
{
	struct icmp6_filter filter6;
	struct icmp_filter filter = { ~(1U << ICMP_ECHOREPLY) };
	const int on = 1;

	ICMP6_FILTER_SETBLOCKALL(&filter6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		return -errno;
	if (family == AF_INET6 ? setsockopt(fd, SOL_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6)) < 0 ||
					 setsockopt(fd, SOL_IPV6, IPV6_RECVERR, &on, sizeof(on)) < 0
			       : setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)) < 0 ||
					 setsockopt(fd, SOL_IP, IP_RECVERR, &on, sizeof(on)) < 0)
		return -errno;
	return 0;
}

static int ping_open(struct probe *p, struct err *e)
{
	int fd = probe_connect(p, SOCK_RAW, p->to.family == AF_INET6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, e), r;

	if (fd <= 0)
		return fd;
	r = socket_set(fd, p->to.family);
	if (r < 0) {
		close(fd);
		return err_kernel(e, -r, NULL, "a raw socket in %s", p->place->name);
	}
	p->watch.ready = ping_ready;
	r = watch_begin(&p->watch, p->loop, fd, EPOLLIN);
	return r < 0 ? err_kernel(e, -r, NULL, "waiting for answers") : 0;
}

static int ping_again(struct probe *p, struct err *e)
{
	bool v6 = p->to.family == AF_INET6;
	struct echo request = { .type = v6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO, .id = p->id, .seq = htons(p->seq) };
	int r = p->watch.fd < 0 ? ping_open(p, e) : 0;

	if (r < 0 || p->watch.fd < 0)
		return r;
	p->seq++;
	p->sent++;
	request.nonce = p->nonce;
	request.sent_usec = usec_now(CLOCK_REALTIME);
	request.checksum = v6 ? 0 : checksum(&request, sizeof(request));
	if (send(p->watch.fd, &request, sizeof(request), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		p->why = errno;
	return 0;
}

const struct probe_type probe_ping = { .again = ping_again };
