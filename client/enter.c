/* SPDX-License-Identifier: MIT */
/* enter.c - netnsctl exec and shell: runs a command in a namespace, with its own /sys and
 * /etc, as ip netns exec does. */
#include "ctl.h"
#include "enter.h"
#include "base/err.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#define NETNS_ETC "/etc/netns"

/* As a shell reports it: the command exists but cannot run, it does not exist. */
enum { EXIT_CANNOT_RUN = 126, EXIT_NOT_FOUND = 127 };

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int netns_open(const char *name, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	struct statfs fs;
	char path[PATH_MAX];

	/* Others may choose any name; here it only must not lead out of the directory. */
	if (!*name || strlen(name) > NAME_MAX || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return err_set(e, EINVAL, "\"%s\" cannot be the name of a file in " NETNS_DIR, name);
	snprintf(path, sizeof(path), NETNS_DIR "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ENOENT, "there is no namespace %s; ip netns lists all", name);
	if (fd < 0)
		return err_kernel(e, errno, NULL, "%s", path);
	if (fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC || ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return err_set(e, EINVAL, "%s is not a network namespace", path);
	return take_fd(&fd);
}

/* Mounts a /sys whose class/net shows the namespace we are in. */
static int sys_mount(struct err *e)
{
	unsigned long flags = 0;
	struct statvfs sys;

	/* If it is read-only, somebody wanted that. */
	if (statvfs("/sys", &sys) == 0 && sys.f_flag & ST_RDONLY)
		flags = MS_RDONLY;
	/* What cannot be unmounted is covered. */
	umount2("/sys", MNT_DETACH);
	if (mount("sysfs", "/sys", "sysfs", flags, NULL) < 0)
		return err_kernel(e, errno, NULL, "mounting /sys");
	return 0;
}

/* Mounts each file of /etc/netns/NAME over that of /etc.  A file that /etc does not have
 * cannot be, and is only mentioned. */
static void etc_mount(const char *name)
{
	_cleanup_(closedirp) DIR *dir = NULL;
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), NETNS_ETC "/%s", name);
	dir = opendir(from);
	for (const struct dirent *d; dir && (d = readdir(dir));) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		snprintf(from, sizeof(from), NETNS_ETC "/%s/%s", name, d->d_name);
		snprintf(to, sizeof(to), "/etc/%s", d->d_name);
		if (mount(from, to, NULL, MS_BIND, NULL) < 0)
			ctl_fail(EXIT_FAILED, "%s cannot be mounted over %s: %s", from, to, strerror(errno));
	}
}

static int netns_enter(const char *name, struct err *e)
{
	_cleanup_(closep) int fd = netns_open(name, e);
	int r;

	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWNET) < 0)
		return err_kernel(e, errno, NULL, "entering %s", name);
	if (unshare(CLONE_NEWNS) < 0)
		return err_kernel(e, errno, NULL, "creating a mount namespace for %s", name);
	/* What is mounted outside later is visible inside, but not the reverse. */
	if (mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return err_kernel(e, errno, NULL, "separating the mounts of %s", name);
	r = sys_mount(e);
	if (r < 0)
		return r;
	etc_mount(name);
	return 0;
}

/* Runs @argv in the namespace @name.  Returns an exit code if that fails. */
static int netns_exec(const char *name, char *const *argv)
{
	struct err e = {};
	int r = 0;

	/* The host is the namespace that netnsd runs in, and we as well. */
	if (strcmp(name, "host") != 0)
		r = netns_enter(name, &e);
	if (r == -EPERM || r == -EACCES)
		return ctl_fail(EXIT_NOT_PERMITTED, "%s; use sudo", e.text);
	if (r < 0)
		return ctl_fail(EXIT_FAILED, "%s", e.text);
	fflush(stdout);
	signal(SIGXFSZ, SIG_DFL);
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	execvp(argv[0], argv);
	r = errno;
	return ctl_fail(r == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN, "%s: %s", argv[0], strerror(r));
}

int command_exec(const struct ctl *c)
{
	/* Some people write "--" before a command. */
	bool dashes = c->n_args > 2 && !strcmp(c->args[1], "--");

	return netns_exec(c->args[0], c->args + (dashes ? 2 : 1));
}

int command_shell(const struct ctl *c)
{
	const char *shell = getenv("SHELL");
	char *argv[] = { must(strdup(shell && *shell ? shell : "/bin/sh")), NULL };
	int r;

	/* For a prompt that shows the namespace. */
	setenv("NETNS", c->args[0], true);
	r = netns_exec(c->args[0], argv);
	free(argv[0]);
	return r;
}
