/* SPDX-License-Identifier: MIT */
/* control.h - the control socket: who may connect, how many, and with which permissions. */
#pragma once
#include "service.h"

struct control;

struct control_options {
	struct interface interface;
	/* Besides root and the daemon's own user; GROUP_NONE for none. */
	gid_t read_group, change_group;
};
#define GROUP_NONE ((gid_t)-1)

/* Creates the control, without a socket. */
int control_new(struct control **ret, sd_event *event, const struct control_options *options, struct err *e);
/* Ends all connections. */
void control_free(struct control *c);
/* Accepts clients on the listening socket @fd, which the control then owns. */
int control_listen(struct control *c, int fd, struct err *e);
/* Called after each turn of the loop: gives users other than root their share of it. */
void control_turn(struct control *c, bool working);
/* Accepts no further clients and calls; running calls are still answered. */
void control_drain(struct control *c);

/* The same for a socket that has replaced the node of another one, which is closed in the end. */
int control_listen_again(struct control *c, int fd, struct err *e);
/* Whether a socket can be made at @path: it is free, or has a socket that nobody listens on. */
int control_may_bind(const char *path, struct err *e);
/* Creates a listening socket at @path, for root and @group (or GROUP_NONE).  An abandoned
 * one is replaced; -EADDRINUSE: somebody listens. */
int control_bind(const char *path, gid_t group, struct err *e);
