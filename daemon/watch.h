/* SPDX-License-Identifier: MIT */
/* watch.h - connects to the event loop what reports changes: netlink, the directory of
 * names, mounts, and the clock of the audit. */
#pragma once
#include "engine/reconcile.h"
#include <systemd/sd-event.h>

struct watch;

enum { AUDIT_SECONDS = 60 };

/* From now on calls @work with @arg whenever the engine has something to do. */
int watch_new(struct watch **ret, sd_event *event, struct env *env, unsigned audit_seconds, void (*work)(void *arg),
	      void *arg, struct err *e);
/* After a turn of the engine: what it has changed is watched from now on. */
void watch_turn(struct watch *w);
void watch_free(struct watch *w);
