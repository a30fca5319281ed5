/* SPDX-License-Identifier: MIT */
/* netns_users.h - the processes in a namespace that is removed, or that somebody deleted. */
#pragma once
#include "netns.h"

/* A process in it. */
struct netns_user {
	char netns[65];
	int pid;
	char command[32];
};

enum { USERS_MAX = 1000 };

/* Finds the processes in those namespaces of @set that are @asked for; the caller frees the array. */
size_t netns_users_find(const struct netns_set *set, bool (*asked)(const struct netns *ns, const void *arg),
			const void *arg, struct netns_user **ret);
