/* SPDX-License-Identifier: MIT */
/* persist.c - files that are replaced as a whole, and survive a power cut once persist_commit has returned. */
#include "persist.h"
#include "netnsd.h"
#include "base/trust.h"
#include <dirent.h>
#include <fcntl.h>
#include <json-c/json.h>

enum { NAME_SIZE = 96 };

/* The source comes first: next to an older topology it is only a word. */
static const char *const suffixes[] = { "source", "json" };

/* A file whose name begins with a dot is not read by the boot directory's scan. */
static void file_names(const char *name, const char *suffix, char ret[NAME_SIZE], char ret_new[NAME_SIZE])
{
	snprintf(ret, NAME_SIZE, "%s.%s", name, suffix);
	snprintf(ret_new, NAME_SIZE, ".%s.%s.new", name, suffix);
}

static int dir_open(const char *dir, struct err *e)
{
	return trust_open(dir, 0, e);
}

/* The topmost directory may have been made by the service manager; what is in it belongs to root alone. */
static int dir_make(const char *dir, struct err *e)
{
	_cleanup_(freep) char *top = must(strdup(dir));
	_cleanup_(closep) int fd = -1;
	char *slash = strrchr(top, '/');

	*slash = '\0';
	fd = trust_open(top, TRUST_MAKE | TRUST_LINK, e);
	return fd < 0 ? fd : trust_open_at(fd, top, slash + 1, e);
}

static int text_write(int dir, const char *file, const char *text, size_t size, struct err *e)
{
	unlinkat(dir, file, 0);
	_cleanup_(closep) int fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	while (fd >= 0 && size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return err_kernel(e, errno, NULL, "saving the topology for boot");
		text += n;
		size -= (size_t)n;
	}
	return fd < 0 || fsync(fd) < 0 ? err_kernel(e, errno, NULL, "saving the topology for boot") : 0;
}

int persist_prepare(const char *dir, const char *name, struct json_object *topology, const char *source, struct err *e)
{
	_cleanup_(closep) int fd = dir_make(dir, e);
	const int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	char file[NAME_SIZE], new[NAME_SIZE];
	const char *text;
	size_t size;

	if (fd < 0)
		return fd;
	file_names(name, "source", file, new);
	if (text_write(fd, new, source, strlen(source), e) < 0)
		return e->code;
	text = json_object_to_json_string_length(topology, flags | JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED,
						 &size);
	/* Indented for people to read, unless that would be too long for netnsd. */
	if (size > TOPOLOGY_MAX)
		text = json_object_to_json_string_length(topology, flags | JSON_C_TO_STRING_PLAIN, &size);
	/* Refused: netnsd would not read it at boot. */
	if (size > TOPOLOGY_MAX)
		return err_set(e, EFBIG, "the topology has %zu bytes, at most %d are accepted at boot", size,
			       TOPOLOGY_MAX);
	file_names(name, "json", file, new);
	return text_write(fd, new, text, size, e);
}

/* The old topology gets the file name of the new one before the new one replaces it. */
static int move_old(int fd, const char *suffix, const char *old, const char *file, struct err *e)
{
	if (!old || strcmp(suffix, "json") != 0 || renameat(AT_FDCWD, old, fd, file) == 0 || errno == ENOENT)
		return 0;
	return err_kernel(e, errno, NULL, "%s", old);
}

int persist_commit(const char *dir, const char *name, struct err *e)
{
	return persist_commit_over(dir, name, NULL, e);
}

int persist_commit_over(const char *dir, const char *name, const char *old, struct err *e)
{
	_cleanup_(closep) int fd = dir_open(dir, e);
	char file[NAME_SIZE], new[NAME_SIZE];

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		file_names(name, suffixes[i], file, new);
		if (move_old(fd, suffixes[i], old, file, e) < 0)
			return e->code;
		if (renameat(fd, new, fd, file) < 0)
			return err_kernel(e, errno, NULL, "%s/%s", dir, file);
	}
	return fsync(fd) < 0 ? err_kernel(e, errno, NULL, "%s", dir) : 0;
}

void persist_abandon(const char *dir, const char *name)
{
	struct err e;
	_cleanup_(closep) int fd = dir_open(dir, &e);
	char file[NAME_SIZE], new[NAME_SIZE];

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(suffixes); i++) {
		file_names(name, suffixes[i], file, new);
		unlinkat(fd, new, 0);
	}
}

void persist_clear(const char *dir)
{
	struct err e;
	int fd = dir_open(dir, &e);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	for (struct dirent *entry; d && (entry = readdir(d));) {
		size_t n = strlen(entry->d_name);

		if (n > 5 && *entry->d_name == '.' && !strcmp(entry->d_name + n - 4, ".new"))
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	if (d)
		closedir(d);
}

int persist_remove(const char *dir, const char *name, struct err *e)
{
	_cleanup_(closep) int fd = dir_open(dir, e);
	char file[NAME_SIZE], new[NAME_SIZE];

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	/* The topology goes first: without it the source means nothing. */
	for (size_t i = ARRAY_SIZE(suffixes); i-- > 0;) {
		file_names(name, suffixes[i], file, new);
		if (unlinkat(fd, file, 0) < 0 && errno != ENOENT)
			return err_kernel(e, errno, NULL, "%s/%s", dir, file);
	}
	return fsync(fd) < 0 ? err_kernel(e, errno, NULL, "%s", dir) : 0;
}
