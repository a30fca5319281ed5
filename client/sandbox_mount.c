/* SPDX-License-Identifier: MIT */
/* sandbox_mount.c - the files that a command in the sandbox sees: those of the machine, read-only, with empty
 * directories where services keep their sockets and people their files, and the current directory. */
#include "sandbox.h"
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* The devices that any program may use. */
static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty", "net/tun" };

static const struct {
	const char *name, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" }, { "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" }, { "/dev/ptmx", "pts/ptmx" },
};

enum { COVERS_MAX = 8 };

struct covers {
	char path[COVERS_MAX][PATH_MAX];
	size_t n;
};

static int mount_fail(struct err *e, const char *what)
{
	err_kernel(e, errno, NULL, "the sandbox cannot mount %s", what);
	sandbox_advise(e);
	return e->code;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

static bool is_covered(const struct covers *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (is_below(path, c->path[i]))
			return true;
	return false;
}

/* Makes the directory @path and those above it. */
static void make_dirs(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = path + 1; (p = strchr(p, '/')); p++) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		mkdir(part, 0755);
	}
	mkdir(path, 0755);
}

static int tmpfs_mount(const char *path, const char *options, struct err *e)
{
	if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) {
		char what[PATH_MAX + 32];

		snprintf(what, sizeof(what), "an empty %.200s", path);
		return mount_fail(e, what);
	}
	return 0;
}

/* Covers the directory with an empty one.  Where the machine has none, there is nothing to hide. */
static int cover(struct covers *c, const char *name, const char *options, struct err *e)
{
	char path[PATH_MAX];

	/* By its own name first: where /home is a link into /var, /var is covered by now. */
	if (!realpath(name, path)) {
		ssize_t n = readlink(name, path, sizeof(path) - 1);

		if (n > 0) {
			path[n] = '\0';
			if (is_covered(c, path))
				make_dirs(path);
		}
		return 0;
	}
	if (is_covered(c, path) || !strcmp(path, "/"))
		return 0;
	snprintf(c->path[c->n++], PATH_MAX, "%s", path);
	return tmpfs_mount(path, options, e);
}

/* ---- the current directory ---- */

/* Puts it back where it was covered. */
static int cwd_place(const char *cwd, int tree, struct err *e)
{
	make_dirs(cwd);
	if (sandbox_overlay(cwd, tree, NULL) < 0)
		return mount_fail(e, "the current directory");
	return 0;
}

/* ---- devices ---- */

static int devices_mount(struct err *e)
{
	int tree[ARRAY_SIZE(devices)], r;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		snprintf(path, sizeof(path), "/dev/%s", devices[i]);
		tree[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	}
	r = tmpfs_mount("/dev", "mode=0755" SANDBOX_ROOM, e);
	mkdir("/dev/net", 0755);
	mkdir("/dev/pts", 0755);
	mkdir("/dev/shm", 01777);
	chmod("/dev/shm", 01777);
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		int fd;

		if (tree[i] < 0)
			continue;
		snprintf(path, sizeof(path), "/dev/%s", devices[i]);
		fd = r < 0 ? -1 : open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd >= 0 && move_mount(tree[i], "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			r = mount_fail(e, path);
		closep(&fd);
		close(tree[i]);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(links); i++)
		if (symlink(links[i].target, links[i].name) < 0)
			r = err_kernel(e, errno, NULL, "%s of the sandbox", links[i].name);
	if (r == 0 &&
	    mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") < 0)
		r = mount_fail(e, "/dev/pts");
	return r;
}

int sandbox_mount_sys(struct err *e)
{
	unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount("sysfs", "/sys", "sysfs", flags, NULL) == 0)
		return 0;
	/* Where the machine's is read-only, this one has to be as well. */
	if (mount("sysfs", "/sys", "sysfs", flags | MS_RDONLY, NULL) == 0)
		return 0;
	return mount_fail(e, "a new /sys");
}

static int proc_mount(struct err *e)
{
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0)
		return 0;
	err_kernel(e, errno, NULL, "the sandbox cannot mount a new /proc");
	err_append(e,
		   "; in a container, parts of /proc are hidden, and the kernel then allows no other one: run netnsctl "
		   "outside, or start the container with --security-opt systempaths=unconfined");
	return e->code;
}

/* ---- all of it ---- */

static int covers_mount(struct covers *c, const char *home, struct err *e)
{
	static const struct {
		const char *path, *options;
	} rows[] = {
		{ "/var", "mode=0755" SANDBOX_ROOM },
		{ "/run", "mode=0755" SANDBOX_ROOM },
		{ "/tmp", "mode=1777" SANDBOX_ROOM },
		{ "/home", "mode=0755" SANDBOX_ROOM },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
		r = cover(c, rows[i].path, rows[i].options, e);
	if (r == 0 && home)
		r = cover(c, home, "mode=0700" SANDBOX_ROOM, e);
	/* As everywhere; ip(8) may be built to keep namespaces there. */
	if (symlink("/run", "/var/run") < 0 && errno != EEXIST)
		r = r < 0 ? r : err_kernel(e, errno, NULL, "/var/run of the sandbox");
	mkdir("/var/tmp", 01777);
	chmod("/var/tmp", 01777);
	return r;
}

int sandbox_mount(const struct sandbox_init *i, struct err *e)
{
	struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID };
	_cleanup_(closep) int cwd = -1;
	struct covers c = { .n = 0 };
	int r;

	if (mount("", "/", NULL, MS_PRIVATE | MS_REC, NULL) < 0)
		return mount_fail(e, "anything of its own");
	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) < 0)
		return mount_fail(e, "everything read-only");
	cwd = open_tree(AT_FDCWD, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	r = covers_mount(&c, i->home, e);
	if (r < 0)
		return r;
	/* Namespaces get their names there. */
	if (is_covered(&c, i->cwd) && strcmp(i->cwd, "/run") != 0 && !is_below(i->cwd, "/run/netns"))
		r = cwd_place(i->cwd, cwd, e);
	r = r < 0 ? r : devices_mount(e);
	r = r < 0 ? r : sandbox_sockets(i->sockets, e);
	r = r < 0 ? r : proc_mount(e);
	r = r < 0 ? r : sandbox_mount_sys(e);
	if (r == 0)
		sandbox_extra();
	return r;
}
