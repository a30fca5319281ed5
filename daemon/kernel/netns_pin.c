/* SPDX-License-Identifier: MIT */
/* netns_pin.c - binds each namespace once more, in a file system of the change's own, so
 * that one call releases all of them. */
#include "netns.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { PATH_SIZE = 768, RELEASE_TRIES = 3 };

static void pins_path(char path[PATH_SIZE], const struct netns_set *set, const char *name)
{
	snprintf(path, PATH_SIZE, "%s/%s", set->pins, name);
}

static int netns_pin_prepare(struct netns_set *set, struct err *e)
{
	netns_pin_release(set->pins);
	if (mkdir(set->pins, 0700) < 0 && errno != EEXIST)
		return err_kernel(e, errno, NULL, "%s", set->pins);
	if (mount("netnsd", set->pins, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
		return err_kernel(e, errno, NULL,
				  "mounting a file system at %s, which pins removed namespaces "
				  "until the change is complete",
				  set->pins);
	set->holding = true;
	return 0;
}

int netns_pin_add(struct netns_set *set, const struct netns *ns, struct err *e)
{
	char path[PATH_SIZE], source[64];

	if (!set->holding && netns_pin_prepare(set, e) < 0)
		return e->code;
	pins_path(path, set, ns->name);
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0400);
	snprintf(source, sizeof(source), "/proc/self/fd/%d", ns->fd);
	if (fd < 0 || mount(source, path, "none", MS_BIND, NULL) < 0)
		return err_kernel(e, errno, NULL, "pinning the namespace at %s until the change is complete", path);
	return 0;
}

void netns_pin_find(struct netns_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct netns *ns = &set->v[i];
		char path[PATH_SIZE];

		if (ns->state != NETNS_ABSENT && ns->state != NETNS_PLACEHOLDER)
			continue;
		pins_path(path, set, ns->name);
		_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd < 0 || !netns_is(fd))
			continue;
		ns->placeholder = ns->state == NETNS_PLACEHOLDER;
		ns->state = NETNS_UNLINKED;
		ns->fd = take_fd(&fd);
		set->holding = true;
	}
}

void netns_pin_release(const char *path)
{
	unsigned refused = 0;

	/* A crash may have left one below another.  For want of memory the kernel refuses, and takes the next call. */
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0 || (errno == ENOMEM && refused++ < RELEASE_TRIES))
		;
	rmdir(path);
}
