/* SPDX-License-Identifier: MIT */
/* listener.h - answers at a port for the time of a test: what it receives it sends back, unless it is more than 64 bytes
 * at once. */
#pragma once
#include "loop.h"
#include "place.h"

struct listeners;
struct listeners *listeners_new(int loop);
void listeners_free(struct listeners *l);
/* Listens, unless it does so already.  -EADDRINUSE: somebody else does. */
int listener_need(struct listeners *l, const struct place *p, const struct inet *address, uint16_t port, int type,
		  struct err *e);
