/* SPDX-License-Identifier: MIT */
/* flows.h - sends as much as the path takes, over several connections: one alone would tell how TCP gets along with
 * losses and delays, rather than what the path carries. */
#pragma once
#include "probe.h"

struct flows;

/* Connects to where @p, which has been reached, leads. */
struct flows *flows_new(const struct probe *p, struct err *e);
void flows_free(struct flows *f);
/* The bytes that have arrived at the other end so far, in order or not, as the kernel counts what is acknowledged: that
 * this process is late does not matter.  -errno if a connection is lost. */
int flows_arrived(const struct flows *f, uint64_t *ret);
