/* SPDX-License-Identifier: MIT */
/* sandbox_extra.c - what setup scripts need beyond files to read: an /etc/netns to write to, and sudo, which would
 * refuse to work in the sandbox, where they are root already. */
#include "sandbox.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* Where the layers of an overlay are: in a mount that is gone from here when the overlay has it. */
#define STAGE "/run/.stage"
#define ABOVE STAGE "/above"
#define BELOW STAGE "/below"

static const char shim[] =
	"#!/bin/sh\n"
	"# sudo and doas in netnsctl record: this is root already.\n"
	"while [ $# -gt 0 ]; do\n"
	"	case $1 in\n"
	"	--) shift; break ;;\n"
	"	--*=*) shift ;;\n"
	"	--user|--group|--host|--prompt|--chdir|--chroot|-[ughpCDRrTt]) shift; [ $# -eq 0 ] || shift ;;\n"
	"	-v|-k|-K|--validate|--reset-timestamp) [ $# -gt 1 ] || exit 0; shift ;;\n"
	"	-*) shift ;;\n"
	"	[!=/]*=*) export \"$1\"; shift ;;\n"
	"	*) break ;;\n"
	"	esac\n"
	"done\n"
	"[ $# -gt 0 ] || exec /bin/sh\n"
	"exec \"$@\"\n";

int sandbox_overlay(const char *path, int tree, const char *dir)
{
	int r = 0;

	mkdir(STAGE, 0755);
	if (mount("tmpfs", STAGE, "tmpfs", 0, "mode=0755") < 0)
		return -errno;
	mkdir(ABOVE, 0755);
	mkdir(BELOW, 0755);
	if (dir) {
		char empty[PATH_MAX];

		snprintf(empty, sizeof(empty), ABOVE "/%s", dir);
		mkdir(empty, 0755);
	}
	if (move_mount(tree, "", AT_FDCWD, BELOW, MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    mount("overlay", path, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, "lowerdir=" ABOVE ":" BELOW) < 0)
		r = !dir && move_mount(AT_FDCWD, BELOW, AT_FDCWD, path, 0) == 0 ? 0 : -errno;
	umount2(STAGE, MNT_DETACH);
	rmdir(STAGE);
	return r;
}

/* Without it the command cannot have resolvers for its namespaces, and nothing else is missing: no failure. */
static void etc_netns_mount(void)
{
	struct stat st;

	if (stat("/etc/netns", &st) < 0) {
		_cleanup_(closep) int etc =
			open_tree(AT_FDCWD, "/etc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

		if (etc < 0 || sandbox_overlay("/etc", etc, "netns") < 0)
			return;
	}
	mount("tmpfs", "/etc/netns", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755" SANDBOX_ROOM);
}

static void shim_write(const char *path)
{
	_cleanup_(closep) int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

	/* Whatever the umask says. */
	if (fd >= 0 && fchmod(fd, 0755) == 0 && write(fd, shim, sizeof(shim) - 1) < 0)
		unlink(path);
}

/* Ours are also over those that are installed, for who calls them by their path. */
static void sudo_mount(void)
{
	static const char *const programs[] = { "/usr/bin/sudo", "/usr/local/bin/sudo", "/usr/bin/doas",
						"/usr/local/bin/doas" };

	mkdir(SANDBOX_SHIMS, 0755);
	shim_write(SANDBOX_SHIMS "/sudo");
	shim_write(SANDBOX_SHIMS "/doas");
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		char path[PATH_MAX];

		if (realpath(programs[i], path))
			mount(SANDBOX_SHIMS "/sudo", path, NULL, MS_BIND, NULL);
	}
}

void sandbox_extra(void)
{
	etc_netns_mount();
	sudo_mount();
}
