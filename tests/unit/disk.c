/* SPDX-License-Identifier: MIT */
/* disk.c - a temporary directory, and the wrapped calls. */
#include "disk.h"
#include "base/arena.h"
#include "store/lock.h"
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

static struct {
	unsigned calls, at, count;
	int error;
	size_t most;
	ino_t inode;
	uid_t uid;
	uint64_t usec;
	bool stopped;
	struct arena paths;
} disk;

void disk_fail(unsigned calls, unsigned at, int error)
{
	disk.calls = calls;
	disk.at = at;
	disk.error = error;
	disk.count = 0;
}

unsigned disk_calls(void)
{
	return disk.count;
}

void disk_short(size_t most)
{
	disk.most = most;
}

void disk_owner(ino_t inode, uid_t uid)
{
	disk.inode = inode;
	disk.uid = uid;
}

void disk_time(uint64_t usec)
{
	disk.usec += usec;
}

void disk_stop_time(uint64_t usec)
{
	disk.stopped = true;
	disk.usec = usec;
}

static bool fails(enum disk_call call)
{
	if (!(disk.calls & call) || ++disk.count != disk.at)
		return false;
	errno = disk.error;
	return true;
}

static size_t at_once(size_t size)
{
	return disk.most && size > disk.most ? disk.most : size;
}

/* With 64-bit file sizes the C library has other names for some of them, and the names of the machine's build are
 * used. */
#define WRAP(type, name, params)   \
	type __real_##name params; \
	type __wrap_##name params; \
	type __wrap_##name params

WRAP(int, openat, (int dir, const char *path, int flags, mode_t mode))
{
	return fails(DISK_OPENAT) ? -1 : __real_openat(dir, path, flags, mode);
}

WRAP(int, openat64, (int dir, const char *path, int flags, mode_t mode))
{
	return fails(DISK_OPENAT) ? -1 : __real_openat64(dir, path, flags, mode);
}

WRAP(ssize_t, read, (int fd, void *to, size_t size))
{
	return fails(DISK_READ) ? -1 : __real_read(fd, to, at_once(size));
}

WRAP(ssize_t, write, (int fd, const void *from, size_t size))
{
	return fails(DISK_WRITE) ? -1 : __real_write(fd, from, at_once(size));
}

WRAP(int, fsync, (int fd))
{
	return fails(DISK_FSYNC) ? -1 : __real_fsync(fd);
}

WRAP(int, renameat, (int from_dir, const char *from, int to_dir, const char *to))
{
	return fails(DISK_RENAMEAT) ? -1 : __real_renameat(from_dir, from, to_dir, to);
}

WRAP(int, unlinkat, (int dir, const char *path, int flags))
{
	return fails(DISK_UNLINKAT) ? -1 : __real_unlinkat(dir, path, flags);
}

static void disown(struct stat *st)
{
	if (disk.inode && st->st_ino == disk.inode)
		st->st_uid = disk.uid;
}

WRAP(int, fstat, (int fd, struct stat *st))
{
	int r = __real_fstat(fd, st);

	disown(st);
	return r;
}

WRAP(int, fstat64, (int fd, struct stat *st))
{
	int r = __real_fstat64(fd, st);

	disown(st);
	return r;
}

/* The lock of the network namespace belongs to the machine, not to a test. */
WRAP(int, lock_netns, (struct err * e _unused_))
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

WRAP(int, clock_gettime, (clockid_t clock, struct timespec *t))
{
	int r = __real_clock_gettime(clock, t);

	if (disk.stopped)
		*t = (struct timespec){ 0 };
	t->tv_sec += (time_t)(disk.usec / 1000000);
	t->tv_nsec += (long)(disk.usec % 1000000) * 1000;
	t->tv_sec += t->tv_nsec / 1000000000;
	t->tv_nsec %= 1000000000;
	return r;
}

const char *disk_path(const char *dir, const char *name)
{
	return arena_fmt(&disk.paths, "%s/%s", dir, name);
}

static int remove_one(const char *path, const struct stat *st _unused_, int what _unused_, struct FTW *at)
{
	return at->level ? remove(path) : 0;
}

void disk_clear(const char *dir)
{
	assert_int_equal(nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

int disk_setup(void **state)
{
	char *dir = must(strdup("/tmp/test-disk-XXXXXX"));

	disk = (typeof(disk)){ 0 };
	assert_non_null(mkdtemp(dir));
	*state = dir;
	return 0;
}

int disk_teardown(void **state)
{
	arena_done(&disk.paths);
	disk = (typeof(disk)){ 0 };
	disk_clear(*state);
	assert_int_equal(rmdir(*state), 0);
	free(*state);
	return 0;
}

void disk_write(const char *dir, const char *name, const void *text, size_t size)
{
	FILE *f = fopen(disk_path(dir, name), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

void disk_print(const char *dir, const char *name, const char *text)
{
	disk_write(dir, name, text, strlen(text));
}

char *disk_read(const char *dir, const char *name)
{
	_cleanup_(fclosep) FILE *f = fopen(disk_path(dir, name), "r");
	char *text = NULL;
	size_t room = 0;

	if (f && getdelim(&text, &room, EOF, f) < 0 && text)
		*text = '\0';
	return f ? text : NULL;
}

static int visible(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

const char *disk_list(const char *dir)
{
	static char text[4096];
	struct dirent **names;
	int n = scandir(dir, &names, visible, alphasort);
	size_t at = 0;

	assert_true(n >= 0);
	*text = '\0';
	for (int i = 0; i < n; i++) {
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", names[i]->d_name);
		assert_true(at < sizeof(text));
		free(names[i]);
	}
	free(names);
	return text;
}
