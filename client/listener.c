/* SPDX-License-Identifier: MIT */
/* listener.c - answers at a port for the time of a test.  It may be bound before its address is there, so that an
 * address that comes late, or not at all, is the business of those who try to reach it. */
#include "listener.h"
#include <sys/epoll.h>
#include <sys/random.h>

enum { CONNECTIONS_MAX = 2048, READ_MAX = 1 << 18, BACKLOG = 128 };

struct listener {
	struct watch watch;
	struct listeners *all;
	struct listener *next;
	const struct place *place;
	struct inet address;
	uint16_t port;
	int type; /* SOCK_STREAM, SOCK_DGRAM */
	uint64_t secret;
};

struct connection_open {
	struct watch watch;
	struct listeners *all;
	struct connection_open *next;
	bool swallows;
	uint64_t secret;
};

struct listeners {
	int loop;
	struct listener *first;
	struct connection_open *connections;
	size_t n_connections;
};

struct listeners *listeners_new(int loop)
{
	struct listeners *l = must(calloc(1, sizeof(*l)));

	l->loop = loop;
	return l;
}

/* More at once than a number only measures the path (flows.h). */
static void connection_answer(struct watch *w, _unused_ uint32_t events)
{
	static char text[READ_MAX];
	struct connection_open *c = (struct connection_open *)w;
	ssize_t n = recv(w->fd, text, sizeof(text), 0);
	uint64_t number;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	c->swallows |= n > (ssize_t)sizeof(number);
	if (n > 0 && c->swallows)
		return;
	memcpy(&number, text, sizeof(number));
	number ^= c->secret;
	if (n != sizeof(number) || send(w->fd, &number, sizeof(number), MSG_NOSIGNAL) < 0)
		watch_end(w);
}

/* Those that have ended make room. */
static void connections_sweep(struct listeners *l)
{
	for (struct connection_open **p = &l->connections; *p;) {
		struct connection_open *c = *p;

		if (c->watch.fd >= 0) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		l->n_connections--;
		free(c);
	}
}

static void listener_accept(struct watch *w, _unused_ uint32_t events)
{
	struct listener *me = (struct listener *)w;
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection_open *c;

	if (fd < 0)
		return;
	connections_sweep(me->all);
	if (me->all->n_connections == CONNECTIONS_MAX) {
		close(fd);
		return;
	}
	c = must(calloc(1, sizeof(*c)));
	*c = (struct connection_open){ .watch = { -1, connection_answer, -1 },
				       .all = me->all,
				       .next = me->all->connections,
				       .secret = me->secret };
	if (watch_begin(&c->watch, me->all->loop, fd, EPOLLIN) < 0) {
		free(c);
		return;
	}
	me->all->connections = c;
	me->all->n_connections++;
}

static void listener_echo(struct watch *w, _unused_ uint32_t events)
{
	uint64_t number;
	union endpoint from;
	socklen_t size = sizeof(from);
	ssize_t n = recvfrom(w->fd, &number, sizeof(number), 0, &from.sa, &size);

	number ^= ((struct listener *)w)->secret;
	if (n == sizeof(number))
		sendto(w->fd, &number, sizeof(number), MSG_NOSIGNAL, &from.sa, size);
}

static int listener_socket(const struct listener *l, struct err *e)
{
	_cleanup_(closep) int fd = place_socket(l->place, l->address.family, l->type, 0, e);
	bool v6 = l->address.family == AF_INET6;
	const int on = 1;
	union endpoint at;
	socklen_t size = endpoint_fill(&at, &l->address, l->port);

	if (fd < 0)
		return fd;
	if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, &on, sizeof(on)) < 0 ||
	    (l->type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
	    bind(fd, &at.sa, size) < 0 || (l->type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
		return err_kernel(e, errno, NULL, "listening at port %u in %s", l->port, l->place->name);
	return take_fd(&fd);
}

int listener_need(struct listeners *l, const struct place *p, const struct inet *address, uint16_t port, int type,
		  uint64_t *ret_secret, struct err *e)
{
	struct listener *new;
	int fd, r;

	for (const struct listener *i = l->first; i; i = i->next)
		if (i->place == p && i->port == port && i->type == type &&
		    !memcmp(&i->address, address, sizeof(*address))) {
			*ret_secret = i->secret;
			return 0;
		}
	new = must(calloc(1, sizeof(*new)));
	*new = (struct listener){ .watch = { -1, type == SOCK_STREAM ? listener_accept : listener_echo, -1 },
				  .all = l,
				  .place = p,
				  .address = *address,
				  .port = port,
				  .type = type };
	if (getrandom(&new->secret, sizeof(new->secret), 0) < 0)
		new->secret = (uint64_t)(uintptr_t)new;
	fd = listener_socket(new, e);
	r = fd < 0 ? fd : watch_begin(&new->watch, l->loop, fd, EPOLLIN);
	if (r < 0) {
		free(new);
		return fd < 0 ? fd : err_kernel(e, -r, NULL, "waiting at port %u in %s", port, p->name);
	}
	new->next = l->first;
	l->first = new;
	*ret_secret = new->secret;
	return 0;
}

void listeners_free(struct listeners *l)
{
	for (struct connection_open *c; l && (c = l->connections);) {
		l->connections = c->next;
		watch_end(&c->watch);
		free(c);
	}
	for (struct listener *i; l && (i = l->first);) {
		l->first = i->next;
		watch_end(&i->watch);
		free(i);
	}
	free(l);
}
