/* SPDX-License-Identifier: MIT */
/* replace.c - a file that another program may read at any moment: it is replaced as a whole. */
#include "replace.h"
#include "fail.h"
#include "base/arena.h"
#include <fcntl.h>
#include <sys/stat.h>

int file_replace(const char *path, const char *text, size_t size)
{
	_cleanup_(arena_done) struct arena a = {};
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash + 1 - path) : 0;
	char *temporary = arena_fmt(&a, "%.*s.%s.XXXXXX", dir, path, path + dir);
	int fd = mkostemp(temporary, O_CLOEXEC), r = 0;
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (!f)
		return ctl_fail(EXIT_FAILED, "cannot write %s: %s", path, strerror(errno));
	if (fwrite(text, 1, size, f) != size || fflush(f) || fchmod(fd, 0644) < 0)
		r = errno;
	if (fclose(f) && !r)
		r = errno;
	if (!r && rename(temporary, path) < 0)
		r = errno;
	if (!r)
		return EXIT_DONE;
	unlink(temporary);
	return ctl_fail(EXIT_FAILED, "cannot write %s: %s; it is as it was before", path, strerror(r));
}
