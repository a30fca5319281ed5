/* SPDX-License-Identifier: MIT */
/* netns_etc_old.c - removes the files in /etc/netns that netnsd wrote before the machine was booted: namespaces do not
 * outlive that, and nobody else would remove what netnsd wrote for them. */
#include "netns_etc.h"
#include <dirent.h>
#include <fcntl.h>
#include <time.h>

enum { ENTRIES_MAX = 1 << 16 }; /* of one directory */

/* By the clock of today, which that of the files may differ from: a file that seems newer stays. */
static time_t boot_time(void)
{
	struct timespec now, up;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &up);
	return now.tv_sec - up.tv_sec - 1;
}

/* Calls @each with the entries of the directory @fd, in no order. */
static void entries(int fd, void (*each)(const char *name, void *arg), void *arg)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	DIR *d = own < 0 ? NULL : fdopendir(own);

	if (!d && own >= 0)
		close(own);
	for (size_t i = 0; d && i < ENTRIES_MAX; i++) {
		const struct dirent *one = readdir(d);

		if (!one)
			break;
		if (one->d_name[0] != '.')
			each(one->d_name, arg);
	}
	if (d)
		closedir(d);
}

struct search {
	time_t before;
	bool (*is_known)(const void *arg, const char *topology);
	const void *arg;
	const char *netns;
	int dir;
	size_t removed;
};

static void on_file(const char *file, void *arg)
{
	struct search *s = arg;
	char text[ETC_LINE_MAX], topology[65];
	struct etc_file f = { 0 };
	struct stat st;
	struct err e;
	_cleanup_(closep) int fd = etc_open_file(s->dir, s->netns, file, O_RDONLY, &f, &st, &e);
	ssize_t n = fd < 0 || st.st_mtime >= s->before ? -1 : etc_read_text(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	if (etc_line_read(text, topology) && !s->is_known(s->arg, topology) &&
	    etc_remove(s->netns, file, topology, &e) == 0)
		s->removed++;
}

static void on_netns(const char *netns, void *arg)
{
	struct search *s = arg;
	_cleanup_(closep) int top = -1;
	struct etc_file f = { 0 };
	struct err e;

	s->netns = netns;
	s->dir = etc_open_dir(netns, &top, &f, &e);
	if (s->dir >= 0)
		entries(s->dir, on_file, s);
	closep(&s->dir);
}

size_t etc_clear_old(bool (*is_known)(const void *arg, const char *topology), const void *arg)
{
	struct search s = { .before = boot_time(), .is_known = is_known, .arg = arg, .dir = -1 };
	_cleanup_(closep) int top = open(ETC_NETNS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (top >= 0)
		entries(top, on_netns, &s);
	return s.removed;
}
