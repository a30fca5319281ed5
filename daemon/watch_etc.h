/* SPDX-License-Identifier: MIT */
/* watch_etc.h - notices changes of the files in /etc/netns that topologies declare; the audit finds the rest. */
#pragma once
#include "heal/watched.h"
#include <systemd/sd-event.h>

struct watch_etc {
	struct env *env;
	sd_event *event;
	void (*work)(void *arg);
	void *arg;
	int fd; /* inotify; -1: none */
	sd_event_source *source;
	int top; /* the watch of /etc/netns; -1: none */
	struct watch_etc_dir *dirs;
	size_t n;
	bool told; /* that some are not watched */
};

void watch_etc_init(struct watch_etc *w, sd_event *event, struct env *env, void (*work)(void *arg), void *arg);
void watch_etc_done(struct watch_etc *w);
/* Watches the directories of the namespaces whose files are declared now, and of no others. */
void watch_etc_renew(struct watch_etc *w);
