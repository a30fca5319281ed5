/* SPDX-License-Identifier: MIT */
/* netns_users.c - finds processes by their namespace in /proc. */
#include "netns_users.h"
#include "process.h"
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

struct leaving {
	ino_t inode;
	const char *name;
};

static int leaving_cmp(const void *a, const void *b)
{
	const struct leaving *x = a, *y = b;

	return x->inode < y->inode ? -1 : x->inode > y->inode;
}

/* Identifies the namespace of a task: /proc/PID/ns/net would, but only for those who may
 * trace the task.  This is a directory of the namespace's own, and readable for
 * everybody. */
static int inode_of(const char *task, ino_t *ret)
{
	char path[sizeof("/proc//net/stat") + NAME_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/net/stat", task);
	if (stat(path, &st) < 0)
		return -errno;
	*ret = st.st_ino;
	return 0;
}

static int inode_inside(const struct netns *ns, ino_t *ret)
{
	struct err e;
	_cleanup_(netns_leavep) int entered = netns_enter(ns, &e);

	return entered < 0 ? entered : inode_of("thread-self", ret);
}

size_t netns_users_find(const struct netns_set *set, bool (*asked)(const struct netns *ns, const void *arg),
			const void *arg, struct netns_user **ret)
{
	_cleanup_(freep) struct leaving *leaving = must(calloc(set->n + 1, sizeof(*leaving)));
	struct netns_user *found = NULL;
	size_t n_leaving = 0, n = 0;
	DIR *proc;

	*ret = NULL;
	for (size_t i = 0; i < set->n; i++)
		if (asked(&set->v[i], arg) && inode_inside(&set->v[i], &leaving[n_leaving].inode) == 0)
			leaving[n_leaving++].name = set->v[i].name;
	proc = n_leaving ? opendir("/proc") : NULL;
	if (!proc)
		return 0;
	qsort(leaving, n_leaving, sizeof(*leaving), leaving_cmp);
	for (struct dirent *d; n < USERS_MAX && (d = readdir(proc));) {
		struct leaving key = { 0 }, *in;
		int pid = atoi(d->d_name);

		if (pid <= 0 || inode_of(d->d_name, &key.inode) < 0)
			continue;
		in = bsearch(&key, leaving, n_leaving, sizeof(key), leaving_cmp);
		if (!in)
			continue;
		if (n % 16 == 0)
			found = must(realloc(found, (n + 16) * sizeof(*found)));
		snprintf(found[n].netns, sizeof(found[n].netns), "%s", in->name);
		found[n].pid = pid;
		process_command(pid, found[n].command, sizeof(found[n].command));
		n++;
	}
	closedir(proc);
	*ret = found;
	return n;
}
