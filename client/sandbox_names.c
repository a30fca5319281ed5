/* SPDX-License-Identifier: MIT */
/* sandbox_names.c - names of namespaces that only the command sees: after "mount --make-rprivate /" nothing that it mounts
 * is visible elsewhere.  Its mounts outlive it, in a descriptor. */
#include "sandbox.h"
#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define NAMES "/run/netns"

static int mounts_here(void)
{
	return open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
}

int sandbox_mounts_begin(struct sandbox_mounts *m)
{
	*m = (struct sandbox_mounts){ .home = mounts_here(), .command = -1 };
	if (m->home < 0 || unshare(CLONE_NEWNS) < 0)
		return -errno;
	m->command = mounts_here();
	return m->command < 0 ? -errno : 0;
}

int sandbox_mounts_leave(const struct sandbox_mounts *m)
{
	return setns(m->home, CLONE_NEWNS) < 0 ? -errno : 0;
}

void sandbox_mounts_done(struct sandbox_mounts *m)
{
	closep(&m->home);
	closep(&m->command);
}

static bool is_namespace(int fd)
{
	struct statfs s;

	return fd >= 0 && fstatfs(fd, &s) == 0 && s.f_type == NSFS_MAGIC;
}

/* Whether the exporter sees the same. */
static bool is_visible(const char *path, int fd)
{
	_cleanup_(closep) int have = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct stat a, b;

	return is_namespace(have) && fstat(have, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static void name_give(const char *path, int fd)
{
	_cleanup_(closep) int file = -1;
	char from[64];

	if (is_visible(path, fd))
		return;
	mkdir(NAMES, 0755);
	file = open(path, O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0444);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	/* What is not visible is not told. */
	(void)!mount(from, path, NULL, MS_BIND, NULL);
}

void sandbox_names_give(const struct sandbox_mounts *m)
{
	DIR *d = setns(m->command, CLONE_NEWNS) == 0 ? opendir(NAMES) : NULL;

	for (struct dirent *one; d && (one = readdir(d));) {
		_cleanup_(closep) int fd = openat(dirfd(d), one->d_name, O_PATH | O_CLOEXEC | O_NOFOLLOW);
		char path[sizeof(NAMES) + sizeof(one->d_name)];

		snprintf(path, sizeof(path), NAMES "/%s", one->d_name);
		if (!is_namespace(fd) || setns(m->home, CLONE_NEWNS) < 0)
			continue;
		name_give(path, fd);
		if (setns(m->command, CLONE_NEWNS) < 0)
			break;
	}
	if (d)
		closedir(d);
	(void)!setns(m->home, CLONE_NEWNS);
}
