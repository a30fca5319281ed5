/* SPDX-License-Identifier: MIT */
/* trust.c - walks a path step by step, so that nobody can redirect it while it is checked. */
#include "trust.h"
#include <fcntl.h>
#include <limits.h>

enum { LINKS_MAX = 40 };

/* A walk from the root directory to where @rest leads. */
struct walk {
	int fd;            /* where it is */
	char at[PATH_MAX]; /* the same as text; "" is the root directory */
	char rest[PATH_MAX];
	unsigned flags, links;
};

int trust_check(const struct stat *st, struct err *e)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return err_set(e, EPERM, "belongs to user %u, who could control the network as root: chown root",
			       st->st_uid);
	if (st->st_mode & S_IWOTH || (st->st_mode & S_IWGRP && st->st_gid != 0))
		return err_set(e, EPERM, "is writable for users other than root: chmod go-w");
	return 0;
}

/* Inside a user namespace the machine's root is unmapped, and owns "/". */
static bool is_unmapped(uid_t uid)
{
	unsigned long long inside, outside, n, overflow = 65534;
	_cleanup_(fclosep) FILE *number = fopen("/proc/sys/kernel/overflowuid", "re");
	_cleanup_(fclosep) FILE *map = fopen("/proc/self/uid_map", "re");

	if (number)
		(void)!fscanf(number, "%llu", &overflow);
	if (!map || uid != overflow)
		return false;
	while (fscanf(map, "%llu %llu %llu", &inside, &outside, &n) == 3)
		if (outside == 0 || (uid >= inside && uid < inside + n))
			return false;
	return true;
}

/* A directory that is only traversed may be writable for others if they cannot remove what is root's. */
static int step_check(const struct stat *st, bool last, unsigned flags, struct err *e)
{
	bool sticky = st->st_mode & S_ISVTX && (!last || flags & TRUST_STICKY);
	struct stat mine = *st;

	if (!last && is_unmapped(st->st_uid))
		mine.st_uid = 0;
	if (sticky || S_ISLNK(st->st_mode))
		mine.st_mode &= ~(mode_t)(S_IWOTH | S_IWGRP);
	return trust_check(&mine, e);
}

static int link_follow(struct walk *w, int fd, bool last, struct err *e)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);

	if (last && !(w->flags & TRUST_LINK))
		return err_set(e, ELOOP,
			       "is a symbolic link, which is not followed: remove it, or use the path "
			       "that it points to");
	if (n < 0)
		return err_set(e, errno, "%s", strerror(errno));
	target[n] = '\0';
	if (++w->links > LINKS_MAX || snprintf(rest, sizeof(rest), "%s/%s", target, w->rest) >= (int)sizeof(rest))
		return err_set(e, ELOOP, "%s", strerror(ELOOP));
	memcpy(w->rest, rest, sizeof(rest));
	*strrchr(w->at, '/') = '\0';
	if (*target != '/')
		return 0;
	*w->at = '\0';
	closep(&w->fd);
	w->fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->fd < 0 ? err_set(e, errno, "%s", strerror(errno)) : 0;
}

/* Opens @name in the directory of the walk, and creates it if allowed. */
static int step_open(const struct walk *w, const char *name, bool last)
{
	int fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || !last || !(w->flags & TRUST_MAKE) || mkdirat(w->fd, name, 0755) < 0)
		return fd;
	return openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

static int walk_step(struct walk *w, const char *name, bool last, struct err *e)
{
	_cleanup_(closep) int fd = step_open(w, name, last);
	size_t n = strlen(w->at);
	struct stat st;

	if (snprintf(w->at + n, sizeof(w->at) - n, "/%s", name) >= (int)(sizeof(w->at) - n))
		return err_set(e, ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "%s", strerror(errno));
	if (step_check(&st, last && !S_ISLNK(st.st_mode), w->flags, e) < 0)
		return e->code;
	if (S_ISLNK(st.st_mode))
		return link_follow(w, fd, last, e);
	if (!S_ISDIR(st.st_mode))
		return err_kernel(e, ENOTDIR, NULL, "is not a directory, remove it or use another path");
	closep(&w->fd);
	w->fd = take_fd(&fd);
	return 0;
}

static int walk(struct walk *w, struct err *e)
{
	while (true) {
		char *start = w->rest + strspn(w->rest, "/"), name[NAME_MAX + 1];
		size_t n = strcspn(start, "/");
		int r;

		if (!n)
			return 0;
		if (n > NAME_MAX)
			return err_set(e, ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
		memcpy(name, start, n);
		name[n] = '\0';
		start += n;
		memmove(w->rest, start, strlen(start) + 1);
		r = walk_step(w, name, !w->rest[strspn(w->rest, "/")], e);
		if (r < 0)
			return r;
	}
}

int trust_open(const char *path, unsigned flags, struct err *e)
{
	struct walk w = { .flags = flags };
	int fd;

	if (snprintf(w.rest, sizeof(w.rest), "%s", path) >= (int)sizeof(w.rest))
		return err_set(e, ENAMETOOLONG, "%.64s…: %s", path, strerror(ENAMETOOLONG));
	w.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (w.fd < 0)
		return err_kernel(e, errno, NULL, "/");
	if (walk(&w, e) < 0) {
		closep(&w.fd);
		return err_prefix(e, "%s", w.at);
	}
	fd = openat(w.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	closep(&w.fd);
	return fd < 0 ? err_kernel(e, errno, NULL, "%s", path) : fd;
}

int trust_open_at(int at, const char *path, const char *name, struct err *e)
{
	_cleanup_(closep) int fd = -1;
	struct stat st;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return err_kernel(e, errno, NULL, "%s/%s", path, name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOTDIR)
		return err_kernel(e, ENOTDIR, NULL, "%s/%s is not a directory, remove it", path, name);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_kernel(e, errno, NULL, "%s/%s", path, name);
	if (trust_check(&st, e) < 0)
		return err_prefix(e, "%s/%s", path, name);
	return take_fd(&fd);
}
