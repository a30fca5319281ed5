/* SPDX-License-Identifier: MIT */
/* notify.h - tells the service manager about netnsd: ready, busy, and its status text. */
#pragma once
#include "base/err.h"
#include "store/event.h"
#include <systemd/sd-event.h>

struct notify {
	struct subscriber subscriber; /* first: what told is given */
	struct engine *engine;
	bool ready, stopping;
	unsigned reloads;   /* running */
	bool dirty;         /* something has happened since the status was sent */
	uint64_t said_usec; /* CLOCK_MONOTONIC: when the status was made last */
	char words[512];
	uint64_t watchdog_usec;
};

void notify_init(struct notify *n, struct engine *g);
/* Feeds the watchdog of the service manager, if there is one, from @event. */
int notify_watchdog(struct notify *n, sd_event *event, struct err *e);
/* Called after each turn of the loop: sends what has changed; @working: the next turn comes at once. */
void notify_turn(struct notify *n, bool working);
/* A reload begins, or has ended. */
void notify_reloading(struct notify *n, bool on);
void notify_stopping(struct notify *n);
/* Asks for more time, while the service manager counts it and netnsd is busy. */
void notify_alive(void);
