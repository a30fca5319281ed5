/* SPDX-License-Identifier: MIT */
/* probe_port.c - connections of TCP and packets of UDP.  Where the other end is ours it must send back what only it and
 * we know: that something accepts a connection does not say that it is the right one, and neither does an answer of
 * another listener of the test. */
#include "probe.h"
#include "usec.h"
#include <sys/epoll.h>

/* How long a connection may take before another is tried; doubled each time. */
enum { PATIENCE_USEC = USEC_PER_SEC };

static void port_take(struct probe *p)
{
	uint64_t answer = 0;
	ssize_t n = recv(p->watch.fd, &answer, sizeof(answer), 0);

	if (n == sizeof(answer) && answer == (p->nonce ^ p->secret)) {
		probe_reached(p, loop_now() - p->since_usec);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	p->why = n < 0 ? errno : 0;
	snprintf(p->words, sizeof(p->words), "%s", n > 0 ? "something else answered" : "");
}

static void tcp_ready(struct watch *w, uint32_t events)
{
	struct probe *p = (struct probe *)w;
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error) {
		p->why = error;
		watch_end(w);
	} else if (events & EPOLLOUT && !p->echo) {
		probe_reached(p, loop_now() - p->since_usec);
		watch_end(w);
	} else if (events & EPOLLOUT) {
		if (send(w->fd, &p->nonce, sizeof(p->nonce), MSG_NOSIGNAL) < 0)
			p->why = errno;
		watch_change(w, EPOLLIN);
	} else {
		port_take(p);
		watch_end(w);
	}
}

static int tcp_again(struct probe *p, struct err *e)
{
	uint64_t now = loop_now();
	int fd, r;

	if (p->watch.fd >= 0 && now - p->since_usec < p->patience_usec)
		return 0;
	if (p->watch.fd >= 0)
		p->why = 0;
	p->patience_usec = p->watch.fd >= 0 ? 2 * p->patience_usec : PATIENCE_USEC;
	watch_end(&p->watch);
	fd = probe_connect(p, SOCK_STREAM, 0, e);
	if (fd <= 0)
		return fd;
	p->since_usec = now;
	p->watch.ready = tcp_ready;
	r = watch_begin(&p->watch, p->loop, fd, EPOLLOUT);
	return r < 0 ? err_kernel(e, -r, NULL, "waiting for a connection") : 0;
}

const struct probe_type probe_tcp = { .again = tcp_again };

/* An ICMP error, such as that of a closed port, is what receiving fails with. */
static void udp_ready(struct watch *w, _unused_ uint32_t events)
{
	port_take((struct probe *)w);
}

static int udp_again(struct probe *p, struct err *e)
{
	int fd, r = 0;

	if (p->watch.fd < 0) {
		fd = probe_connect(p, SOCK_DGRAM, 0, e);
		if (fd <= 0)
			return fd;
		p->watch.ready = udp_ready;
		r = watch_begin(&p->watch, p->loop, fd, EPOLLIN);
	}
	if (r < 0)
		return err_kernel(e, -r, NULL, "waiting for answers");
	p->since_usec = loop_now();
	if (send(p->watch.fd, &p->nonce, sizeof(p->nonce), MSG_NOSIGNAL) < 0 && errno != EAGAIN)
		p->why = errno;
	return 0;
}

const struct probe_type probe_udp = { .again = udp_again };
