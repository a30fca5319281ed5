/* SPDX-License-Identifier: MIT */
/* probe.c - what all probes share. */
#include "probe.h"

int probe_again(struct probe *p, struct err *e)
{
	return p->type->again(p, e);
}

void probe_end(struct probe *p)
{
	watch_end(&p->watch);
}

void probe_reached(struct probe *p, uint64_t usec)
{
	p->reached = true;
	p->told_usec = usec;
}

/* A destination that no route leads to may have one later. */
int probe_connect(struct probe *p, int type, int protocol, struct err *e)
{
	_cleanup_(closep) int fd = place_socket(p->place, p->to.family, type, protocol, e);
	union endpoint to;
	socklen_t size = endpoint_fill(&to, &p->to, p->port);

	if (fd < 0)
		return fd;
	if (connect(fd, &to.sa, size) < 0 && errno != EINPROGRESS) {
		p->why = errno;
		return 0;
	}
	return take_fd(&fd);
}
