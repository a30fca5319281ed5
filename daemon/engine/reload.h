/* SPDX-License-Identifier: MIT */
/* reload.h - the boot directories once more: what is new or has changed is applied, and
 * somebody is told what became of each. */
#pragma once
#include "engine.h"

/* Puts in line what is to be done, asked for by @by; @of_user: other than root.  Calls @done once, maybe at once, with
 * the results of the interface text, which then belong to it. */
void reload_start(struct engine *g, const char *by, bool of_user, void (*done)(void *arg, struct json_object *results), void *arg);
