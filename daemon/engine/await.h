/* SPDX-License-Identifier: MIT */
/* await.h - topologies that wait for what others make. */
#pragma once
#include "engine.h"

/* Whether the change that @j could not begin is to wait instead of to fail. */
bool await_may(const struct engine *g, const struct change *c, const struct job *j);
/* It is known as waiting from now on, and woken by what it waits for. */
int await_take(struct engine *g, struct job *j, struct err *e);
/* A topology that waited could not be brought up when it was to be. */
void await_failed(struct engine *g, const struct change *c, struct outcome *o);
/* Has it looked whether all is there. */
void await_again(struct engine *g, struct topology *t);
/* Whether something has come for one that waits. */
bool await_needed(const struct engine *g);
/* Puts in line what something has come for. */
void await_step(struct engine *g);
/* The kernel has to finish something first, @what: one that was never up waits like one whose interface is not there yet. */
void await_kernel(struct engine *g, const struct job *j, const char *what);
