/* SPDX-License-Identifier: MIT */
/* reload.h - reads the boot directories again: new and changed files are applied, and the outcome of each is
 * reported. */
#pragma once
#include "engine.h"

struct reload_request {
	const char *by;           /* on whose behalf, as in struct change */
	bool of_user;             /* other than root */
	bool dry_run;             /* nothing is applied; the results have the steps */
	unsigned confirm_seconds; /* what is applied is rolled back unless confirmed in time; 0: it stays */
};

/* Queues what is to be done.  Calls @done once, maybe at once, with the results of the interface text, which then belong
 * to it. */
void reload_start(struct engine *g, const struct reload_request *request,
		  void (*done)(void *arg, struct json_object *results), void *arg);
