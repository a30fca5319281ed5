/* SPDX-License-Identifier: MIT */
/* await.h - topologies that wait for what others create. */
#pragma once
#include "engine.h"

/* Whether the change that @j could not begin is to wait instead of failing. */
bool await_may(const struct engine *g, const struct change *c, const struct job *j);
/* Records it as waiting; what it waits for wakes it. */
int await_take(struct engine *g, struct job *j, struct err *e);
/* A topology that waited could not be brought up when its turn came. */
void await_failed(struct engine *g, const struct change *c, struct outcome *o);
/* Has it check again whether everything is there. */
void await_again(struct engine *g, struct topology *t);
/* Whether something has appeared that a topology waits for. */
bool await_needed(const struct engine *g);
/* Queues the topologies that something has appeared for. */
void await_step(struct engine *g);
/* The kernel has to finish something first, @what: a topology that was never up waits as
 * if an interface were missing. */
void await_kernel(struct engine *g, const struct job *j, const char *what);
