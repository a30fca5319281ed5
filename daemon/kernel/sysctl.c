/* SPDX-License-Identifier: MIT */
/* sysctl.c - reads and writes keys below /proc/sys/net.  The kernel chains what all
 * namespaces have there under one name, so that with a thousand of them each path lookup
 * walks over a thousand: 80 us, against 5 in a proc file system that has seen few.  So
 * each thread has one of its own, which nobody sees, and often a new one. */
#include "sysctl.h"
#include <fcntl.h>
#include <sys/mount.h>

enum { PATH_SIZE = 512, USES_MAX = 64, VALUE_SIZE = 4096 };

static __thread int proc_fd = -1;
static __thread unsigned proc_uses;

/* Linux 5.2, fsopen(2). */
static int proc_mount(void)
{
	_cleanup_(closep) int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return fsmount(fs, FSMOUNT_CLOEXEC, 0);
}

/* Falls back to the machine's own where it is not permitted, as in some containers. */
static int proc_dir(void)
{
	if (proc_fd >= 0 && proc_uses++ < USES_MAX)
		return proc_fd;
	sysctl_end();
	proc_fd = proc_mount();
	if (proc_fd < 0)
		proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return proc_fd;
}

void sysctl_end(void)
{
	closep(&proc_fd);
	proc_fd = -1;
	proc_uses = 0;
}

static int key_open(const char *path, int flags)
{
	char file[PATH_SIZE];

	snprintf(file, sizeof(file), "sys/%s", path);
	return openat(proc_dir(), file, flags | O_CLOEXEC);
}

int sysctl_dir(const char *path, struct err *e)
{
	int fd = key_open(path, O_PATH | O_DIRECTORY);

	return fd < 0 ? err_kernel(e, errno, NULL, "%s", path) : fd;
}

/* With a newline, as echo(1) writes it: a list can only be emptied by one. */
static int value_write(int fd, const char *path, const char *value, struct err *e)
{
	char line[VALUE_SIZE];
	int n = snprintf(line, sizeof(line), "%s\n", value);

	if ((size_t)n >= sizeof(line))
		return err_set(e, EMSGSIZE, "%s: a value of %d bytes is too long", path, n - 1);
	return fd < 0 || write(fd, line, (size_t)n) < 0 ? err_kernel(e, errno, NULL, "%s = %s", path, value) : 0;
}

int sysctl_write_at(int dir, const char *path, const char *value, struct err *e)
{
	_cleanup_(closep) int fd = openat(dir, path, O_WRONLY | O_CLOEXEC);

	return value_write(fd, path, value, e);
}

int sysctl_write(const char *path, const char *value, struct err *e)
{
	_cleanup_(closep) int fd = key_open(path, O_WRONLY);

	return value_write(fd, path, value, e);
}

static int value_read(int fd, const char *path, char *ret, size_t size, struct err *e)
{
	ssize_t n = fd < 0 ? -1 : pread(fd, ret, size - 1, 0);

	if (n < 0)
		return err_kernel(e, errno, NULL, "%s", path);
	if ((size_t)n == size - 1)
		return err_set(e, EMSGSIZE, "%s is longer than %zu bytes", path, size - 1);
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

int sysctl_read(const char *path, char *ret, size_t size, struct err *e)
{
	_cleanup_(closep) int fd = key_open(path, O_RDONLY);

	return value_read(fd, path, ret, size, e);
}

uint64_t sysctl_number(const char *path)
{
	char text[32];
	struct err e;

	return sysctl_read(path, text, sizeof(text), &e) < 0 ? 0 : strtoull(text, NULL, 10);
}

int sysctl_set(const char *path, const char *value, char *ret, size_t size, struct err *e)
{
	_cleanup_(closep) int fd = key_open(path, O_RDWR);

	return value_write(fd, path, value, e) < 0 ? e->code : value_read(fd, path, ret, size, e);
}
