/* SPDX-License-Identifier: MIT */
/* node.h - the socket's node in the file system, which is made again when somebody has
 * removed it. */
#pragma once
#include "control.h"
#include <systemd/sd-event.h>

struct node;

/* Listens at @path, for root and @group, and looks from time to time whether the node is there. */
int node_new(struct node **ret, sd_event *event, struct control *c, const char *path, gid_t group, unsigned seconds,
	     struct err *e);
/* Makes the node again if it is gone; @n may be NULL. */
void node_check(struct node *n);
/* The node stays. */
void node_free(struct node *n);
