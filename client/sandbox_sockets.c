/* SPDX-License-Identifier: MIT */
/* sandbox_sockets.c - covers the sockets of services that are not in one of the empty directories: a read-only mount
 * keeps nobody from connecting to them. */
#include "sandbox.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* What is there instead. */
#define NO_SOCKET "/run/.no-socket"

enum { SOCKETS_MAX = 4096 };

/* Whether the command could connect to it. */
static bool is_reachable(const char *path)
{
	struct stat st;

	return *path == '/' && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && access(path, W_OK) == 0;
}

/* The path at the end of a line of /proc/net/unix, behind seven words. */
static const char *path_in(char *line)
{
	char *at = line;

	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < 7; i++) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	return at + strspn(at, " ");
}

int sandbox_sockets(int list, struct err *e)
{
	_cleanup_(fclosep) FILE *f = list < 0 ? NULL : fdopen(dup(list), "r");
	_cleanup_(closep) int file = open(NO_SOCKET, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
	_cleanup_(freep) char *line = NULL;
	size_t room = 0, n = 0;
	int r = 0;

	while (r == 0 && f && getline(&line, &room, f) > 0) {
		const char *path = path_in(line);

		if (!is_reachable(path))
			continue;
		if (n++ == SOCKETS_MAX)
			r = err_set(e, E2BIG, "there are more than %d sockets to hide from the command", SOCKETS_MAX);
		else if (mount(NO_SOCKET, path, NULL, MS_BIND, NULL) < 0)
			r = err_kernel(e, errno, NULL, "the sandbox cannot hide the socket %.200s", path);
	}
	unlink(NO_SOCKET);
	return r;
}
