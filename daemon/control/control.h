/* SPDX-License-Identifier: MIT */
/* control.h - the control socket: who is let in, how many, and what they may. */
#pragma once
#include "service.h"

struct control;

struct control_options {
	struct interface interface;
	/* Besides root and the daemon's own user; GROUP_NONE for none. */
	gid_t read_group, change_group;
};
#define GROUP_NONE ((gid_t)-1)

/* Without a socket yet. */
int control_new(struct control **ret, sd_event *event, const struct control_options *options, struct err *e);
/* Ends all connections. */
void control_free(struct control *c);
/* Takes clients on the listening socket @fd, which becomes the control's. */
int control_listen(struct control *c, int fd, struct err *e);
/* After each turn of the loop: lets users other than root have their share of it. */
void control_turn(struct control *c, bool working);
/* Takes no further clients and calls; those at work are still answered. */
void control_drain(struct control *c);

/* The same for a socket whose node stands where that of another did; in the end the other is let go. */
int control_listen_anew(struct control *c, int fd, struct err *e);
/* Whether a socket could be made at @path: nothing is there, or a socket that nobody listens at. */
int control_may_bind(const char *path, struct err *e);
/* A listening socket at @path, for root and @group (or GROUP_NONE).  One that nobody
 * listens at any more is replaced; -EADDRINUSE: somebody does. */
int control_bind(const char *path, gid_t group, struct err *e);
