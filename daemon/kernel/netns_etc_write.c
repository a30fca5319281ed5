/* SPDX-License-Identifier: MIT */
/* netns_etc_write.c - writes and removes files in /etc/netns.  A new file is complete when it gets its name, and never
 * takes that of another.  A crash leaves nothing but what etc_clear removes, or an unfinished text after our line. */
#include "netns_etc.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

/* Directories that netnsd creates have the sticky bit, which means nothing where only root may write: they are removed
 * when they are empty, others are not. */
enum { DIR_OURS = S_ISVTX | 0755, TRIES = 3 };

/* What is not complete yet; no namespace of ours has such a name. */
#define TEMPORARY ".netnsd."

static void temporary_name(char ret[NAME_MAX + 1], const char *netns)
{
	snprintf(ret, NAME_MAX + 1, TEMPORARY "%s", netns);
}

static int refuse(int code, const char *netns, const char *file, struct err *e)
{
	return err_kernel(e, code, NULL, ETC_NETNS "/%s/%s", netns, file);
}

static int not_ours(const char *netns, const char *file, struct err *e)
{
	return err_set(e, EEXIST,
		       ETC_NETNS
		       "/%s/%s already exists, netnsd did not write it, and leaves it alone; move it away, or "
		       "take its contents into the topology and remove it",
		       netns, file);
}

/* Either something has the name, or that of our directory, which clear() could not remove. */
static int exists(int top, const char *netns, const char *file, struct err *e)
{
	char temporary[NAME_MAX + 1];

	temporary_name(temporary, netns);
	if (faccessat(top, temporary, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return not_ours(netns, file, e);
	return err_set(e, EEXIST, ETC_NETNS "/%s is where new files are written, and cannot be removed; move it away",
		       temporary);
}

/* Removes the files in @dir, which is one of ours; it has no directories. */
static void empty(int dir)
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0)
		close(fd);
	for (const struct dirent *one; d && (one = readdir(d));)
		if (strcmp(one->d_name, ".") && strcmp(one->d_name, ".."))
			unlinkat(dir, one->d_name, 0);
	if (d)
		closedir(d);
}

static void clear(int top, const char *netns)
{
	char temporary[NAME_MAX + 1];

	temporary_name(temporary, netns);
	for (int tries = 0; tries < TRIES && faccessat(top, temporary, F_OK, AT_SYMLINK_NOFOLLOW) == 0; tries++) {
		_cleanup_(closep) int dir = openat(top, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (dir >= 0)
			empty(dir);
		unlinkat(top, temporary, AT_REMOVEDIR);
	}
}

/* It seems so where it cannot be read: the kernel removes no other. */
static bool is_empty(int dir)
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	bool found = false;

	if (!d && fd >= 0)
		close(fd);
	for (const struct dirent *one; d && !found && (one = readdir(d));)
		found = strcmp(one->d_name, ".") && strcmp(one->d_name, "..");
	if (d)
		closedir(d);
	return !found;
}

/* Removes the directory if it is ours, and empty. */
static void remove_dir(int top, int dir, const char *netns)
{
	struct stat st;

	if (fstat(dir, &st) < 0 || (st.st_mode & 07777) != DIR_OURS || !is_empty(dir))
		return;
	for (int tries = 0; tries < TRIES && unlinkat(top, netns, AT_REMOVEDIR) < 0 && errno != ENOENT; tries++)
		;
}

