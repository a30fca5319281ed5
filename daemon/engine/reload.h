/* SPDX-License-Identifier: MIT */
/* reload.h - reads the boot directories again: new and changed files are applied, and the outcome of each is
 * reported. */
#pragma once
#include "engine.h"

/* Queues what is to be done, on behalf of @by; @of_user: other than root.  Calls @done once, maybe at once, with the
 * results of the interface text, which then belong to it. */
void reload_start(struct engine *g, const char *by, bool of_user, void (*done)(void *arg, struct json_object *results),
		  void *arg);
