/* SPDX-License-Identifier: MIT */
/* table_names.c - reads the names of routing tables as ip(8) does (lib/rt_names.c of iproute2), except that a line
 * that is none does not end the file. */
#include "table_names.h"
#include "base/utf8.h"
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#define FILE_NAME "rt_tables"
#define SUFFIX ".conf"

enum { FILE_MAX = 1 << 16, FILES_MAX = 256, NAMES_MAX = 4096, NAME_BYTES_MAX = 63 };

/* The first problem is the one that is reported. */
static void note(struct table_names *t, const char *path, const char *words)
{
	if (!t->problem.code)
		err_set(&t->problem, EINVAL, "%.200s %s", path, words);
}

static void note_errno(struct table_names *t, const char *path)
{
	char words[64];

	snprintf(words, sizeof(words), "cannot be read: %s", strerror(errno));
	note(t, path, words);
}

static void add(struct table_names *t, const char *path, uint32_t number, const char *name)
{
	if (t->n == NAMES_MAX) {
		note(t, path, "has more names than are read");
		return;
	}
	/* The names of one file share it. */
	path = t->n && !strcmp(t->v[t->n - 1].path, path) ? t->v[t->n - 1].path : arena_strdup(&t->arena, path);
	*(struct table_name *)array_add((void **)&t->v, &t->n, &t->room, sizeof(*t->v)) =
		(struct table_name){ number, arena_strdup(&t->arena, name), path };
}

/* A name is text; one that is a number would hide that number. */
static bool is_name(const char *s)
{
	size_t n = strlen(s), digits = strspn(s, "0123456789");

	if (!n || n > NAME_BYTES_MAX || !s[digits] || !strncasecmp(s, "0x", 2) || *s == '#')
		return false;
	for (size_t i = 0; i < n;) {
		size_t length = (unsigned char)s[i] < 0x80 ? (s[i] > ' ' && s[i] < 0x7f && !strchr("\"\\'`$", s[i]))
							   : utf8_length(s + i, n - i);

		if (!length)
			return false;
		i += length;
	}
	return true;
}

/* "100 name", "0x64 name", and anything after that. */
static void line_read(struct table_names *t, const char *path, char *line)
{
	char *s = line + strspn(line, " \t"), *end;
	bool hex = !strncmp(s, "0x", 2);
	unsigned long long number;

	if (strspn(s + (hex ? 2 : 0), hex ? "0123456789abcdefABCDEF" : "0123456789") == 0)
		return;
	errno = 0;
	number = strtoull(s, &end, hex ? 16 : 10);
	if (errno || number > UINT32_MAX || !strchr(" \t", *end))
		return;
	s = end + strspn(end, " \t");
	s[strcspn(s, " \t\r\v\f")] = '\0';
	if (is_name(s))
		add(t, path, (uint32_t)number, s);
}

static size_t bytes_read(int fd, char *buf, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size && (got = read(fd, buf + n, size - n)) != 0) {
		if (got < 0 && errno != EINTR)
			return SIZE_MAX;
		n += got > 0 ? (size_t)got : 0;
	}
	return n;
}

/* -ENOENT: there is no such file; other problems are noted. */
static int file_read(struct table_names *t, const char *path)
{
	_cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_cleanup_(freep) char *text = NULL;
	struct stat st;
	size_t n;

	if (fd < 0) {
		int r = -errno;

		if (r != -ENOENT)
			note_errno(t, path);
		return r;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		note(t, path, "is not a regular file");
		return 0;
	}
	text = must(malloc(FILE_MAX + 2));
	n = bytes_read(fd, text, FILE_MAX + 1);
	if (n > FILE_MAX) {
		note(t, path, n == SIZE_MAX ? "cannot be read" : "is larger than 64 KiB");
		return 0;
	}
	text[n] = '\0';
	for (char *line = text, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		line_read(t, path, line);
	}
	return 0;
}

static int is_conf(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return *d->d_name != '.' && n > strlen(SUFFIX) && !strcmp(d->d_name + n - strlen(SUFFIX), SUFFIX);
}

static int entry_cmp(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Of two directories the file in @etc hides the one of that name in @dir; NULL: nothing does. */
static void dir_read(struct table_names *t, const char *dir, const char *etc)
{
	struct dirent **v = NULL;
	char path[PATH_MAX];
	struct stat st;
	int n;

	snprintf(path, sizeof(path), "%s/" FILE_NAME ".d", dir);
	n = scandir(path, &v, is_conf, entry_cmp);
	if (n < 0 && errno != ENOENT)
		note_errno(t, path);
	for (int i = 0; i < n; i++) {
		if (etc)
			snprintf(path, sizeof(path), "%s/" FILE_NAME ".d/%s", etc, v[i]->d_name);
		if (i < FILES_MAX && (!etc || stat(path, &st) < 0)) {
			snprintf(path, sizeof(path), "%s/" FILE_NAME ".d/%s", dir, v[i]->d_name);
			file_read(t, path);
		}
		free(v[i]);
	}
	if (n > FILES_MAX)
		note(t, dir, "has more files in " FILE_NAME ".d than are read");
	free(v);
}

void table_names_read(struct table_names *t, const char *etc, const char *const *usr, size_t n)
{
	char path[PATH_MAX];
	int r;

	*t = (struct table_names){ 0 };
	add(t, etc, RT_TABLE_DEFAULT, "default");
	add(t, etc, RT_TABLE_MAIN, "main");
	add(t, etc, RT_TABLE_LOCAL, "local");
	snprintf(path, sizeof(path), "%s/" FILE_NAME, etc);
	r = file_read(t, path);
	for (size_t i = 0; i < n && r == -ENOENT; i++) {
		snprintf(path, sizeof(path), "%s/" FILE_NAME, usr[i]);
		r = file_read(t, path);
	}
	for (size_t i = n; i--;)
		dir_read(t, usr[i], etc);
	dir_read(t, etc, NULL);
}

void table_names_done(struct table_names *t)
{
	arena_done(&t->arena);
	free(t->v);
	*t = (struct table_names){ 0 };
}

/* ip(8) stores names by the last byte of their number, and searches these in ascending order: only of names with
 * equal bytes the last counts. */
const struct table_name *table_names_find(const struct table_names *t, const char *name)
{
	const struct table_name *found = NULL;

	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->v[i].name, name) &&
		    (!found || (t->v[i].number & UINT8_MAX) <= (found->number & UINT8_MAX)))
			found = &t->v[i];
	return found;
}

const char *table_names_of(const struct table_names *t, uint32_t number)
{
	for (size_t i = t->n; i--;)
		if (t->v[i].number == number)
			return t->v[i].name;
	return NULL;
}
