/* SPDX-License-Identifier: MIT */
/* netns_held.c - each namespace is bound once more, in a file system of the change's own, so
 * that one call lets go of all of them. */
#include "netns.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { PATH_SIZE = 768 };

static void held_path(char path[PATH_SIZE], const struct netns_set *set, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", set->held, name);
}

static int held_prepare(struct netns_set *set, struct err *e)
{
	held_release(set->held);
	if (mkdir(set->held, 0700) < 0 && errno != EEXIST)
		return err_kernel(e, errno, NULL, "%s", set->held);
	if (mount("netnsd", set->held, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return err_kernel(e, errno, NULL, "a file system at %s, which keeps what leaves until all is done", set->held);
	set->holding = true;
	return 0;
}

int held_add(struct netns_set *set, const struct netns *ns, struct err *e)
{
	char path[PATH_SIZE], source[64];

	if (!set->holding && held_prepare(set, e) < 0)
		return e->code;
	held_path(path, set, ns->name);
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0400);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", ns->fd);
	if (fd < 0 || mount(source, path, "none", MS_BIND, NULL) < 0)
		return err_kernel(e, errno, NULL, "keeping the namespace at %s until all is done", path);
	return 0;
}

void held_find(struct netns_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct netns *ns = &set->v[i];
		char path[PATH_SIZE];

		if (ns->state != NETNS_ABSENT && ns->state != NETNS_REMAINS)
			continue;
		held_path(path, set, ns->name);
		_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || !netns_is(fd))
			continue;
		ns->remains = ns->state == NETNS_REMAINS;
		ns->state = NETNS_LOST;
		ns->fd = take_fd(&fd);
		set->holding = true;
	}
}

void held_release(const char *path)
{
	/* A crash may have left one below another. */
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	rmdir(path);
}
