/* SPDX-License-Identifier: MIT */
/* listener.h - answers at a port for the time of a test: a number comes back changed by a secret of the very
 * listener, so that who asked knows where it arrived.  More than a number at once is only read. */
#pragma once
#include "loop.h"
#include "place.h"

struct listeners;
struct listeners *listeners_new(int loop);
void listeners_free(struct listeners *l);
/* Listens, unless it does so already.  The answer to a number is the number ^ *ret_secret.  -EADDRINUSE: somebody else
 * listens. */
int listener_need(struct listeners *l, const struct place *p, const struct inet *address, uint16_t port, int type,
		  uint64_t *ret_secret, struct err *e);
