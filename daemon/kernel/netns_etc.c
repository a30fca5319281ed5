/* SPDX-License-Identifier: MIT */
/* netns_etc.c - reads and marks files in /etc/netns.  Others may put anything there: links are not followed, and
 * nothing but a regular file is opened. */
#include "netns_etc.h"
#include "base/utf8.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- our line ---- */

#define MARK_BEGIN "# Written by netnsd for topology "
#define MARK_END "; edit the topology, not this file\n"

void etc_line(char ret[ETC_LINE_MAX], const char *topology)
{
	snprintf(ret, ETC_LINE_MAX, MARK_BEGIN "%s" MARK_END, topology);
}

size_t etc_line_read(const char *text, char topology[65])
{
	const char *name = text + strlen(MARK_BEGIN);
	size_t n;

	if (strncmp(text, MARK_BEGIN, strlen(MARK_BEGIN)))
		return 0;
	n = strcspn(name, ";\n");
	if (n == 0 || n > 64 || strncmp(name + n, MARK_END, strlen(MARK_END)))
		return 0;
	snprintf(topology, 65, "%.*s", (int)n, name);
	return strlen(MARK_BEGIN) + n + strlen(MARK_END);
}

/* ---- opening ---- */

static const char *type_text(mode_t mode)
{
	return S_ISLNK(mode)    ? "a symbolic link"
	       : S_ISDIR(mode)  ? "a directory"
	       : S_ISFIFO(mode) ? "a FIFO"
	       : S_ISSOCK(mode) ? "a socket"
				: "a device";
}

int etc_open_dir(const char *netns, int *ret_top, struct etc_file *f, struct err *e)
{
	_cleanup_(closep) int top = open(ETC_NETNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int dir = top < 0 ? -1 : openat(top, netns, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	*ret_top = -1;
	if (top < 0 && errno != ENOENT)
		return err_kernel(e, errno, NULL, ETC_NETNS);
	if (dir < 0 && (errno == ELOOP || errno == ENOTDIR) && fstatat(top, netns, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		f->state = ETC_STRANGE;
		snprintf(f->why, sizeof(f->why), ETC_NETNS "/%s is %s, not a directory", netns,
			 S_ISREG(st.st_mode) ? "a file" : type_text(st.st_mode));
	} else if (dir < 0 && errno != ENOENT) {
		return err_kernel(e, errno, NULL, ETC_NETNS "/%s", netns);
	}
	/* Who owns a directory can put another file in the place of ours. */
	if (dir >= 0 && fstat(dir, &st) == 0 && st.st_uid != geteuid()) {
		f->state = ETC_STRANGE;
		snprintf(f->why, sizeof(f->why), ETC_NETNS "/%s belongs to user %u", netns, st.st_uid);
		close(dir);
		dir = -1;
	}
	*ret_top = take_fd(&top);
	return dir < 0 ? -ENOENT : dir;
}

int etc_open_file(int dir, const char *netns, const char *file, int flags, struct etc_file *f, struct stat *st,
		  struct err *e)
{
	_cleanup_(closep) int fd = -1;
	bool there = fstatat(dir, file, st, AT_SYMLINK_NOFOLLOW) == 0;

	/* A device must not even be opened. */
	if (there && S_ISREG(st->st_mode))
		fd = openat(dir, file, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if ((!there || S_ISREG(st->st_mode)) && fd < 0)
		return errno == ENOENT ? -ENOENT : err_kernel(e, errno, NULL, ETC_NETNS "/%s/%s", netns, file);
	if (fd >= 0 && fstat(fd, st) < 0)
		return err_kernel(e, errno, NULL, ETC_NETNS "/%s/%s", netns, file);
	if (S_ISREG(st->st_mode) && st->st_uid == geteuid())
		return take_fd(&fd);
	f->state = ETC_STRANGE;
	if (S_ISREG(st->st_mode))
		snprintf(f->why, sizeof(f->why), ETC_NETNS "/%s/%s belongs to user %u", netns, file, st->st_uid);
	else
		snprintf(f->why, sizeof(f->why), ETC_NETNS "/%s/%s is %s", netns, file, type_text(st->st_mode));
	return -ENOENT;
}

ssize_t etc_read_text(int fd, char *ret, size_t size)
{
	size_t n = 0;

	for (ssize_t got; n < size && (got = pread(fd, ret + n, size - n, (off_t)n)) != 0;) {
		if (got < 0 && errno != EINTR)
			return -1;
		n += got > 0 ? (size_t)got : 0;
	}
	return (ssize_t)n;
}

/* ---- reading ---- */

/* Records are JSON, and can have neither NUL nor anything but UTF-8. */
static char *text_of(const char *raw, size_t n)
{
	char *text = must(malloc(n + 1));

	memcpy(text, raw, n);
	text[n] = '\0';
	for (char *nul; (nul = memchr(text, '\0', n)); *nul = '?')
		;
	utf8_repair(text);
	return text;
}

static int content_read(int fd, struct etc_file *f, const char *netns, const char *file, struct err *e)
{
	_cleanup_(freep) char *raw = must(malloc(ETC_LINE_MAX + ETC_FILE_MAX + 2));
	ssize_t n = etc_read_text(fd, raw, ETC_LINE_MAX + ETC_FILE_MAX + 1);
	size_t line;

	if (n < 0)
		return err_kernel(e, errno, NULL, ETC_NETNS "/%s/%s", netns, file);
	raw[n] = '\0';
	line = etc_line_read(raw, f->topology);
	f->state = line ? ETC_OURS : ETC_FOREIGN;
	if (!line && n > ETC_FILE_MAX) {
		f->state = ETC_STRANGE;
		snprintf(f->why, sizeof(f->why), ETC_NETNS "/%s/%s is longer than %d bytes", netns, file, ETC_FILE_MAX);
		return 0;
	}
	f->text = text_of(raw + line, (size_t)n - line);
	return 0;
}

int etc_read(const char *netns, const char *file, struct etc_file *ret, struct err *e)
{
	_cleanup_(closep) int top = -1, dir = -1, fd = -1;
	struct etc_file f = { 0 };
	struct stat st;

	dir = etc_open_dir(netns, &top, &f, e);
	if (dir < 0 && dir != -ENOENT)
		return dir;
	fd = dir < 0 ? -ENOENT : etc_open_file(dir, netns, file, O_RDONLY, &f, &st, e);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd >= 0) {
		f.mode = st.st_mode & 07777;
		if (content_read(fd, &f, netns, file, e) < 0)
			return e->code;
	}
	*ret = f;
	return 0;
}

void etc_file_done(struct etc_file *f)
{
	free(f->text);
	*f = (struct etc_file){ 0 };
}
