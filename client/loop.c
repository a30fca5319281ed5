/* SPDX-License-Identifier: MIT */
/* loop.c - waits for several descriptors at once, by epoll. */
#include "loop.h"
#include "usec.h"
#include <sys/epoll.h>

enum { READY_MAX = 64 };

uint64_t loop_now(void)
{
	return usec_now(CLOCK_MONOTONIC);
}

int loop_new(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int watch_tell(struct watch *w, int op, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	return epoll_ctl(w->loop, op, w->fd, &e) < 0 ? -errno : 0;
}

int watch_begin(struct watch *w, int loop, int fd, uint32_t events)
{
	int r;

	watch_end(w);
	w->loop = loop;
	w->fd = fd;
	r = watch_tell(w, EPOLL_CTL_ADD, events);
	if (r < 0)
		watch_end(w);
	return r;
}

int watch_change(struct watch *w, uint32_t events)
{
	return watch_tell(w, EPOLL_CTL_MOD, events);
}

void watch_end(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

/* One at a time: a function may free what is ready as well. */
void loop_turn(int loop, uint64_t until_usec)
{
	struct epoll_event e;
	uint64_t now = loop_now();
	int msec = until_usec > now ? (int)((until_usec - now + 999) / 1000) : 0;

	for (size_t i = 0; i < READY_MAX && epoll_wait(loop, &e, 1, i ? 0 : msec) == 1; i++) {
		struct watch *w = e.data.ptr;

		w->ready(w, e.events);
	}
}
