/* SPDX-License-Identifier: MIT */
/* event_file.c - appends lines to a file that is rotated when it is full.  Nothing here may
 * delay or fail a topology: no fsync, and problems are only logged. */
#include "event_file.h"
#include "base/log.h"
#include "base/trust.h"
#include <fcntl.h>
#include <sys/stat.h>

static const char name[] = "log", name_old[] = "log.old";

/* Lines of several files, one after the other. */
struct lines {
	char *text;
	size_t size;
};

static int file_open(int dir, const char *path, int flags)
{
	int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	struct stat st;
	struct err e;

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || trust_check(&st, &e) < 0)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

/* At the start: a file that is not netnsd's is not read, and is replaced. */
static int file_find(const struct event_file *f, const char *dir, const char *path, int flags)
{
	int fd = file_open(f->dir, path, flags);

	if (fd < 0 && errno != ENOENT)
		log_warning("%s/%s is not a file of netnsd's own (%s): past events are not read from it; remove it",
			    dir, path, strerror(errno));
	return fd;
}

/* Adds the whole lines of @fd to @l; returns how many bytes they are.  A file that is too
 * long is not ours: it is rotated unread. */
static size_t lines_read(struct lines *l, int fd)
{
	size_t n = 0, size;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	size = (size_t)st.st_size;
	if (size > 2 * EVENT_FILE_MAX)
		return size;
	l->text = must(realloc(l->text, l->size + size + 1));
	for (ssize_t got; n < size && (got = pread(fd, l->text + l->size + n, size - n, (off_t)n)) > 0;)
		n += (size_t)got;
	while (n && l->text[l->size + n - 1] != '\n')
		n--;
	l->size += n;
	return n;
}

/* Where the last @max lines begin. */
static size_t lines_last(const struct lines *l, size_t max)
{
	size_t at = l->size;

	while (at && max) {
		for (at--; at && l->text[at - 1] != '\n';)
			at--;
		max--;
	}
	return at;
}

/* Cuts off a half line after the last whole one; if that fails, the next line overwrites it. */
static void event_file_cut(const struct event_file *f)
{
	if (f->fd >= 0 && ftruncate(f->fd, (off_t)f->size) < 0)
		log_debug("cutting off the rest of %s: %s", name, strerror(errno));
}

void event_file_open(struct event_file *f, const char *dir, size_t max, void (*each)(void *arg, const char *line),
		     void *arg)
{
	struct lines l = { 0 };

	*f = (struct event_file){ .dir = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), .fd = -1 };
	if (f->dir < 0) {
		log_warning("%s: %s; past events are lost, and new events are not saved", dir, strerror(errno));
		return;
	}
	_cleanup_(closep) int old = file_find(f, dir, name_old, O_RDONLY);
	f->fd = file_find(f, dir, name, O_RDWR | O_CREAT);
	lines_read(&l, old);
	f->size = lines_read(&l, f->fd);
	event_file_cut(f);
	for (size_t at = lines_last(&l, max), n; at < l.size; at += n + 1) {
		n = (size_t)((char *)memchr(l.text + at, '\n', l.size - at) - (l.text + at));
		l.text[at + n] = '\0';
		each(arg, l.text + at);
	}
	free(l.text);
}

/* Rotates the file; the older one is deleted. */
static int file_turn(struct event_file *f)
{
	closep(&f->fd);
	f->size = 0;
	if (renameat(f->dir, name, f->dir, name_old) < 0 && errno != ENOENT)
		return -1;
	f->fd = file_open(f->dir, name, O_RDWR | O_CREAT | O_TRUNC);
	return f->fd;
}

/* Returns 0, or the errno; then nothing of the line is left. */
static int line_write(struct event_file *f, const char *line, size_t n)
{
	ssize_t written;
	int code;

	if ((f->fd < 0 || f->size + n > EVENT_FILE_MAX) && file_turn(f) < 0)
		return errno;
	written = pwrite(f->fd, line, n, (off_t)f->size);
	if (written == (ssize_t)n) {
		f->size += n;
		return 0;
	}
	code = written < 0 ? errno : ENOSPC;
	event_file_cut(f);
	return code;
}

void event_file_append(struct event_file *f, const char *line)
{
	_cleanup_(freep) char *text = NULL;
	int n = asprintf(&text, "%s\n", line), code;

	if (n < 0)
		abort();
	code = line_write(f, text, (size_t)n);
	if (code && !f->failing)
		log_warning("new events will not survive a restart, until the run directory can be written: %s",
			    strerror(code));
	f->failing = code;
}

void event_file_clear(struct event_file *f)
{
	f->size = 0;
	event_file_cut(f);
	if (unlinkat(f->dir, name_old, 0) < 0 && errno != ENOENT)
		log_debug("%s: %s", name_old, strerror(errno));
}

void event_file_close(struct event_file *f)
{
	closep(&f->fd);
	closep(&f->dir);
	f->fd = f->dir = -1;
}
