/* SPDX-License-Identifier: MIT */
/* node.h - the socket's node in the file system, which is recreated when somebody has removed it. */
#pragma once
#include "control.h"
#include <systemd/sd-event.h>

struct node;

/* Listens at @path, for root and @group, and checks from time to time that the node is there. */
int node_new(struct node **ret, sd_event *event, struct control *c, const char *path, gid_t group, unsigned seconds,
	     struct err *e);
/* Recreates the node if it is gone; @n may be NULL. */
void node_check(struct node *n);
/* Leaves the node in the file system. */
void node_free(struct node *n);
