/* SPDX-License-Identifier: MIT */
/* place.c - opens sockets in a namespace.  A socket stays in the namespace that it was opened in, so the thread is
 * there only for the moment of its birth. */
#include "place.h"
#include "enter.h"
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/stat.h>

#define HOST "host"

static int home_open(struct err *e)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_kernel(e, errno, NULL, "/proc/self/ns/net") : fd;
}

int place_allowed(struct err *e)
{
	_cleanup_(closep) int fd = home_open(e);

	if (fd < 0)
		return fd;
	return setns(fd, CLONE_NEWNET) < 0 ? err_set(e, errno, "not permitted to enter namespaces: use sudo") : 0;
}

int place_open(struct place *ret, const char *name, struct err *e)
{
	struct place p = { .name = name, .fd = -1, .home = -1 };

	if (strcmp(name, HOST) != 0) {
		p.fd = netns_open(name, e);
		if (p.fd < 0)
			return p.fd;
		p.home = home_open(e);
	}
	if (p.fd >= 0 && p.home < 0) {
		place_close(&p);
		return e->code;
	}
	*ret = p;
	return 0;
}

void place_close(struct place *p)
{
	closep(&p->fd);
	closep(&p->home);
	p->fd = p->home = -1;
}

int place_enter(const struct place *p, struct err *e)
{
	if (p->fd >= 0 && setns(p->fd, CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "entering %s", p->name);
	return 0;
}

void place_leave(const struct place *p)
{
	/* Elsewhere nothing that follows would be right. */
	if (p->fd >= 0 && setns(p->home, CLONE_NEWNET) < 0)
		abort();
}

int place_socket(const struct place *p, int family, int type, int protocol, struct err *e)
{
	int fd, error, r = place_enter(p, e);

	if (r < 0)
		return r;
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	error = errno;
	place_leave(p);
	return fd < 0 ? err_kernel(e, error, NULL, "a socket in %s", p->name) : fd;
}

bool place_is_gone(const struct place *p)
{
	char path[PATH_MAX];
	struct stat then, now;

	if (p->fd < 0 || fstat(p->fd, &then) < 0)
		return false;
	snprintf(path, sizeof(path), NETNS_DIR "/%s", p->name);
	if (stat(path, &now) < 0)
		return errno == ENOENT;
	return then.st_ino != now.st_ino || then.st_dev != now.st_dev;
}

socklen_t endpoint_fill(union endpoint *ret, const struct inet *address, uint16_t port)
{
	*ret = (union endpoint){ .in6 = { .sin6_family = address->family, .sin6_port = htons(port) } };
	if (address->family == AF_INET6) {
		memcpy(&ret->in6.sin6_addr, address->addr, sizeof(ret->in6.sin6_addr));
		return sizeof(ret->in6);
	}
	memcpy(&ret->in.sin_addr, address->addr, sizeof(ret->in.sin_addr));
	return sizeof(ret->in);
}
