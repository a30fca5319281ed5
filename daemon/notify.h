/* SPDX-License-Identifier: MIT */
/* notify.h - tells the service manager how netnsd is: ready, at work, and in words. */
#pragma once
#include "base/err.h"
#include "store/event.h"
#include <systemd/sd-event.h>

struct notify {
	struct subscriber subscriber;	/* first: what told is given */
	struct engine *engine;
	bool ready, stopping;
	unsigned reloads;		/* at work */
	bool dirty;			/* something has happened since the words were told */
	uint64_t said_usec;		/* CLOCK_MONOTONIC: when the words were made last */
	char words[512];
	uint64_t watchdog_usec;
};

void notify_init(struct notify *n, struct engine *g);
/* Feeds the watchdog of the service manager, if it has one, from @event. */
int notify_watchdog(struct notify *n, sd_event *event, struct err *e);
/* After each turn of the loop: says what has changed; @working: more is to be done at once. */
void notify_turn(struct notify *n, bool working);
/* A reload begins, or has ended. */
void notify_reloading(struct notify *n, bool on);
void notify_stopping(struct notify *n);
/* Asks for more time, while the service manager counts it and somebody is at work. */
void notify_alive(void);
/* What is known, in a few words: "3 topologies, 12 namespaces, 1 failed: lab". */
void notify_words(const struct engine *g, char *ret, size_t size);
