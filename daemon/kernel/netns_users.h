/* SPDX-License-Identifier: MIT */
/* netns_users.h - who lives in a namespace that leaves, or that somebody deleted. */
#pragma once
#include "netns.h"

/* A process in it. */
struct netns_user {
	char netns[65];
	int pid;
	char command[32];
};

enum { LINGERERS_MAX = 1000 };

/* The processes in those namespaces of @set that are @asked for; the caller frees the array. */
size_t netns_users_find(const struct netns_set *set, bool (*asked)(const struct netns *ns), struct netns_user **ret);
/* What process @pid is called, "?" if it is gone. */
void process_command(int pid, char *ret, size_t size);
