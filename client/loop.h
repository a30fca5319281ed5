/* SPDX-License-Identifier: MIT */
/* loop.h - waits for several descriptors at once, each with a function of its own. */
#pragma once
#include "base.h"

/* A descriptor that is waited for; embedded in what owns it.  fd -1: none. */
struct watch {
	int fd;
	void (*ready)(struct watch *w, uint32_t events); /* EPOLL* */
	int loop;
};

/* A descriptor of epoll, or -errno. */
int loop_new(void);
/* Waits for @events on @fd, which then belongs to @w; the one before is closed.  -errno: @fd is closed. */
int watch_begin(struct watch *w, int loop, int fd, uint32_t events);
int watch_change(struct watch *w, uint32_t events);
void watch_end(struct watch *w);
/* Calls what is ready; waits at most until @until_usec. */
void loop_turn(int loop, uint64_t until_usec);
/* CLOCK_MONOTONIC. */
uint64_t loop_now(void);