static void clear_netns(int top, const char *netns)
{
	_cleanup_(closep) int dir = openat(top, netns, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	clear(top, netns);
	/* Others may have removed our files. */
	if (dir >= 0)
		remove_dir(top, dir, netns);
}

void etc_clear(const struct netns_set *set)
{
	DIR *d = opendir(ETC_NETNS);
	size_t n = strlen(TEMPORARY);

	/* Looking each namespace up would take longer than all that a change of one address does. */
	for (const struct dirent *one; d && (one = readdir(d));) {
		const struct netns *ns = netns_find(set, one->d_name + (strncmp(one->d_name, TEMPORARY, n) ? 0 : n));

		if (ns)
			clear_netns(dirfd(d), ns->name);
	}
	if (d)
		closedir(d);
}

/* Never onto what exists; some file systems cannot promise that. */
static int move(int from, const char *old, int to, const char *new)
{
	if (renameat2(from, old, to, new, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	if (faccessat(to, new, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	return renameat(from, old, to, new) < 0 ? -errno : 0;
}

static int write_all(int fd, const char *text, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t n = pwrite(fd, text + at, size - at, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Synced before it gets its name: after a power failure an empty file would be taken for one of others. */
static int create_at(int dir, const char *file, const char *line, const char *text, unsigned mode)
{
	_cleanup_(closep) int fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	_cleanup_(freep) char *all = NULL;
	int r;

	if (fd < 0 || asprintf(&all, "%s%s", line, text) < 0)
		return fd < 0 ? -errno : -ENOMEM;
	r = write_all(fd, all, strlen(all));
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	return r;
}

static int top_open(struct err *e)
{
	int top;

	if (mkdir(ETC_NETNS, 0755) < 0 && errno != EEXIST)
		return err_kernel(e, errno, NULL, ETC_NETNS);
	top = open(ETC_NETNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return top < 0 ? err_kernel(e, errno, NULL, ETC_NETNS) : top;
}

/* In a directory of its own, which becomes that of the namespace if it has none (@dir < 0). */
static int create_in(int top, int dir, const char *netns, const char *file, const char *line, const char *text,
		     unsigned mode)
{
	_cleanup_(closep) int own = -1;
	char temporary[NAME_MAX + 1];
	int r;

	temporary_name(temporary, netns);
	clear(top, netns);
	if (mkdirat(top, temporary, DIR_OURS) < 0)
		return -errno;
	own = openat(top, temporary, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = own < 0 ? -errno : create_at(own, file, line, text, mode);
	if (r == 0)
		r = dir < 0 ? move(top, temporary, top, netns) : move(own, file, dir, file);
	clear(top, netns);
	return r;
}

static int create(const char *netns, const char *file, const char *topology, const char *text, unsigned mode,
		  struct err *e)
{
	_cleanup_(closep) int top = top_open(e), old_top = -1, dir = -1;
	struct etc_file f = { 0 };
	char line[ETC_LINE_MAX];
	int r;

	if (top < 0)
		return top;
	dir = etc_open_dir(netns, &old_top, &f, e);
	if (dir < 0 && dir != -ENOENT)
		return dir;
	if (f.state == ETC_STRANGE)
		return err_set(e, EEXIST, "%s, and netnsd leaves it alone; move it away", f.why);
	etc_line(line, topology);
	r = create_in(top, dir, netns, file, line, text, mode);
	return r == -EEXIST ? exists(top, netns, file, e) : r < 0 ? refuse(-r, netns, file, e) : 0;
}

/* Replaces the text after our line.  Until it is cut, what the old one had more is empty lines. */
static int overwrite(int fd, size_t line, const char *text, size_t old_size)
{
	size_t n = strlen(text), size = line + n;
	_cleanup_(freep) char *all = NULL;
	int r;

	if (old_size > line + ETC_FILE_MAX && ftruncate(fd, (off_t)(line + ETC_FILE_MAX)) == 0)
		old_size = line + ETC_FILE_MAX;
	/* A full disk is noticed before anything has changed. */
	if (size > old_size && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size) < 0 && errno != EOPNOTSUPP &&
	    errno != ENOSYS && errno != EINVAL)
		return -errno;
	if (old_size < size)
		old_size = size;
	all = must(malloc(old_size));
	memset(all, '\n', old_size);
	if (pread(fd, all, line, 0) != (ssize_t)line)
		return -EIO;
	for (size_t i = 0; i < n; i++)
		all[line + i] = text[i];
	r = write_all(fd, all, old_size);
	if (r == 0 && ftruncate(fd, (off_t)size) < 0)
		r = -errno;
	return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

/* Opens a file of ours; -ENOENT: there is none; -EEXIST: it is of others. */
static int ours_open(const char *netns, const char *file, const char *topology, int *ret_top, int *ret_dir,
		     struct stat *st, size_t *ret_line, struct err *e)
{
	_cleanup_(closep) int top = -1, dir = -1, fd = -1;
	struct etc_file f = { 0 };
	char text[ETC_LINE_MAX], name[65];
	ssize_t n;

	*ret_top = *ret_dir = -1;
	dir = etc_open_dir(netns, &top, &f, e);
	fd = dir < 0 ? dir : etc_open_file(dir, netns, file, O_RDWR, &f, st, e);
	if (f.state == ETC_STRANGE)
		return not_ours(netns, file, e);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	*ret_top = take_fd(&top);
	*ret_dir = take_fd(&dir);
	if (fd < 0)
		return err_set(e, ENOENT, ETC_NETNS "/%s/%s does not exist", netns, file);
	n = etc_read_text(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	*ret_line = etc_line_read(text, name);
	if (topology && (!*ret_line || strcmp(name, topology)))
		return not_ours(netns, file, e);
	return take_fd(&fd);
}

static bool has_text(int fd, size_t line, const char *text, const struct stat *st)
{
	size_t n = strlen(text);
	_cleanup_(freep) char *have = must(malloc(line + n + 1));

	return (size_t)st->st_size == line + n && etc_read_text(fd, have, line + n) == (ssize_t)(line + n) &&
	       !memcmp(have + line, text, n);
}

int etc_write(const char *netns, const char *file, const char *topology, const char *text, unsigned mode, struct err *e)
{
	_cleanup_(closep) int top = -1, dir = -1, fd = -1;
	struct stat st;
	size_t line;
	int r;

	fd = ours_open(netns, file, topology, &top, &dir, &st, &line, e);
	if (fd == -ENOENT)
		return create(netns, file, topology, text, mode, e);
	if (fd < 0)
		return fd;
	r = has_text(fd, line, text, &st) ? 0 : overwrite(fd, line, text, (size_t)st.st_size);
	if (r == 0 && (st.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
		r = -errno;
	return r < 0 ? refuse(-r, netns, file, e) : 0;
}

int etc_remove(const char *netns, const char *file, const char *topology, struct err *e)
{
	_cleanup_(closep) int top = -1, dir = -1, fd = -1;
	struct stat st;
	size_t line;

	fd = ours_open(netns, file, topology, &top, &dir, &st, &line, e);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd >= 0 && unlinkat(dir, file, 0) < 0 && errno != ENOENT)
		return refuse(errno, netns, file, e);
	if (dir >= 0)
		remove_dir(top, dir, netns);
	return 0;
}

int etc_mark(const char *netns, const char *file, const char *from, const char *to, struct err *e)
{
	_cleanup_(closep) int top = -1, dir = -1, fd = -1;
	_cleanup_(freep) char *text = must(malloc(2 * ETC_LINE_MAX + ETC_FILE_MAX));
	struct stat st;
	size_t line, n;
	ssize_t got;
	int r;

	fd = ours_open(netns, file, from, &top, &dir, &st, &line, e);
	if (fd < 0 || (!from && line))
		return fd < 0 ? fd : 0;
	got = st.st_size > (off_t)(line + ETC_FILE_MAX)
		      ? -1
		      : etc_read_text(fd, text + ETC_LINE_MAX, ETC_LINE_MAX + ETC_FILE_MAX - 1);
	if (got < 0)
		return err_set(e, EFBIG, ETC_NETNS "/%s/%s is longer than %d bytes", netns, file, ETC_FILE_MAX);
	if (to)
		etc_line(text, to);
	n = to ? strlen(text) : 0;
	memmove(text + n, text + ETC_LINE_MAX + line, (size_t)got - line);
	text[n + (size_t)got - line] = '\0';
	r = overwrite(fd, 0, text, (size_t)st.st_size);
	return r < 0 ? refuse(-r, netns, file, e) : 0;
}
